import { readFileSync, realpathSync, statfsSync } from "node:fs";
import { openError } from "./errors.js";

/**
 * The `f_type` of each file system that keeps its files on other machines. Processes that share a journal need locks and shared memory, and
 * these file systems do not provide both.
 *
 * @see https://man7.org/linux/man-pages/man2/statfs.2.html
 * @see https://www.sqlite.org/wal.html#overview
 */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x7461636f, "OCFS2"],
  [0x01161970, "GFS2"],
  [0x47504653, "GPFS"],
  [0x19830326, "BeeGFS"],
  [0xaad7aaea, "PanFS"],
  [0x73757245, "Coda"],
  [0x786f4256, "a shared folder of VirtualBox"],
]);

/** The `f_type` of a file system that a program provides (FUSE). The type does not show where the program keeps the files. */
const FUSE = 0x65735546;

/**
 * The file systems of programs that keep files on this machine. Some of these programs do not forward each sync to the disk.
 * So it is unknown which files survive a power failure.
 */
const FUSE_HERE: ReadonlySet<string> = new Set([
  "fuseblk",
  "virtiofs",
  "fuse.fuse-overlayfs",
  "fuse.gocryptfs",
  "fuse.encfs",
  "fuse.ext2",
  "fuse.bindfs",
  "fuse.mergerfs",
  "fuse.lxcfs",
]);

const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/**
 * Checks that a folder lies on this machine.
 *
 * @returns `true` if files that are written there survive a power failure. Returns `false` for a folder in memory. Also returns
 * `false` for the file system of a program, because it is unknown which files survive there.
 * @throws StorageError `InvalidArgument` for a network file system, and for the file system of an unknown program.
 */
export function assertLocal(folder: string, path: string): boolean {
  const { type } = statfsSync(folder);
  const program = type === FUSE ? (mountedType(folder) ?? "fuse") : undefined;
  if (program !== undefined && FUSE_HERE.has(program)) return false;
  const network =
    program === undefined ? NETWORK.get(type) : `${program}, a file system that a program provides`;
  if (network === undefined) return !IN_MEMORY.has(type);
  throw openError(path, `lies on ${network}; SQLite needs a disk of this machine`);
}

/**
 * Returns the type with which the file system of a folder was mounted.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
function mountedType(folder: string): string | undefined {
  try {
    const path = `${realpathSync(folder)}/`;
    let best: { readonly point: string; readonly type: string | undefined } | undefined;
    for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
      const [facts = "", rest = ""] = line.split(" - ");
      const point = (facts.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      );
      const isAbove = point === "/" || path.startsWith(`${point}/`);
      // If several file systems are mounted on one point, the last one is visible.
      if (isAbove && point.length >= (best?.point.length ?? 0)) best = { point, type: rest.split(" ")[0] };
    }
    return best?.type;
  } catch {
    return undefined;
  }
}
