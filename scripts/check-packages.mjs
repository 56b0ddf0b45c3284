// Packs every package as it would be published, looks at the tarballs, and uses them from an empty folder.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, transform } from "esbuild";
import { checkMocks } from "./mocks/check.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIN = join(ROOT, "node_modules/.bin");
const STEP_MS_MAX = 300_000;
/** What a tarball may hold; each must have a manifest, a licence and a build. */
const PACKED_FILE = /^package\/(dist\/.+|docs\/.+\.md|package\.json|LICENSE|README\.md|CHANGELOG\.md)$/;

/** How TypeScript may look for types, each with the extension of a source that it compiles. */
const RESOLUTIONS = [
  ["node10", "--module commonjs --moduleResolution node10 --esModuleInterop", "ts"],
  ["node16, ESM", "--module node16", "mts"],
  ["node16, CJS", "--module node16", "cts"],
  ["bundler", "--module esnext --moduleResolution bundler", "mts"],
];

/** Packages with a thread and a native driver, of their own or of what they load: bundlers leave them out. */
const UNBUNDLED = new Set(["journal", "stowage"]);

const execute = promisify(execFile);
const counts = { passed: 0, failed: 0 };

async function main() {
  const temp = await mkdtemp(join(tmpdir(), "stowage-packages-"));
  try {
    await checkPackages(temp);
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}

async function checkPackages(temp) {
  const packages = await publishable();
  if (!(await check("build", () => pnpm(ROOT, ["build"])))) return;
  await two(packages, async (one) => {
    await check(`${one.name}: pack`, async () => {
      one.tarball = await pack(one.folder, temp);
    });
    if (one.tarball === undefined) return;
    await check(`${one.name}: files in the tarball`, () => checkFiles(one.tarball));
    await check(`${one.name}: publint`, () => run(temp, join(BIN, "publint"), ["--strict", one.tarball]));
    await check(`${one.name}: attw`, () => run(temp, join(BIN, "attw"), [one.tarball, "--no-color"]));
  });
  const consumer = join(temp, "consumer");
  const tarballs = packages.flatMap(({ tarball }) => tarball ?? []);
  if (!(await check("install the tarballs", () => install(consumer, tarballs)))) return;
  await useThem(temp, consumer, packages);
  await checkMocks(temp, tarballs, { install, run, check });
}

/** The packages of the workspace that are not private. */
async function publishable() {
  const folders = await readdir(join(ROOT, "packages"));
  const packages = await Promise.all(
    folders.map(async (short) => {
      const folder = join(ROOT, "packages", short);
      return { short, folder, ...JSON.parse(await readFile(join(folder, "package.json"), "utf8")) };
    }),
  );
  return packages.filter((one) => one.private !== true);
}

async function pack(folder, into) {
  const { stdout } = await pnpm(folder, ["pack", "--json", "--pack-destination", into]);
  return join(into, basename(JSON.parse(stdout).filename));
}

async function checkFiles(tarball) {
  const { stdout } = await run(".", "tar", ["-tzf", tarball]);
  const files = stdout.trim().split("\n");
  const foreign = files.filter((file) => !PACKED_FILE.test(file));
  if (foreign.length > 0) throw new Error(`does not belong there: ${foreign.join(", ")}`);
  for (const needed of ["package/LICENSE", "package/dist/index.js", "package/dist/index.cjs"]) {
    if (!files.includes(needed)) throw new Error(`is missing: ${needed}`);
  }
}

/** Installs as a user would, but for our own packages: asking a registry for one of them fails. */
async function install(folder, tarballs, more = []) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, ".npmrc"), "@stowage:registry=http://127.0.0.1:9/\nfetch-retries=0\n");
  await writeFile(join(folder, "package.json"), "{}\n");
  const root = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  await npmInstall(folder, [...tarballs, `@types/node@${root.devDependencies["@types/node"]}`, ...more]);
}

async function useThem(temp, consumer, packages) {
  const bun = join(temp, "bun");
  const hasBun = await check("install Bun", async () => {
    await mkdir(bun);
    await npmInstall(bun, ["bun"]);
  });
  const runtimes = [
    { title: `Node.js ${process.versions.node}`, command: [process.execPath] },
    { title: "Node.js 24", command: ["npx", "-y", "node@24"] },
    ...(hasBun ? [{ title: "Bun", command: [join(bun, "node_modules/.bin/bun")] }] : []),
  ];
  await two(packages, async ({ short, name }) => {
    const source = await readFile(join(ROOT, "scripts/consumers", `${short}.ts`), "utf8");
    await writeAll(consumer, short, source);
    for (const { title, command } of runtimes) {
      for (const [format, extension] of [
        ["ESM", "mjs"],
        ["CJS", "cjs"],
      ]) {
        const script = `${short}.${extension}`;
        await check(`${name}: ${format} on ${title}`, () => use(consumer, command, script));
      }
    }
    for (const [title, options, extension] of RESOLUTIONS) {
      await check(`${name}: TypeScript ${title}`, () => compileAndRun(consumer, short, options, extension));
    }
    if (!UNBUNDLED.has(short)) await check(`${name}: bundled`, () => bundleAndRun(temp, consumer, short));
  });
}

/** Does the work for two items at a time. */
async function two(items, work) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

/** One source as JavaScript of both kinds and as TypeScript of both kinds. */
async function writeAll(folder, short, source) {
  const esm = await transform(source, { loader: "ts", format: "esm" });
  const cjs = await transform(source, { loader: "ts", format: "cjs", platform: "node" });
  await writeFile(join(folder, `${short}.mjs`), esm.code);
  await writeFile(join(folder, `${short}.cjs`), cjs.code);
  await writeFile(join(folder, `${short}.mts`), source);
  await writeFile(join(folder, `${short}.ts`), source);
  await writeFile(join(folder, `${short}.cts`), source);
}

async function compileAndRun(folder, short, resolution, extension) {
  const options = "--target es2022 --strict --exactOptionalPropertyTypes --outDir compiled";
  const script = `${short}.${extension}`;
  await run(folder, join(BIN, "tsc"), [...resolution.split(" "), ...options.split(" "), script]);
  await use(folder, [process.execPath], `compiled/${script.replace(/ts$/, "js")}`);
}

/** As one file, in a folder without packages. */
async function bundleAndRun(temp, folder, short) {
  const outfile = join(temp, "bundled", `${short}.cjs`);
  const entryPoints = [join(folder, `${short}.mjs`)];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "cjs", logLevel: "error" });
  await use(join(temp, "bundled"), [process.execPath], `${short}.cjs`);
}

/** Runs a script that says "used" when it is through: an exit code of 0 may also mean that it stopped half-way. */
async function use(folder, [program, ...args], script) {
  const { stdout } = await run(folder, program, [...args, script]);
  if (stdout.trim() !== "used") throw new Error(`${script} stopped half-way: ${stdout}`);
}

async function npmInstall(folder, what) {
  await run(folder, "npm", ["install", "--no-audit", "--no-fund", "--no-save", ...what]);
}

async function pnpm(folder, args) {
  return await run(folder, "npx", ["-y", "pnpm@12", ...args]);
}

async function run(cwd, command, args) {
  return await execute(command, args, { cwd, timeout: STEP_MS_MAX, maxBuffer: 2 ** 26 });
}

/** Prints one line, and what the command said where it failed. */
async function check(title, body) {
  const startedAt = performance.now();
  try {
    await body();
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED ${title}\n${error.stdout ?? ""}${error.message}`);
    return false;
  }
  counts.passed += 1;
  console.log(`ok     ${title} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  return true;
}

await main();
