import { createHash } from "node:crypto";
import { inFolder, readFolder, syncDirectory, type Directories } from "./directories.js";
import { formatFacts, parseFacts, type Facts } from "./facts.js";
import { generationName, type Generation } from "./generation.js";
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
  /** `undefined` when this version has none. */
  readonly facts: Facts | undefined;
  /** `false` when there may have been some that went away with the version, if it was replaced meanwhile. */
  readonly certain: boolean;
}

/**
 * The facts of objects, each in a file of its own that is named after the very version of the bytes it
 * belongs to: it is written before the bytes take their place, so that one rename makes both visible.
 */
export interface Sidecars {
  /** The facts of this version of a key. */
  readonly find: (key: string, generation: Generation) => FoundFacts | Promise<FoundFacts>;
  readonly write: (key: string, generation: Generation, facts: Facts, durable: boolean) => Promise<void>;
  /** Whether a key has sidecars, of any version. */
  readonly has: (key: string) => boolean | Promise<boolean>;
  /** Removes those of a version that is gone, and what was left by others long ago. */
  readonly remove: (
    key: string,
    gone: Generation | undefined,
    current: Generation | undefined,
  ) => Promise<void>;
}

interface SidecarOptions {
  readonly directories: Directories;
  readonly temporaries: Temporaries;
  readonly isLocal: boolean;
}

const SUFFIX = ".json";

/** No folder for such sidecars was ever made, so there was none to miss. */
const NO_FACTS: FoundFacts = { facts: undefined, certain: true };

/** A sidecar without its object is a writer's that is still at work, or was killed: after this time the latter. */
const ABANDONED_MS = 60 * 60 * 1000;

export function createSidecars({ directories, temporaries, isLocal }: SidecarOptions): Sidecars {
  const folders = createSidecarFolders(directories, isLocal);
  const list = async (key: string): Promise<readonly string[]> => {
    const { bucket, folder } = placeOf(key);
    if (!(await folders.mayHave(bucket))) return [];
    return await namesIn(directories, folder);
  };
  /** A damaged sidecar is an error: without the facts the object is not what was put. */
  const readFacts = async (path: string, key: string): Promise<Facts | undefined> => {
    const text = await readText(directories, path, isLocal);
    if (text === undefined) return undefined;
    const facts = parseFacts(text, key);
    if (facts === undefined) throw damaged(path);
    return facts;
  };
  const findRestored = async (key: string, folder: string, generation: Generation) => {
    const name = matching(await namesIn(directories, folder), generation);
    return name === undefined ? undefined : await readFacts(`${folder}/${name}`, key);
  };
  const find = async (key: string, generation: Generation): Promise<FoundFacts> => {
    const { bucket, folder } = placeOf(key);
    if (!(await folders.mayHave(bucket))) return NO_FACTS;
    const exact = await readFacts(`${folder}/${nameOf(generation)}`, key);
    const facts = exact ?? (await findRestored(key, folder, generation));
    return { facts, certain: facts !== undefined };
  };
  const write: Sidecars["write"] = async (key, generation, facts, durable) => {
    const { folder } = placeOf(key);
    const text = Buffer.from(formatFacts(key, facts));
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
    find: (key, generation) => (folders.areNone() ? NO_FACTS : intact(find(key, generation))),
    write: (key, generation, facts, durable) => intact(write(key, generation, facts, durable)),
    remove: async (key, gone, current) => {
      const names = await list(key);
      if (names.length > 0) await removeOld(directories, placeOf(key).folder, names, gone, current);
    },
  };
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

/** A file that was restored with its old time is known by its time of change, which cannot be set. */
const RESTORED_NS = 2_000_000_000n;

/** The sidecar of a generation; that of a file restored with its times, when only its number differs. */
function matching(names: readonly string[], generation: Generation): string | undefined {
  const exact = nameOf(generation);
  if (names.includes(exact)) return exact;
  if (generation.ctimeNs - generation.mtimeNs < RESTORED_NS) return undefined;
  const restored = exact.slice(0, exact.lastIndexOf("-") + 1);
  const similar = names.filter((name) => name.startsWith(restored));
  return similar.length === 1 ? similar[0] : undefined;
}

/** More than most sidecars have, in bytes. */
const TEXT_BYTES = 4096;

/** The text of a small file; `undefined` when there is none. */
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

/** What other errors say of a key, "a folder", "no folder" or "a pipe", says of our own files that they are damaged. */
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
  current: Generation | undefined,
): Promise<void> {
  const goneName = gone === undefined ? undefined : matching(names, gone);
  const currentName = current === undefined ? undefined : nameOf(current);
  const oldest = BigInt(Date.now() - ABANDONED_MS) * 1_000_000n;
  await tolerate(
    inFolder(directories, folder, false, async ({ start }) => {
      for (const name of names) {
        if (name === currentName) continue;
        const facts = name === goneName ? undefined : await lstat(start + name).catch(() => undefined);
        if (name === goneName || (facts !== undefined && facts.ctimeNs < oldest)) {
          await tolerate(unlink(start + name), "ENOENT");
        }
      }
    }),
    "ENOENT",
  );
  directories.prune(folder, folder.slice(0, folder.lastIndexOf("/")));
}
