import { delay, clock } from "@stowage/core/provider";
import fs, { type BigIntStats } from "node:fs";
import { type Directories, type Directory, readFolder, inFolder } from "./directories.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { lstat, codeOf } from "./system.js";

/** The folder of all sidecars; each lies in one of 256 folders below it. */
export const SIDECAR_FOLDER: string = `${PRIVATE_FOLDER}/meta`;

/** Knowledge of which folders of sidecars there are, so that most reads need not ask the disk. */
export interface SidecarFolders {
  /** Whether it is certain, without waiting, that no object that could be seen by now has facts. */
  readonly areNone: () => boolean;
  /** Waits until every process knows that there are some. */
  readonly announce: () => Promise<void>;
  readonly mayHave: (bucket: string) => Promise<boolean>;
}

/** Times of files are taken from a clock with a grain of up to this, in nanoseconds. */
const CLOCK_GRAIN_NS = 50_000_000n;

/**
 * How long a process that saw no folders takes it for granted, in milliseconds. Whoever makes the first one
 * waits for longer than that before the object that it belongs to is shown, so nobody reads that one without
 * its facts.
 */
const LEASE_MS = 5;

/**
 * Most objects have nothing to record, so most reads would ask the disk in vain. The folders are remembered
 * for as long as the time of the one above them stands still, which an open descriptor tells without the
 * disk. A time so recent that another change could carry it too is not trusted.
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
