import fs from "node:fs";
import { inFolder, type Directories, type Directory } from "./directories.js";
import { TEMPORARY_PREFIX } from "./foreign-names.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { stateOf } from "./process-mark.js";
import { close, fstat, lstat, open, readdir, unlink } from "./system.js";

/** The folder of the provider's own temporary files. */
export const TEMPORARY_FOLDER: string = `${PRIVATE_FOLDER}/tmp`;

/** The folder of notes that name the folders in which a process has unfinished objects. */
export const NOTES_FOLDER: string = `${PRIVATE_FOLDER}/busy`;

/**
 * The age, in milliseconds, at which an untouched file counts as abandoned. It applies if this process cannot tell
 * whether the file's process is still running.
 */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** The facts that decide whether a file is abandoned. */
interface Judge {
  /** The prefix of the names of this provider's own files. These files are in use. */
  readonly own: string;
  /** Returns the current time by the clock of the file system, in milliseconds since 1970. */
  readonly now: () => Promise<number>;
}

/**
 * Removes the temporary files of processes that have ended, and files that were abandoned long ago. A process that is
 * running keeps its files, whatever the clock says.
 */
export async function removeAbandoned(directories: Directories, own: string): Promise<void> {
  const directory = await directories.hold(TEMPORARY_FOLDER);
  const judge: Judge = { own, now: clockOf(directory, own) };
  try {
    await removeIn(directory, "", judge);
  } finally {
    directory.release();
  }
  await inFolder(directories, NOTES_FOLDER, false, (notes) => removeNoted(directories, notes, judge));
}

/** Removes an unfinished object that a listing has found, if the object is abandoned. */
export async function removeStray(
  directories: Directories,
  folder: string,
  name: string,
  own: string,
): Promise<void> {
  const directory = await directories.hold(TEMPORARY_FOLDER);
  const judge: Judge = { own, now: clockOf(directory, own) };
  try {
    await inFolder(directories, folder, false, ({ start }) =>
      removeFile(start, name, TEMPORARY_PREFIX, judge),
    );
  } finally {
    directory.release();
  }
}

/**
 * Reads the abandoned notes, removes the unfinished objects in the folders that they name, and then removes the notes.
 * A note names the folders in which its process has unfinished objects.
 */
async function removeNoted(directories: Directories, notes: Directory, judge: Judge): Promise<void> {
  for (const entry of await readdir(notes.start)) {
    const path = notes.start + entry.name;
    if (!entry.isFile() || !(await isAbandoned(path, entry.name, judge))) continue;
    const text = await fs.promises.readFile(path, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const mark = entry.name.slice(0, entry.name.lastIndexOf("-"));
    for (const folder of new Set(text.split("\n").slice(0, -1))) {
      await inFolder(directories, folder, false, (directory) =>
        removeIn(directory, TEMPORARY_PREFIX + mark, judge),
      ).catch(() => {});
    }
    await unlink(path).catch(() => {});
  }
}

/** Removes the abandoned files in a folder whose names begin with `beginning`. */
async function removeIn({ start }: Directory, beginning: string, judge: Judge): Promise<void> {
  const prefix = beginning === "" ? "" : TEMPORARY_PREFIX;
  for (const entry of await readdir(start)) {
    if (entry.isFile() && entry.name.startsWith(beginning))
      await removeFile(start, entry.name, prefix, judge);
  }
}

async function removeFile(start: string, name: string, prefix: string, judge: Judge): Promise<void> {
  const path = start + name;
  if (await isAbandoned(path, name.slice(prefix.length), judge)) await unlink(path).catch(() => {});
}

async function isAbandoned(path: string, name: string, { own, now }: Judge): Promise<boolean> {
  if (name.startsWith(own)) return false;
  const state = stateOf(name);
  if (state !== "unknown") return state === "ended";
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return false;
  const touched = Number(facts.mtimeNs / 1_000_000n);
  return Date.now() - touched > ABANDONED_MS && (await now()) - touched > ABANDONED_MS;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = fs.constants;

/**
 * Returns a function that reads the clock of the file system only once, by making a new file. The clock of this machine
 * is not used, because somebody may just have corrected it.
 */
function clockOf({ start }: Directory, own: string): () => Promise<number> {
  let asked: Promise<number> | undefined;
  const ask = async (): Promise<number> => {
    const path = `${start}${own}-clock`;
    const fd = await open(path, O_CREAT | O_EXCL | O_RDWR | (O_NOFOLLOW ?? 0), 0o600);
    try {
      return Number((await fstat(fd)).mtimeNs / 1_000_000n);
    } finally {
      await close(fd);
      await unlink(path).catch(() => {});
    }
  };
  return () => (asked ??= ask());
}
