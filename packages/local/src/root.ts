import { randomUUID } from "node:crypto";
import { mkdir, readFile, realpath, stat, statfs, writeFile } from "node:fs/promises";
import { readlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import type { StorageError } from "@stowage/core";
import { createDirectories, type Directories, type SymlinkCheck } from "./directories.js";
import { failure, toLocalError, type FailureContext } from "./errors.js";
import type { Layout } from "./layout.js";
import { PRIVATE_FOLDER, plainLayout } from "./plain-layout.js";
import { portableLayout } from "./portable-layout.js";
import { createSidecars, type Sidecars } from "./sidecars.js";
import { codeOf, link, tolerate, unlink } from "./system.js";
import { createTemporaries, type Temporaries } from "./temporaries.js";

/** What a root is opened with. */
export interface RootOptions {
  readonly path: string;
  readonly provider: string;
  readonly layout: Layout["name"];
  readonly create: boolean;
  readonly check: SymlinkCheck | undefined;
  readonly directoryMode: number;
  readonly durable: boolean;
}

/** A root that was found, and what belongs to it. */
export interface Root {
  /** The root's path without symbolic links. */
  readonly path: string;
  readonly layout: Layout;
  readonly directories: Directories;
  readonly temporaries: Temporaries;
  readonly sidecars: Sidecars;
  /** Whether the facts of an open file are in memory, so that they can be asked for without waiting. */
  readonly isLocal: boolean;
}

/** The root of a provider: opened when it is first needed, and noticed when it goes away. */
export interface RootHolder {
  readonly open: (context: FailureContext) => Promise<Root>;
  /** The root, with the provider's own folder in it. */
  readonly openForWriting: (context: FailureContext) => Promise<Root>;
  /**
   * Makes sure that "not found" is not said of a root that is gone.
   *
   * @returns Whether the root was opened anew, so that the question should be asked again.
   * @throws StorageError `Unavailable` when it is gone.
   */
  readonly confirm: (root: Root, context: FailureContext) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** The number alone is not enough: a new folder gets that of one just deleted. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
}

interface Found {
  root: Root;
  readonly identity: Identity;
  /** What the marker says; absent until the first write. */
  marker: Marker | undefined;
  prepared: Promise<void> | undefined;
}

/** The content of `.stowage/layout.json`: which layout the root has, and which root it is. */
interface Marker {
  readonly layout: Layout["name"];
  /** The file system takes `A` and `a` for one name. */
  readonly fold: boolean;
  readonly id: string;
}

const MARKER = `${PRIVATE_FOLDER}/layout.json`;

/** `f_type` of file systems on disks and in memory of this machine. @see https://man7.org/linux/man-pages/man2/statfs.2.html */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010,
]);

export function createRootHolder(options: RootOptions): RootHolder {
  let found: Promise<Found> | undefined;
  let known: Found | undefined;
  const find = (context: FailureContext): Promise<Found> => {
    found ??= findRoot(options, context, known).then(
      (here) => {
        assertKnown(options, context, known, here);
        known = here;
        return here;
      },
      (error: unknown) => {
        throw toLocalError(error, context);
      },
    );
    const mine = found;
    mine.catch(() => found === mine && (found = undefined));
    return mine;
  };
  return {
    open: async (context) => (await find(context)).root,
    openForWriting: async (context) => {
      const here = await find(context);
      here.prepared ??= prepare(options, here, context).catch((error: unknown) => {
        here.prepared = undefined;
        throw error;
      });
      await here.prepared;
      return here.root;
    },
    confirm: async (root, context) => {
      const here = await find(context);
      if (here.root !== root) return true;
      if (await isSame(options, here)) return false;
      found = undefined;
      await here.root.directories.close();
      await find(context);
      return true;
    },
    close: async () => {
      const here = await found?.catch(() => undefined);
      await here?.prepared?.catch(() => {});
      await here?.root.temporaries.close();
      await here?.root.directories.close();
    },
  };
}

/** A root that was there and is another one now is a disk that is not mounted, never an empty store. */
function assertKnown(
  options: RootOptions,
  context: FailureContext,
  known: Found | undefined,
  here: Found,
): void {
  if (known === undefined || isIdentical(known.identity, here.identity)) return;
  if (known.marker !== undefined && known.marker.id === here.marker?.id) return;
  throw gone(options, context, "is another one than before: is its disk mounted?");
}

function isIdentical(a: Identity, b: Identity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.birthtimeNs === b.birthtimeNs;
}

function gone({ path }: RootOptions, context: FailureContext, reason: string, cause?: unknown): StorageError {
  return failure("Unavailable", `the folder ${JSON.stringify(path)} ${reason}`, context, cause);
}

async function isSame(options: RootOptions, { identity }: Found): Promise<boolean> {
  try {
    return isIdentical(await stat(options.path, { bigint: true }), identity);
  } catch {
    return false;
  }
}

