import { delay, clock } from "@stowage/core/provider";
import fs, { type BigIntStats } from "node:fs";
import { type Directories, type Directory, readFolder, inFolder } from "./directories.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { lstat, codeOf } from "./system.js";

/** The folder of all sidecars. Each sidecar lies in one of 256 folders below it. */
export const SIDECAR_FOLDER: string = `${PRIVATE_FOLDER}/meta`;

/** A memory of the folders of sidecars that exist. With it, most reads need no access to the disk. */
export interface SidecarFolders {
  /**
   * Tells whether all objects that are visible now are certain to have no facts in a sidecar. The answer comes without
   * waiting.
   */
  readonly areNone: () => boolean;
  /** Waits until every process knows that there are folders of sidecars. */
  readonly announce: () => Promise<void>;
  readonly mayHave: (bucket: string) => Promise<boolean>;
}

/** The longest interval, in nanoseconds, at which the clock of a file system advances. */
const CLOCK_GRAIN_NS = 50_000_000n;

/**
 * The time, in milliseconds, for which a process that saw no folders assumes that there are still none. The process
 * that makes the first folder waits longer than that before it makes the object visible whose facts are in the folder.
 * So every process that reads the object also finds its facts.
 */
const LEASE_MS = 5;

/**
 * Returns a memory of the folders of sidecars. Most objects have no facts in a sidecar, so most reads would look for a
 * sidecar on the disk and find nothing. The memory is valid until the modification time of the parent folder changes.
 * An open descriptor shows that time without access to the disk. A very recent time is not trusted, because a later
 * change could have the same time.
 */
export function createSidecarFolders(directories: Directories, isLocal: boolean): SidecarFolders {
  let names: ReadonlySet<string> = new Set();
  let readAt = -1n;
  let noneUntil = Number.NEGATIVE_INFINITY;
  let isAnnounced = !isLocal;
  const refresh = async (directory: Directory, facts: BigIntStats): Promise<void> => {
    const now = BigInt(Date.now()) * 1_000_000n;
    const found = new Set((await readFolder(directory)).map(({ name }) => name));
    names = found;
    readAt = now - facts.mtimeNs > CLOCK_GRAIN_NS ? facts.mtimeNs : -1n;
  };
  return {
    areNone: () => {
      const now = clock.now();
      if (now < noneUntil) return true;
      const folder =
        isLocal && names.size === 0 && readAt !== -1n ? directories.peek(SIDECAR_FOLDER) : undefined;
      if (folder?.fd === undefined) return false;
      try {
        if (fs.fstatSync(folder.fd, { bigint: true }).mtimeNs !== readAt) return false;
        noneUntil = now + LEASE_MS;
        return true;
      } catch {
        directories.forget(SIDECAR_FOLDER);
        return false;
      } finally {
        folder.release();
      }
    },
    announce: async () => {
      if (isAnnounced) return;
      const { mtimeNs } = await inFolder(directories, SIDECAR_FOLDER, false, ({ start }) =>
        lstat(`${start}.`),
      );
      if (BigInt(Date.now()) * 1_000_000n - mtimeNs <= CLOCK_GRAIN_NS) await delay(2 * LEASE_MS);
      isAnnounced = true;
    },
    mayHave: async (bucket) => {
      if (!isLocal) return true;
      try {
        return await inFolder(directories, SIDECAR_FOLDER, false, async (directory) => {
          if (directory.fd === undefined) return true;
          const facts = fs.fstatSync(directory.fd, { bigint: true });
          if (facts.mtimeNs !== readAt) await refresh(directory, facts);
          return names.has(bucket);
        });
      } catch (error) {
        if (codeOf(error) === "ENOENT") return false;
        throw error;
      }
    },
  };
}
