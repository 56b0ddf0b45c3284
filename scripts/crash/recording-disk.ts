import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join } from "node:path";

/** A file, whatever its names are and were. */
export interface RecordedFile {
  /** Keeps it alive: its number is not given to another one. */
  readonly vault: string;
  /** What was written, by the moment. */
  readonly writes: number[];
  /** How many bytes it had when it was synced, by the moment. */
  readonly syncs: { readonly at: number; readonly size: number }[];
}

/** A change of names. It is on the disk when the folder of the new name, or of the one that went, is synced. */
export interface NameChange {
  readonly at: number;
  readonly kind: "file" | "folder" | "gone";
  readonly path: string;
  /** For a rename: the name that goes at the same moment. */
  readonly from?: string | undefined;
  readonly file?: RecordedFile | undefined;
  durableAt: number;
}

/** What happened below a folder, call by call. */
export interface Recording {
  /** How many calls there were so far: the moment. */
  readonly now: () => number;
  readonly changes: readonly NameChange[];
  /** Every file by the path that it had when the recording began. */
  readonly base: ReadonlyMap<string, RecordedFile>;
  readonly baseFolders: readonly string[];
  readonly stop: () => void;
}

type Done = (error: Error | null, ...results: unknown[]) => void;
type Call = (...args: unknown[]) => unknown;

/**
 * Watches the system calls of this process below `root`: what is written, what is synced and how names change.
 *
 * @param vault - A folder of the same file system, outside of `root`.
 */
export function recordDisk(root: string, vault: string): Recording {
  const files = new Map<string, RecordedFile>();
  const changes: NameChange[] = [];
  const restores: (() => void)[] = [];
  let moment = 0;
  const isOurs = (path: string): boolean => path.startsWith(`${root}/`);
  const fileAt = (path: string): RecordedFile => {
    const id = String(original.lstatSync(path, { bigint: true }).ino);
    const known = files.get(id);
    if (known !== undefined) return known;
    const file: RecordedFile = { vault: join(vault, id), writes: [], syncs: [] };
    original.linkSync(path, file.vault);
    files.set(id, file);
    return file;
  };
  const change = (made: Omit<NameChange, "at" | "durableAt">): void => {
    changes.push({ ...made, at: ++moment, durableAt: Number.POSITIVE_INFINITY });
  };
  const synced = (path: string): void => {
    moment++;
    if (original.statSync(path).isDirectory()) {
      for (const each of changes) {
        if (dirname(each.path) === path && each.durableAt > moment) each.durableAt = moment;
      }
    } else if (isOurs(path)) fileAt(path).syncs.push({ at: moment, size: original.statSync(path).size });
  };
  const { base, baseFolders } = snapshot(root, fileAt);
  const patch = (name: keyof typeof fs, after: (args: readonly unknown[]) => void): void => {
    const real = fs[name] as Call;
    Object.assign(fs, {
      [name]: (...args: unknown[]) => {
        const before = args.slice(0, -1).map(realPath);
        const done = args.at(-1) as Done;
        return real(...args.slice(0, -1), ((error, ...results) => {
          if (error === null) after(before);
          done(error, ...results);
        }) satisfies Done);
      },
    });
    restores.push(() => Object.assign(fs, { [name]: real }));
  };
  patch("open", ([path, flags]) => {
    if (typeof path !== "string" || !isOurs(path) || (Number(flags) & fs.constants.O_CREAT) === 0) return;
    if (!original.existsSync(path) || base.has(path)) return;
    change({ kind: "file", path, file: fileAt(path) });
  });
  patch("write", ([path]) => {
    if (typeof path === "string" && isOurs(path)) fileAt(path).writes.push(++moment);
  });
  patch("fsync", ([path]) => synced(String(path)));
  patch("rename", ([from, path]) => {
    if (!isOurs(String(path))) return;
    change({ kind: "file", path: String(path), from: String(from), file: fileAt(String(path)) });
  });
  patch("link", ([, path]) => change({ kind: "file", path: String(path), file: fileAt(String(path)) }));
  patch("unlink", ([path]) => change({ kind: "gone", path: String(path) }));
  patch("mkdir", ([path]) => change({ kind: "folder", path: String(path) }));
  patch("rmdir", ([path]) => change({ kind: "gone", path: String(path) }));
  const { copyFile } = fs.promises;
  fs.promises.copyFile = async (from, to, mode) => {
    await copyFile(from, to, mode);
    const path = String(realPath(to));
    if (isOurs(path)) fileAt(path).writes.push(++moment);
  };
  syncBuiltinESMExports();
  return {
    now: () => moment,
    changes,
    base,
    baseFolders,
    stop: () => {
      for (const restore of restores) restore();
      fs.promises.copyFile = copyFile;
      syncBuiltinESMExports();
    },
  };
}

const original = { ...fs };

function snapshot(
  root: string,
  fileAt: (path: string) => RecordedFile,
): { readonly base: Map<string, RecordedFile>; readonly baseFolders: readonly string[] } {
  const base = new Map<string, RecordedFile>();
  const baseFolders: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of original.readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        baseFolders.push(path);
        walk(path);
      } else base.set(path, fileAt(path));
    }
  };
  walk(root);
  return { base, baseFolders };
}

/** The path of a descriptor, or of a name in a folder that is one, as in `/proc/self/fd/7/name`. */
function realPath(value: unknown): unknown {
  if (typeof value === "number" && value > 2) {
    try {
      return original.readlinkSync(`/proc/self/fd/${value}`);
    } catch {
      return value;
    }
  }
  if (typeof value !== "string" || !/^\/proc\/[^/]+\/fd\//.test(value)) return value;
  return join(original.readlinkSync(dirname(value)), basename(value));
}
