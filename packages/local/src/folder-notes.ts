import { clock } from "@stowage/core/provider";
import fs from "node:fs";
import { NOTES_FOLDER } from "./abandoned.js";
import { inFolder, type Directories } from "./directories.js";
import { close, open, unlink, writeFully } from "./system.js";

/**
 * A file of notes. The file lists the folders in which this process has had unfinished objects since the file was made.
 */
interface Era {
  readonly name: string;
  /** The pending write of each note; `undefined` when the note has been written. */
  readonly notes: Map<string, Promise<void> | undefined>;
  /** The number of unfinished objects. */
  live: number;
}

/** A note that has to exist as long as its unfinished object exists. */
export interface Note {
  readonly era: Era;
  /** The pending write of the note. Absent when the note has been written. */
  readonly written: Promise<void> | undefined;
}

/**
 * Notes about the folders in which a process has unfinished objects. If the process is killed, other processes find the
 * objects by these notes. One note for a folder is enough for many objects.
 */
export interface FolderNotes {
  readonly note: (folder: string) => Note;
  readonly done: (note: Note) => void;
  readonly close: () => Promise<void>;
}

/**
 * The number of folders in one file of notes. When a file of notes has this many folders, a new file is made. The old
 * file can then be removed.
 */
const FOLDERS_MAX = 256;

/** The time, in milliseconds, for which there must be no unfinished objects before notes are removed. */
const IDLE_MS = 500;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = fs.constants;

/**
 * Returns the notes of one process.
 *
 * @param mark - The mark of the process. The names of its files begin with the mark.
 */
export function createFolderNotes(directories: Directories, mark: string, mode: number): FolderNotes {
  let current: Era | undefined;
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  const removing = new Set<Promise<void>>();
  const begin = (): Era => ({ name: `${mark}-${(count++).toString(36)}`, notes: new Map(), live: 0 });
  const remove = (era: Era): void => {
    if (era === current) current = undefined;
    const removed = removeNotes(directories, era).finally(() => removing.delete(removed));
    removing.add(removed);
  };
  const removeIdle = (): void => {
    timer = undefined;
    if (current?.live === 0) remove(current);
  };
  return {
    note: (folder) => {
      if (current !== undefined && current.notes.size >= FOLDERS_MAX && !current.notes.has(folder)) {
        const old = current;
        current = begin();
        if (old.live === 0) remove(old);
      }
      const era = (current ??= begin());
      era.live++;
      if (!era.notes.has(folder)) era.notes.set(folder, write(directories, era, folder, mode));
      return { era, written: era.notes.get(folder) };
    },
    done: ({ era }) => {
      if (--era.live > 0) return;
      if (era !== current) remove(era);
      else timer ??= clock.setTimeout(removeIdle, IDLE_MS).unref();
    },
    close: async () => {
      clock.clearTimeout(timer);
      removeIdle();
      await Promise.all(removing);
    },
  };
}

async function write(directories: Directories, era: Era, folder: string, mode: number): Promise<void> {
  try {
    await inFolder(directories, NOTES_FOLDER, false, async ({ start }) => {
      const fd = await open(start + era.name, O_APPEND | O_CREAT | O_WRONLY | (O_NOFOLLOW ?? 0), mode);
      const line = Buffer.from(`${folder}\n`);
      // With `O_APPEND`, the system writes at the end of the file and ignores the position in the call.
      try {
        await writeFully(fd, line, line.byteLength, 0);
      } finally {
        await close(fd);
      }
    });
    era.notes.set(folder, undefined);
  } catch (error) {
    era.notes.delete(folder);
    throw error;
  }
}

async function removeNotes(directories: Directories, { name, notes }: Era): Promise<void> {
  await Promise.allSettled([...notes.values()].filter((note) => note !== undefined));
  await inFolder(directories, NOTES_FOLDER, false, ({ start }) => unlink(start + name)).catch(() => {});
}
