import { chmod, mkdir, realpath, stat, statfs } from "node:fs/promises";
import { readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isStorageError, withErrorFacts, type StorageError } from "@stowage/core/provider";
import { checkedDirectories } from "./checked-directories.js";
import { syncDirectory, type Directories, type SymlinkCheck } from "./directories.js";
import { failure, toLocalError, type FailureContext } from "./errors.js";
import type { Layout } from "./layout.js";
import { heldDirectories } from "./held-directories.js";
import { isFolding, leaveMarker, readMarker, type Marker } from "./marker.js";
import { PRIVATE_FOLDER, plainLayout } from "./plain-layout.js";
import { portableLayout } from "./portable-layout.js";
import { createSidecars, type Sidecars } from "./sidecars.js";
import { codeOf, isShared } from "./system.js";
import { createTemporaries, type Temporaries } from "./temporaries.js";

/** What a root is opened with. */
export interface RootOptions {
  readonly path: string;
  readonly provider: string;
  readonly layout: Layout["name"];
  readonly create: boolean;
  readonly check: SymlinkCheck | undefined;
  readonly fileMode: number;
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
  readonly open: (context: FailureContext) => Root | Promise<Root>;
  /** The root, with the provider's own folder in it. */
  readonly openForWriting: (context: FailureContext) => Root | Promise<Root>;
  /**
   * Makes sure that "not found" is not said of a root that is gone.
   *
   * @returns Whether the root was opened anew, so that the question should be asked again.
   * @throws StorageError `Unavailable` when it is gone.
   */
  readonly confirm: (root: Root, context: FailureContext) => Promise<boolean>;
  /** As `confirm`, for the provider's own folder: when that alone is gone, the next write makes it again. */
  readonly confirmPrepared: (root: Root, context: FailureContext) => Promise<void>;
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
  isPrepared: boolean;
}

/** `f_type` of file systems on disks and in memory of this machine. @see https://man7.org/linux/man-pages/man2/statfs.2.html */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010,
]);

export function createRootHolder(options: RootOptions): RootHolder {
  let found: Promise<Found> | undefined;
  /** What `found` has resolved with: calls that need not wait are spared the waiting. */
  let ready: Found | undefined;
  let known: Found | undefined;
  let closed = false;
  const findAnew = async (context: FailureContext): Promise<Found> => {
    try {
      const here = await findRoot(options, context, known);
      assertKnown(options, context, known, here);
      known = here;
      if (!closed) ready = here;
      return here;
    } catch (error) {
      found = undefined;
      throw explained(options, context, error);
    }
  };
  const find = async (context: FailureContext): Promise<Found> => {
    if (closed) throw failure("Unavailable", "the provider is closed", context);
    return await waitFor((found ??= findAnew(withoutKey(context))), context);
  };
  const confirm = async (root: Root, context: FailureContext): Promise<boolean> => {
    const here = await find(context);
    if (here.root !== root) return true;
    if (await isSame(options, here)) return false;
    found = undefined;
    ready = undefined;
    await here.root.directories.close();
    await find(context);
    return true;
  };
  const findPrepared = async (context: FailureContext): Promise<Root> => {
    const here = await find(context);
    await waitFor(prepareOnce(options, here, context), context);
    here.root.temporaries.sweep();
    return here.root;
  };
  return {
    open: (context) => ready?.root ?? find(context).then(({ root }) => root),
    openForWriting: (context) => {
      if (ready?.isPrepared !== true) return findPrepared(context);
      ready.root.temporaries.sweep();
      return ready.root;
    },
    confirm,
    confirmPrepared: async (root, context) => {
      const here = await find(context);
      if (here.root === root) {
        here.prepared = undefined;
        here.isPrepared = false;
      }
      await confirm(root, context);
    },
    close: async () => {
      closed = true;
      ready = undefined;
      await closeFound(await found?.catch(() => undefined));
    },
  };
}

async function closeFound(here: Found | undefined): Promise<void> {
  await here?.prepared?.catch(() => {});
  await here?.root.temporaries.close();
  await here?.root.directories.close();
}

async function prepareOnce(options: RootOptions, here: Found, context: FailureContext): Promise<void> {
  const preparing = (here.prepared ??= prepare(here, withoutKey(context)).catch((error: unknown) => {
    here.prepared = undefined;
    throw explained(options, context, error);
  }));
  await preparing;
  here.isPrepared = here.prepared === preparing;
}

function withoutKey({ operation, provider }: FailureContext): FailureContext {
  return { operation, provider };
}

/** Waits for what several calls wait for; each fails in its own name. */
async function waitFor<T>(work: Promise<T>, context: FailureContext): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isStorageError(error) ? withErrorFacts(error, context) : toLocalError(error, context);
  }
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

