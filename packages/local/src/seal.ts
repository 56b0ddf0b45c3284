import type { BigIntStats } from "node:fs";
import fs from "node:fs";
import type { Disk } from "./disk.js";
import { withTimeAt, withTimeOf } from "./generation.js";
import type { Root } from "./opened-root.js";
import { sampleOf } from "./sample.js";
import { close, factsOf, fsync, lstat, open } from "./system.js";
import type { Temporary } from "./temporaries.js";

/** A file that is closed, as it will stay. */
export interface Sealed {
  readonly generation: BigIntStats;
  /** By which it is known again after it was restored; `undefined` when that was not asked for. */
  readonly sample: string | undefined;
}

/** Closes a temporary file when all of it is as safe as it shall be, and makes its version unlike every other. */
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
  // On a file system of this machine, and after a sync, closing has no failure left to report.
  temporary.closeQuietly(Number(generation.size));
  return { generation, sample };
}

/** Closes a file of a network file system, some of which set its time once more when that is done. */
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
