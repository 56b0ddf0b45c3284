/**
 * Counts who imports whom in every package, and fails when a file stands in the wrong place: files that import each
 * other in a circle (types count), a room that imports a room above it or beside it, a package that comes into core by
 * the wrong door.
 *
 *   pnpm structure
 */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { circlesIn, floorsOf, roomOf, roomsIn, type Graph } from "./structure/graph.js";
import { CORE_FLOORS_MAX, CORE_ROOMS_MAX, DOORS, LAYERS, type Layers } from "./structure/layers.js";

const PACKAGES = fileURLToPath(new URL("../packages/", import.meta.url));

/** Tests may import what they need from anywhere. */
const IS_TEST = /(?:\.test|\.test-d|\.test-support)\.ts$|(?:^|\/)testing\//;

/** One package, by the paths of its files below `src`. */
interface Package {
  readonly name: string;
  readonly files: Graph;
  /** What each file imports of other packages. */
  readonly foreign: Graph;
}

const packages = readdirSync(PACKAGES).map(readPackage);
const problems = packages.flatMap(problemsOf);
for (const each of packages) console.log(summaryOf(each));
for (const problem of problems) console.error(`✗ ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

function readPackage(name: string): Package {
  const root = path.join(PACKAGES, name, "src");
  const files = new Map<string, Set<string>>();
  const foreign = new Map<string, Set<string>>();
  for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const file = entry.split(path.sep).join("/");
    if (!file.endsWith(".ts") || IS_TEST.test(file)) continue;
    const names = ts
      .preProcessFile(readFileSync(path.join(root, file), "utf8"))
      .importedFiles.map(({ fileName }) => fileName);
    const isInside = (specifier: string): boolean => specifier.startsWith(".");
    files.set(file, new Set(names.filter(isInside).map((specifier) => targetOf(file, specifier))));
    foreign.set(file, new Set(names.filter((specifier) => !isInside(specifier))));
  }
  return { name, files, foreign };
}

function targetOf(file: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, ".ts");
}

function summaryOf({ name, files }: Package): string {
  const rooms = roomsIn(files, "");
  const floors = Math.max(...floorsOf(rooms).values());
  const circles = circlesIn(files).length;
  return `${name}: ${files.size} files in ${rooms.size} rooms on ${floors} floors, ${circles} circles`;
}

function problemsOf(found: Package): readonly string[] {
  const { name, files } = found;
  return [
    ...circlesIn(files).map(
      (circle) =>
        `${name}: these files import each other in a circle: ${circle.join(", ")}. Move what they share into a file that imports none of them.`,
    ),
    ...Object.entries(LAYERS[name] ?? {}).flatMap(([folder, layers]) => layerProblems(found, folder, layers)),
    ...doorProblems(found),
    ...(name === "core" ? sizeProblems(files) : []),
  ];
}

function layerProblems({ name, files }: Package, folder: string, layers: Layers): readonly string[] {
  const layerOf = (room: string): number => layers.findIndex((rooms) => rooms.includes(room));
  const place = [name, "src", folder].filter((part) => part !== "").join("/");
  const unknown = [...roomsIn(files, folder).keys()]
    .filter((room) => layerOf(room) === -1)
    .map(
      (room) =>
        `${place}/${room} has no layer: move it into a room, or give it one in scripts/structure/layers.ts.`,
    );
  const wrong = [...files].flatMap(([file, imports]) => {
    const room = roomOf(file, folder);
    return [...imports].flatMap((target) => {
      const other = roomOf(target, folder);
      if (room === undefined || other === undefined || room === other) return [];
      if (layerOf(other) < layerOf(room)) return [];
      const where = layerOf(other) === layerOf(room) ? "beside" : "above";
      return [
        `${name}/src/${file} imports ${target}: ${other} stands ${where} ${room}. Move what it needs into a room below both, or the file into the room that it belongs to.`,
      ];
    });
  });
  return [...unknown, ...wrong];
}

function doorProblems({ name, files, foreign }: Package): readonly string[] {
  const outside = [...files].flatMap(([file, imports]) =>
    [...imports]
      .filter((target) => !files.has(target))
      .map((target) => `${name}/src/${file} imports ${target}: that is no source file of ${name}.`),
  );
  const door = DOORS[name];
  if (door === undefined) return outside;
  const wrong = [...foreign].flatMap(([file, imports]) =>
    [...imports]
      .filter((specifier) => specifier.startsWith("@stowage/") && specifier !== door)
      .map((specifier) => `${name}/src/${file} imports ${specifier}: ${name} imports ${door} only.`),
  );
  return [...outside, ...wrong];
}

function sizeProblems(files: Graph): readonly string[] {
  const rooms = roomsIn(files, "");
  const floors = Math.max(...floorsOf(rooms).values());
  return [
    ...(rooms.size > CORE_ROOMS_MAX ? [`core has ${rooms.size} rooms, the most is ${CORE_ROOMS_MAX}.`] : []),
    ...(floors > CORE_FLOORS_MAX ? [`core has ${floors} floors, the most is ${CORE_FLOORS_MAX}.`] : []),
  ];
}