/** What is missing while the root is looked at is the root. */
function explained(options: RootOptions, context: FailureContext, error: unknown): unknown {
  return codeOf(error) === "ENOENT"
    ? gone(options, context, "went away: is its disk mounted?", error)
    : error;
}

async function isSame(options: RootOptions, { identity }: Found): Promise<boolean> {
  try {
    return isIdentical(await stat(options.path, { bigint: true }), identity);
  } catch {
    return false;
  }
}

async function findRoot(
  options: RootOptions,
  context: FailureContext,
  known: Found | undefined,
): Promise<Found> {
  const facts = await statRoot(options, context, known);
  if (!facts.isDirectory()) {
    throw failure("Misconfigured", `the root ${JSON.stringify(options.path)} is a file`, context);
  }
  const path = await realpath(options.path);
  const [marker, { type }] = await Promise.all([readMarker(path, options.layout, context), statfs(path)]);
  const layout = options.layout === "plain" ? plainLayout() : portableLayout(marker?.fold ?? false);
  const { directoryMode: mode } = options;
  const check = options.check ?? (descriptorPathsWork() ? "descriptor" : "realpath");
  const openDirectories = check === "descriptor" ? heldDirectories : checkedDirectories;
  const directories = openDirectories({ root: path, mode, durable: options.durable });
  const isLocal = LOCAL_FILE_SYSTEMS.has(type);
  const temporaries = createTemporaries({ directories, device: facts.dev, isLocal, mode: options.fileMode });
  const sidecars = createSidecars({ directories, temporaries, isLocal });
  const root = { path, layout, directories, temporaries, sidecars, isLocal };
  return { root, identity: facts, marker, prepared: undefined, isPrepared: false };
}

async function statRoot(
  options: RootOptions,
  context: FailureContext,
  known: Found | undefined,
): Promise<Identity & { readonly isDirectory: () => boolean }> {
  try {
    return await stat(options.path, { bigint: true });
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") {
      const reason = `a folder on the way to the root ${JSON.stringify(options.path)} is a file`;
      throw failure("Misconfigured", reason, context, error);
    }
    if (codeOf(error) !== "ENOENT") throw error;
    if (known !== undefined) throw gone(options, context, "went away: is its disk mounted?", error);
    if (!options.create) {
      const cure = "does not exist: is its disk mounted? To have it made, pass create: true";
      throw gone(options, context, cure, error);
    }
    await makeRoot(options);
    return await stat(options.path, { bigint: true });
  }
}

/** Makes the root and the folders above it, each as durable as what will be in it. */
async function makeRoot({ path, directoryMode, durable }: RootOptions): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: directoryMode });
  if (first === undefined) return;
  if (isShared(directoryMode)) await chmod(path, directoryMode);
  if (!durable) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    await syncDirectory({ fd: undefined, start: dirname(made) });
  }
}

/** Whether this system shows where a descriptor is, and counts processes as this process does: not so in some containers. */
function descriptorPathsWork(): boolean {
  if (process.platform !== "linux") return false;
  try {
    return readlinkSync("/proc/self") === String(process.pid);
  } catch {
    return false;
  }
}

/** Makes the provider's own folder, and leaves the marker by which the root is known again. */
async function prepare(here: Found, context: FailureContext): Promise<void> {
  const { directories, path, layout } = here.root;
  const make = async (folder: string): Promise<void> => (await directories.hold(folder, true)).release();
  await make(PRIVATE_FOLDER);
  await Promise.all([`${PRIVATE_FOLDER}/tmp`, `${PRIVATE_FOLDER}/meta`, layout.base].map(make));
  const fold = layout.name === "portable" && (await isFolding(path));
  const marker = await markRoot(here, fold, context);
  here.marker = marker;
  if (fold && !marker.fold) {
    const reason =
      "the objects were written where A and a are two names, and the file system here takes them for one";
    throw failure("Misconfigured", reason, context);
  }
  if (layout.name === "portable") here.root = { ...here.root, layout: portableLayout(marker.fold) };
}

/**
 * Returns the root's marker, and leaves one when there is none, also when the provider's own folder was deleted.
 */
async function markRoot(
  { root, marker: known }: Found,
  fold: boolean,
  context: FailureContext,
): Promise<Marker> {
  const { directories, temporaries, path } = root;
  const layout = root.layout.name;
  // It may have been deleted since the root was found.
  const before = known && (await readMarker(path, layout, context));
  if (before !== undefined) return before;
  await leaveMarker(directories, temporaries, { layout, fold: known?.fold ?? fold, id: known?.id });
  const after = await readMarker(path, layout, context);
  if (after !== undefined) return after;
  throw failure("Unavailable", `the folder ${JSON.stringify(path)} changes all the time`, context);
}

/** The root's path as it was given, absolute; what refs are made of. */
export function absoluteRoot(path: string): string {
  return resolve(path);
}
