import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join } from "node:path";
import { vi } from "vitest";

/**
 * Watches the system calls of this process and keeps account of what a loss of power could still take away:
 * bytes that were written and not synced, and names that were made in folders that were not synced since.
 */
export interface DiskOrder {
  /** Files that were given their place before their bytes were on the disk. */
  readonly early: readonly string[];
  /** What is not on the disk yet. */
  readonly pending: () => readonly string[];
  readonly stop: () => void;
}

type Done = (error: Error | null, ...results: unknown[]) => void;
type Call = (...args: unknown[]) => unknown;

/** Starts watching everything below a folder. */
export function watchDisk(root: string): DiskOrder {
  const bytes = new Set<string>();
  const names = new Map<string, string>();
  const early: string[] = [];
  const isOurs = (path: string): boolean => path === root || path.startsWith(`${root}/`);
  const place = (path: string): void => void names.set(path, dirname(path));
  const moved = (from: string, to: string): void => {
    if (bytes.delete(from)) early.push(to);
    names.delete(from);
    place(to);
  };
  const synced = (path: string): void => {
    bytes.delete(path);
    for (const [name, folder] of names) if (folder === path) names.delete(name);
  };
  const spies = [
    spy("write", (file) => void bytes.add(file)),
    spy("fsync", undefined, (file) => synced(file)),
    spy("rename", undefined, (from, to) => moved(from, to)),
    spy("link", undefined, (from, to) => {
      if (bytes.has(from)) early.push(to);
      place(to);
    }),
    spy("mkdir", undefined, (path) => place(path)),
    spy("unlink", undefined, (path) => {
      bytes.delete(path);
      // A temporary file that comes back after a crash is swept one day; an object must not come back.
      if (!path.includes("/.stowage")) place(path);
    }),
    spyMkdirTree((path) => place(path)),
  ];
  return {
    early,
    pending: () => [...bytes, ...names.keys()].filter((path) => isOurs(path) && !isPassing(path)),
    stop: () => {
      for (const restore of spies) restore();
      syncBuiltinESMExports();
    },
  };
}

/** Returns whether a path is that of an unfinished file, or of a note of one. */
function isPassing(path: string): boolean {
  return /\/\.stowage(?:\/tmp\/|\/busy\/|-tmp\.)/.test(path);
}

type Watched = "write" | "fsync" | "rename" | "link" | "mkdir" | "unlink";

type Note = (path: string, other: string) => void;

/** Calls `before` when a call begins, and `after` when it has succeeded, with the real paths of its arguments. */
function spy(name: Watched, before?: Note, after?: Note): () => void {
  const original = fs[name] as Call;
  const watched = vi.spyOn(fs as unknown as Record<Watched, Call>, name).mockImplementation((...args) => {
    const [path, other] = [real(args[0]), real(args[1])];
    before?.(path, other);
    const done = args.at(-1) as Done;
    return original(...args.slice(0, -1), ((error, ...results) => {
      if (error === null) after?.(path, other);
      done(error, ...results);
    }) satisfies Done);
  });
  return () => watched.mockRestore();
}

function spyMkdirTree(made: (path: string) => void): () => void {
  const original = fs.promises.mkdir;
  const watched = vi.spyOn(fs.promises, "mkdir").mockImplementation((async (
    path: string,
    options: object,
  ) => {
    const first: string | undefined = await original(path, { ...options, recursive: true });
    for (let each = path; first !== undefined && each.length >= first.length; each = dirname(each))
      made(each);
    return first;
  }) as typeof original);
  syncBuiltinESMExports();
  return () => watched.mockRestore();
}

/** The path of a descriptor, or of a name in a folder that is one, as in `/proc/self/fd/7/name`. */
function real(value: unknown): string {
  if (typeof value === "number") return fs.readlinkSync(`/proc/self/fd/${value}`);
  if (typeof value !== "string" || !/^\/proc\/[^/]+\/fd\//.test(value)) return String(value);
  return join(fs.readlinkSync(dirname(value)), basename(value));
}
