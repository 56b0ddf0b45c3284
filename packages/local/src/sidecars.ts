import { createHash } from "node:crypto";
import { inFolder, readFolder, syncDirectory, type Directories } from "./directories.js";
import { formatFacts, parseFacts, type Facts, type RecordedFacts } from "./facts.js";
import { generationName, type Generation } from "./generation.js";
import { createRestored, isRestored, mayBeRestored, recordedIn, type Restored } from "./restored.js";
import {
  closeRead,
  codeOf,
  fsync,
  lstat,
  readFully,
  readOnce,
  rename,
  tolerate,
  unlink,
  writeFully,
} from "./system.js";
import type { Temporaries } from "./temporaries.js";
import { createSidecarFolders, SIDECAR_FOLDER } from "./sidecar-folders.js";

export interface FoundFacts {
  /** The facts of this version; `undefined` if the version has no facts. */
  readonly facts: Facts | undefined;
  /** `false` if the version may have been replaced in the meantime. Its facts may then have been removed too. */
  readonly certain: boolean;
}

/**
 * The sidecars of a root. The facts of each object are in a file of their own. The name of this file contains the
 * version of the bytes. The file is written before the bytes are moved into place. So a single rename makes the bytes
 * and the facts visible.
 */
export interface Sidecars {
  /**
   * Returns the facts of one version of a key.
   *
   * @param sample - Returns the sample of the file's bytes. The provider calls it only if the file may have been
   * restored.
   */
  readonly find: (key: string, generation: Generation, sample: Sample) => FoundFacts | Promise<FoundFacts>;
  readonly write: (sidecar: Sidecar, durable: boolean) => Promise<void>;
  /** Tells whether a key has a sidecar for any version. */
  readonly has: (key: string) => boolean | Promise<boolean>;
  /**
   * Removes the sidecars of a version that is gone. If the current version is known, also removes sidecars that other
   * versions left long ago.
   */
  readonly remove: (key: string, gone: Generation | undefined, current: Current) => Promise<void>;
}

/** A function that returns the sample of a file's bytes, or `undefined` if the file has been replaced in the meantime. */
export type Sample = () => Promise<string | undefined>;

/** The version that a key has now; `"none"` if there is no object, `"unknown"` if the version is not known. */
export type Current = Generation | "none" | "unknown";

export interface Sidecar {
  readonly key: string;
  readonly generation: Generation;
  readonly facts: Facts;
  readonly sample: string | undefined;
}

interface SidecarOptions {
  readonly directories: Directories;
  readonly temporaries: Temporaries;
  readonly isLocal: boolean;
}

const SUFFIX = ".json";

/** The answer if the folder for the key's sidecars was never made: the object certainly has no facts. */
const NO_FACTS: FoundFacts = { facts: undefined, certain: true };

/**
 * The age, in milliseconds, at which a sidecar without an object counts as abandoned. The writer of such an old sidecar
 * must have been killed, but the writer of a younger sidecar may still be at work.
 */
const ABANDONED_MS = 60 * 60 * 1000;

export function createSidecars(options: SidecarOptions): Sidecars {
  const { directories, temporaries, isLocal } = options;
  const folders = createSidecarFolders(directories, isLocal);
  const restored = createRestored();
  const list = async (key: string): Promise<readonly string[]> => {
    const { bucket, folder } = placeOf(key);
    if (!(await folders.mayHave(bucket))) return [];
    return await namesIn(directories, folder);
  };
  const find: Sidecars["find"] = async (key, generation, sample): Promise<FoundFacts> => {
    const { bucket, folder } = placeOf(key);
    if (!(await folders.mayHave(bucket))) return NO_FACTS;
    const known = restored.get(key, generation);
    const facts =
      (known === undefined ? undefined : await readFacts(options, `${folder}/${known}`, key)) ??
      (await readFacts(options, `${folder}/${nameOf(generation)}`, key)) ??
      (await findRestored(options, restored, { key, folder, generation, sample }));
    return { facts, certain: facts !== undefined };
  };
  const write: Sidecars["write"] = async ({ key, generation, facts, sample }, durable) => {
    const { folder } = placeOf(key);
    const text = Buffer.from(formatFacts(key, facts, sample));
    const temporary = await temporaries.create();
    try {
      await writeFully(temporary.fd, text, text.byteLength, 0);
      if (durable) await fsync(temporary.fd);
      await temporary.close();
      await inFolder(directories, folder, true, async (directory) => {
        await rename(temporary.path, directory.start + nameOf(generation));
        if (durable) await syncDirectory(directory);
      });
      temporary.moved();
      await folders.announce();
    } finally {
      await temporary.discard();
    }
  };
  return {
    has: (key) => !folders.areNone() && intact(list(key)).then(({ length }) => length > 0),
    find: (key, generation, sample) =>
      folders.areNone() ? NO_FACTS : intact(Promise.resolve(find(key, generation, sample))),
    write: (sidecar, durable) => intact(write(sidecar, durable)),
    remove: async (key, gone, current) => {
      const names = await list(key);
      if (names.length > 0) await removeOld(directories, placeOf(key).folder, names, gone, current);
    },
  };
}

/**
 * Reads a sidecar. Throws if the sidecar is damaged, because without its facts the object would differ from the object
 * that was put.
 */
