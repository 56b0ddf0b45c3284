import { inFolder, joinPath, type Directory } from "./directories.js";
import type { FileVersion } from "./generation.js";
import type { Root } from "./opened-root.js";
import { lstat } from "./system.js";
import { isGoneByNow, type WalkedFile } from "./walk.js";

/** The number of files whose facts are read at the same time. */
const STATS_AT_ONCE = 64;

/** The number of files whose facts the thread reads with one request. */
const IN_THREAD_AT_ONCE = 128;

/** The number of folders of one request. If there are more, opening them takes longer than the thread saves. */
const FOLDERS_MAX = 16;

/** A file with its facts, with the reason why it is skipped, or without both if it is gone. */
export interface FileWithFacts extends WalkedFile {
  readonly found: FileVersion | string | undefined;
}

/** Reads facts of files in batches. While the walk looks for the next files, the facts of one batch are read. */
export interface ReadAhead {
  /** Takes a file. If a batch is full, returns the files of the batch before. */
  readonly push: (file: WalkedFile) => Promise<readonly FileWithFacts[]> | undefined;
  /** Returns all files that were taken and not returned. */
  readonly rest: () => Promise<readonly FileWithFacts[]>;
}

type Unreadable = (path: string, error: unknown) => Promise<string>;

export function createReadAhead(root: Root, unreadable: Unreadable): ReadAhead {
  const { factThread } = root;
  let batch: WalkedFile[] = [];
  let reading: Promise<readonly FileWithFacts[]> | undefined;
  const begin = (): Promise<readonly FileWithFacts[]> | undefined => {
    const before = reading;
    if (root.isLocal) factThread.met(batch.length);
    reading = isForThread(root, batch)
      ? readInThread(root, batch, unreadable)
      : readAll(root, batch, unreadable);
    // If the batch before fails, nobody waits for this one.
    reading.catch(() => {});
    batch = [];
    return before;
  };
  return {
    push: (file) => {
      batch.push(file);
      return batch.length < (factThread.isReady() ? IN_THREAD_AT_ONCE : STATS_AT_ONCE) ? undefined : begin();
    },
    rest: async () => {
      const before = batch.length === 0 ? undefined : begin();
      const last = reading;
      reading = undefined;
      return [...((await before) ?? []), ...((await last) ?? [])];
    },
  };
}

function isForThread({ factThread }: Root, files: readonly WalkedFile[]): boolean {
  return factThread.isReady() && new Set(files.map(({ folder }) => folder)).size <= FOLDERS_MAX;
}

async function readAll(
  root: Root,
  files: readonly WalkedFile[],
  unreadable: Unreadable,
): Promise<readonly FileWithFacts[]> {
  return await Promise.all(
    files.map(async (file) => ({ ...file, found: await readOne(root, file, unreadable) })),
  );
}

/** Returns the facts of a file, `undefined` if it is gone, or the reason why it is skipped. */
async function readOne(
  root: Root,
  { folder, name }: WalkedFile,
  unreadable: Unreadable,
): Promise<FileVersion | string | undefined> {
  try {
    const found = await inFolder(root.directories, folder, false, ({ start }) => lstat(start + name));
    return found.isFile() ? found : undefined;
  } catch (error) {
    if (isGoneByNow(error)) return undefined;
    return await unreadable(joinPath(folder, name), error);
  }
}

/** Reads the facts with a single request to the thread. What the thread cannot read is read once more, for its error. */
async function readInThread(
  root: Root,
  files: readonly WalkedFile[],
  unreadable: Unreadable,
): Promise<readonly FileWithFacts[]> {
  const held = new Map<string, Directory>();
  try {
    for (const { folder } of files) {
      if (!held.has(folder)) held.set(folder, await root.directories.hold(folder));
    }
    const paths = files.map(({ folder, name }) => (held.get(folder)?.start ?? "") + name);
    const facts = await root.factThread.read(paths);
    const found: FileWithFacts[] = [];
    for (const [index, file] of files.entries()) {
      const { text, folder, name } = file;
      const own = facts[index] ?? (await readOne(root, file, unreadable));
      found.push({ kind: "file", text, folder, name, found: own });
    }
    return found;
  } catch {
    // One by one, the files that can be read are read, and the others have their own errors.
    return await readAll(root, files, unreadable);
  } finally {
    for (const directory of held.values()) directory.release();
  }
}
