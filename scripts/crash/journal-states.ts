// Loses power while a journal is written: what was acknowledged must be there, whatever is left of the rest.
import fs, { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalOwner, KeyRow } from "../../packages/core/src/journal.js";
import type { Apply } from "../../packages/journal/src/change.js";
import { openCommits } from "../../packages/journal/src/commits.js";
import { defaultDriver } from "../../packages/journal/src/database.js";
import { openForReading, openForWriting, prepareFile } from "../../packages/journal/src/open-database.js";
import { createPart, registerPart } from "../../packages/journal/src/sqlite-part.js";
import { seeded } from "../simulate/random.js";

const OWNER: JournalOwner = {
  name: "files",
  type: "mirror",
  members: [{ name: "a", place: "memory://a/x" }],
};
const KEYS = 5;
const WRITES = 60;

interface Acknowledged {
  /** How much of the log was synced. */
  readonly walBytes: number;
  /** What the journal had, by key: how often the key was tried. */
  readonly rows: ReadonlyMap<string, number>;
}

/**
 * @param syncs - Whether the log is synced; without it the states must be wrong.
 * @returns How many states were looked at, and what was wrong with them.
 */
export async function tryJournalStates(syncs: boolean): Promise<{
  readonly states: number;
  readonly problems: readonly string[];
}> {
  const folder = mkdtempSync(join(tmpdir(), "stowage-journal-states-"));
  const log = watchLog(join(folder, "journal.db-wal"), syncs);
  try {
    return await tryIn(folder, log.syncedBytes);
  } finally {
    log.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Watches how much of a log is synced, by calls of Node: what SQLite syncs itself does not count. */
function watchLog(
  path: string,
  syncs: boolean,
): { readonly syncedBytes: () => number; readonly stop: () => void } {
  const { fdatasyncSync } = fs;
  let bytes = 0;
  fs.fdatasyncSync = (fd) => {
    if (!syncs) return;
    fdatasyncSync(fd);
    if (readlinkSync(`/proc/self/fd/${fd}`) === path) bytes = sizeOf(path);
  };
  syncBuiltinESMExports();
  const stop = (): void => {
    fs.fdatasyncSync = fdatasyncSync;
    syncBuiltinESMExports();
  };
  return { syncedBytes: () => bytes, stop };
}

async function tryIn(
  folder: string,
  syncedBytes: () => number,
): Promise<{ readonly states: number; readonly problems: readonly string[] }> {
  const driver = defaultDriver();
  const path = join(folder, "journal.db");
  prepareFile(path, driver);
  const database = openForWriting(path, driver);
  registerPart(database, OWNER);
  // The log begins empty, so that the file itself stays as it is from here on.
  database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  const base = readFileSync(path);
  const commits = openCommits(path, driver);
  const acknowledged = await write(database, commits.apply, syncedBytes);
  const wal = readFileSync(`${path}-wal`);
  const problems: string[] = readFileSync(path).equals(base) ? [] : ["the log was copied into the file"];
  commits.close();
  database.close();

  const random = seeded(7);
  let states = 0;
  for (const { index, way, cut, garbage } of waysToEnd(acknowledged, random)) {
    // A name of its own: the driver keeps what it has mapped for a while.
    const state = join(folder, `state-${states++}.db`);
    writeFileSync(state, base);
    writeFileSync(`${state}-wal`, Buffer.concat([wal.subarray(0, cut), noise(random, garbage)]));
    const problem = problemIn(state, acknowledged, index);
    if (problem !== undefined) problems.push(`after write ${index}, way ${way}: ${problem}`);
  }
  return { states, problems };
}

/** What is left of the log after each write: all that was acknowledged, and then something, or rubbish. */
function* waysToEnd(
  acknowledged: readonly Acknowledged[],
  random: () => number,
): Generator<{
  readonly index: number;
  readonly way: number;
  readonly cut: number;
  readonly garbage: number;
}> {
  for (const [index, { walBytes }] of acknowledged.entries()) {
    const next = acknowledged[index + 1]?.walBytes ?? walBytes;
    const cuts = [
      walBytes,
      Math.max(walBytes, next - 1),
      Math.floor(walBytes + random() * (next - walBytes)),
    ];
    for (const [way, cut] of cuts.entries()) {
      yield { index, way, cut, garbage: 0 };
      yield { index, way, cut, garbage: 100 + Math.floor(random() * 5000) };
    }
  }
}

async function write(
  database: ReturnType<typeof openForWriting>,
  apply: Apply,
  syncedBytes: () => number,
): Promise<readonly Acknowledged[]> {
  let now = 1000;
  const part = createPart(
    {
      database,
      process: "p",
      now: () => now++,
      isAlive: () => true,
      isRunning: () => true,
      hasChanged: () => true,
      haveControlsChanged: () => true,
      reading: <T>(work: () => T): T => work(),
      write: async (change) => apply([change])[0],
    },
    OWNER,
  );
  const rows = new Map<string, number>();
  const acknowledged: Acknowledged[] = [{ walBytes: syncedBytes(), rows: new Map() }];
  for (let count = 0; count < WRITES; count++) {
    const key = `k${count % KEYS}`;
    const isDrop = count % 7 === 6;
    await part.write(key, (await part.read(key)).revision, isDrop ? undefined : rowOf(count));
    if (isDrop) rows.delete(key);
    else rows.set(key, count);
    acknowledged.push({ walBytes: syncedBytes(), rows: new Map(rows) });
  }
  return acknowledged;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function rowOf(attempts: number): KeyRow {
  return { uncertain: [], holds: { a: "unknown" }, suspects: {}, since: 1, nextAt: 2, attempts };
}

function noise(random: () => number, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)));
}

function problemIn(path: string, acknowledged: readonly Acknowledged[], index: number): string | undefined {
  const driver = defaultDriver();
  try {
    prepareFile(path, driver);
  } catch (error) {
    return String(error);
  }
  const database = openForReading(path, driver);
  try {
    const found = database.prepare("SELECT key, row FROM rows ORDER BY key").all() as readonly {
      readonly key: string;
      readonly row: string;
    }[];
    const rows = found.map(({ key, row }) => `${key}=${(JSON.parse(row) as KeyRow).attempts}`).join(" ");
    const legal = acknowledged.slice(index, index + 2).map((each) => textOf(each.rows));
    return legal.includes(rows) ? undefined : `it has ${rows}, and not ${legal.join(" or ")}`;
  } finally {
    database.close();
  }
}

function textOf(rows: ReadonlyMap<string, number>): string {
  return [...rows]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => `${key}=${count}`)
    .join(" ");
}