async function readFacts(
  { directories, isLocal }: SidecarOptions,
  path: string,
  key: string,
): Promise<RecordedFacts | undefined> {
  const text = await readText(directories, path, isLocal);
  if (text === undefined) return undefined;
  const facts = parseFacts(text, key);
  if (facts === undefined) throw damaged(path);
  return facts;
}

interface Wanted {
  readonly key: string;
  readonly folder: string;
  readonly generation: Generation;
  readonly sample: Sample;
}

/**
 * Finds the facts of a file that was restored from a backup. Such a file has a new inode number, and its time may have
 * lost precision.
 */
async function findRestored(
  options: SidecarOptions,
  restored: Restored,
  { key, folder, generation, sample }: Wanted,
): Promise<RecordedFacts | undefined> {
  let own: Promise<string | undefined> | undefined;
  const found = new Map<string, { readonly name: string; readonly facts: RecordedFacts }>();
  for (const name of await namesIn(options.directories, folder)) {
    const recorded = recordedIn(name);
    if (recorded === undefined || !mayBeRestored(recorded, generation)) continue;
    const facts = await readFacts(options, `${folder}/${name}`, key);
    if (facts === undefined) continue;
    const isOurs =
      facts.sample === undefined
        ? isRestored(recorded, generation)
        : facts.sample === (await (own ??= sample()));
    if (isOurs) found.set(JSON.stringify(facts), { name, facts });
  }
  // If two versions have the same bytes and different facts, no fact shows which of them was restored.
  if (found.size !== 1) return undefined;
  const [one] = found.values();
  if (one !== undefined) restored.set(key, generation, one.name);
  return one?.facts;
}

function placeOf(key: string): { readonly bucket: string; readonly folder: string } {
  const digest = createHash("sha256").update(key).digest("hex");
  const bucket = digest.slice(0, 2);
  return { bucket, folder: `${SIDECAR_FOLDER}/${bucket}/${digest.slice(2, 34)}` };
}

function nameOf(generation: Generation): string {
  return generationName(generation) + SUFFIX;
}

async function namesIn(directories: Directories, folder: string): Promise<readonly string[]> {
  try {
    const entries = await inFolder(directories, folder, false, readFolder);
    return entries.map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** The age of a version, in nanoseconds, up to which the writer of the version's sidecar may still be at work. */
const AT_WORK_NS = 60_000_000_000n;

/**
 * Returns the sidecars of a version that is gone. For a restored version, returns all sidecars that may belong to it. A
 * fresh sidecar is returned only if it certainly belongs to the version.
 */
function matching(names: readonly string[], gone: Generation): readonly string[] {
  const exact = nameOf(gone);
  if (names.includes(exact)) return [exact];
  const now = BigInt(Date.now()) * 1_000_000n;
  return names.filter((name) => {
    const recorded = recordedIn(name);
    if (recorded === undefined || !mayBeRestored(recorded, gone)) return false;
    return isRestored(recorded, gone) || now - recorded.mtimeNs > AT_WORK_NS;
  });
}

/** The number of bytes that are read first. Most sidecars are smaller than that. */
const TEXT_BYTES = 4096;

/** Returns the text of a small file, or `undefined` if there is no such file. */
async function readText(
  directories: Directories,
  path: string,
  isLocal: boolean,
): Promise<string | undefined> {
  let fd: number;
  try {
    fd = await directories.openFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    let bytes = Buffer.allocUnsafe(TEXT_BYTES);
    let length = await readOnce(fd, bytes, 0, TEXT_BYTES, 0);
    while (length === bytes.byteLength) {
      bytes = Buffer.concat([bytes, Buffer.allocUnsafe(length)]);
      length += await readFully(fd, bytes, length, bytes.byteLength - length, length);
    }
    return bytes.toString("utf8", 0, length);
  } finally {
    closeRead(fd, 0, isLocal);
  }
}

/**
 * Waits for work on sidecars. Reports the errors "not a folder", "is a folder" and "is a pipe" as damage, because only the
 * provider itself writes sidecars.
 */
async function intact<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    throw code === "ENOTDIR" || code === "EISDIR" || code === "ESPIPE"
      ? damaged(SIDECAR_FOLDER, error)
      : error;
  }
}

function damaged(path: string, cause?: unknown): Error {
  return Object.assign(new Error(`${path} is damaged`, { cause }), { code: "EBADMSG" });
}

async function removeOld(
  directories: Directories,
  folder: string,
  names: readonly string[],
  gone: Generation | undefined,
  current: Current,
): Promise<void> {
  const goneNames = gone === undefined ? [] : matching(names, gone);
  const currentName = typeof current === "string" ? undefined : nameOf(current);
  const oldest = BigInt(Date.now() - ABANDONED_MS) * 1_000_000n;
  await tolerate(
    inFolder(directories, folder, false, async ({ start }) => {
      for (const name of names) {
        if (name === currentName) continue;
        const isGone = goneNames.includes(name);
        // The current object is unknown, and an old sidecar may belong to it.
        if (!isGone && current === "unknown") continue;
        const facts = isGone ? undefined : await lstat(start + name).catch(() => undefined);
        if (isGone || (facts !== undefined && facts.ctimeNs < oldest)) {
          await tolerate(unlink(start + name), "ENOENT");
        }
      }
    }),
    "ENOENT",
  );
  directories.prune(folder, folder.slice(0, folder.lastIndexOf("/")));
}