async function findRoot(options: RootOptions, context: FailureContext, known: Found | undefined): Promise<Found> {
  const facts = await statRoot(options, context, known);
  if (!facts.isDirectory()) {
    throw failure("Misconfigured", `the root ${JSON.stringify(options.path)} is a file`, context);
  }
  const path = await realpath(options.path);
  const marker = await readMarker(options, path, context);
  const layout = options.layout === "plain" ? plainLayout() : portableLayout(marker?.fold ?? false);
  const { directoryMode: mode } = options;
  const check = options.check ?? (descriptorPathsWork(path) ? "descriptor" : "realpath");
  const directories = createDirectories({ root: path, check, mode, durable: options.durable });
  const isLocal = LOCAL_FILE_SYSTEMS.has((await statfs(path)).type);
  const temporaries = createTemporaries(directories);
  const sidecars = createSidecars({ directories, temporaries, isLocal });
  const root = { path, layout, directories, temporaries, sidecars, isLocal };
  return { root, identity: facts, marker, prepared: undefined };
}

async function statRoot(
  options: RootOptions,
  context: FailureContext,
  known: Found | undefined,
): Promise<Identity & { readonly isDirectory: () => boolean }> {
  try {
    return await stat(options.path, { bigint: true });
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    if (known !== undefined) throw gone(options, context, "went away: is its disk mounted?", error);
    if (!options.create) {
      const cure = "does not exist: is its disk mounted? To have it made, pass create: true";
      throw gone(options, context, cure, error);
    }
    await mkdir(options.path, { recursive: true, mode: options.directoryMode });
    return await stat(options.path, { bigint: true });
  }
}

/** Whether this system shows where a descriptor is. */
function descriptorPathsWork(root: string): boolean {
  if (process.platform !== "linux") return false;
  try {
    return readlinkSync("/proc/self/cwd") === process.cwd() && root !== "";
  } catch {
    return false;
  }
}

async function readMarker(
  options: RootOptions,
  path: string,
  context: FailureContext,
): Promise<Marker | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, MARKER), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
  const marker = parseMarker(text);
  if (marker === undefined) {
    throw failure("Misconfigured", `${join(path, MARKER)} is not a layout this version knows`, context);
  }
  if (marker.layout === options.layout) return marker;
  const reason = `the root ${JSON.stringify(options.path)} has the layout "${marker.layout}", not "${options.layout}"`;
  throw failure("Misconfigured", reason, context);
}

function parseMarker(text: string): Marker | undefined {
  try {
    const marker = JSON.parse(text) as Partial<Marker> & { readonly version?: unknown };
    const { layout, fold, id, version } = marker;
    const known = version === 1 && (layout === "plain" || layout === "portable");
    return known && typeof fold === "boolean" && typeof id === "string" ? { layout, fold, id } : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the provider's own folder, and leaves the marker by which the root is known again. */
async function prepare(options: RootOptions, here: Found, context: FailureContext): Promise<void> {
  const { directories, path, layout, temporaries } = here.root;
  for (const folder of [`${PRIVATE_FOLDER}/tmp`, `${PRIVATE_FOLDER}/meta`, layout.base]) {
    (await directories.hold(folder, true)).release();
  }
  const fold = layout.name === "portable" && (await isFolding(path));
  here.marker ??= await leaveMarker(options, path, fold, context);
  if (fold && !here.marker.fold) {
    const reason = "the objects were written where A and a are two names, and the file system here takes them for one";
    throw failure("Misconfigured", reason, context);
  }
  if (layout.name === "portable") here.root = { ...here.root, layout: portableLayout(here.marker.fold) };
  temporaries.sweep();
}

async function leaveMarker(
  options: RootOptions,
  path: string,
  fold: boolean,
  context: FailureContext,
): Promise<Marker> {
  const marker: Marker = { layout: options.layout, fold, id: randomUUID() };
  const temporary = join(path, PRIVATE_FOLDER, "tmp", `marker-${marker.id}`);
  await writeFile(temporary, `${JSON.stringify({ version: 1, ...marker })}\n`, { flag: "wx", mode: 0o600 });
  // Of several processes that start at once one leaves its marker, the others read it.
  await tolerate(link(temporary, join(path, MARKER)), "EEXIST");
  await unlink(temporary);
  return (await readMarker(options, path, context)) ?? marker;
}

/** Whether the file system takes `A` and `a` for one name. */
async function isFolding(path: string): Promise<boolean> {
  const names = [PRIVATE_FOLDER, PRIVATE_FOLDER.toUpperCase()];
  const [own, other] = await Promise.all(names.map((name) => stat(join(path, name)).catch(() => undefined)));
  return own !== undefined && other !== undefined && own.ino === other.ino;
}

/** The root's path as it was given, absolute; what refs are made of. */
export function absoluteRoot(path: string): string {
  return resolve(path);
}
