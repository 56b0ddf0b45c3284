import { statfsSync } from "node:fs";
import { openError } from "./errors.js";

/**
 * `f_type` of file systems of other machines: processes that share a journal need locks and shared memory that these
 * do not keep.
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
]);

const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** @returns Whether what is written there survives the machine. @throws StorageError for a network file system. */
export function assertLocal(folder: string, path: string): boolean {
  const { type } = statfsSync(folder);
  const network = NETWORK.get(type);
  if (network === undefined) return !IN_MEMORY.has(type);
  throw openError(
    path,
    `lies on ${network}; SQLite needs a disk of this machine, many machines need PostgreSQL`,
  );
}
