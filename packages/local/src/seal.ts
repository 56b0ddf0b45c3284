import type { BigIntStats } from "node:fs";
import fs from "node:fs";
import type { Disk } from "./disk.js";
import { withTimeAt, withTimeOf } from "./generation.js";
import type { Root } from "./opened-root.js";
import { sampleOf } from "./sample.js";
import { close, factsOf, fsync, lstat, open } from "./system.js";
import type { Temporary } from "./temporaries.js";

/** The facts of a finished and closed file. */
export interface Sealed {
  readonly generation: BigIntStats;
  /** The digest that identifies the file after a restore; `undefined` if no digest was requested. */
  readonly sample: string | undefined;
}

/**
 * Finishes and closes a temporary file. First syncs the file if puts wait for the disk. Then changes the time of the file if
 * necessary, so that no other version of the key has the same generation.
 */
export async function seal(
  disk: Disk,
  { isLocal }: Root,
  temporary: Temporary,
  key: string,
  hasFacts: boolean,
): Promise<Sealed> {
  const { fd } = temporary;
  if (disk.durable) await fsync(fd);
  const written = await factsOf(fd, isLocal);
  const sample = hasFacts ? await sampleOf(fd, Number(written.size), isLocal) : undefined;
  if (!isLocal) return { generation: await closeElsewhere(disk, temporary, key), sample };
  const generation = disk.generations.distinct(key, written, withTimeOf(fd, temporary.path));
  if (disk.durable && generation !== written) await fsync(fd);
  // Closing the file can no longer fail if the file system is on this machine, or if the file was synced.
  temporary.closeQuietly(Number(generation.size));
  return { generation, sample };
}

/**
 * Closes a file on a network file system, and then returns its facts. The facts are read last, because some network
 * file systems change the time of a file when they close it.
 */
async function closeElsewhere(disk: Disk, temporary: Temporary, key: string): Promise<BigIntStats> {
  const { path } = temporary;
  await temporary.close();
  const closed = await lstat(path);
  const generation = disk.generations.distinct(key, closed, withTimeAt(path));
  if (!disk.durable || generation === closed) return generation;
  const again = await open(path, fs.constants.O_RDONLY);
  try {
    await fsync(again);
  } finally {
    await close(again);
  }
  return generation;
}
