import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultDriver, openDatabase } from "./database.js";
import { OWNER, ROW, place, tempJournal, type TempJournal } from "./testing/journals.test-support.js";

const ROUNDS = 8;
const LOCKS = "/proc/locks";

let temp: TempJournal;

beforeEach(() => {
  temp = tempJournal();
});

afterEach(async () => {
  await temp.remove();
});

/** Has another process open the journal, write 30 rows and close it. */
async function visit(name: string): Promise<void> {
  const child = fork(new URL("testing/visitor.test-support.ts", import.meta.url), [temp.path, name], {
    execArgv: ["--import", "tsx"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  expect(code).toBe(0);
}

/** Counts the locks that this process has on a file. */
function locksOn(path: string): number {
  const { ino } = statSync(path);
  const mine = new RegExp(`\\bPOSIX\\b.* ${process.pid} \\S+:${ino} `);
  return readFileSync(LOCKS, "utf8")
    .split("\n")
    .filter((line) => mine.test(line)).length;
}

describe("a journal that a process closes and opens again", () => {
  it("stays whole while other processes open and close it in between", { timeout: 120_000 }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const journal = temp.open();
      const part = journal.open(OWNER);
      await place(part, `here/${round}`, ROW);
      expect((await part.counts()).rows).toBe(31 * round + 1);
      await journal.close();
      await visit(`there-${round}`);
    }
    const database = openDatabase(temp.path, defaultDriver());
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    database.close();
  });

  it.skipIf(!existsSync(LOCKS))(
    "keeps its locks when the same process opens the file once more and closes it",
    async () => {
      const first = temp.open();
      await place(first.open(OWNER), "a", ROW);
      const files = [temp.path, `${temp.path}-shm`];
      const before = files.map(locksOn);
      expect(Math.min(...before)).toBeGreaterThan(0);
      const second = temp.open();
      await place(second.open(OWNER), "b", ROW);
      expect(files.map(locksOn)).toEqual(before);
      await second.close();
      expect(files.map(locksOn)).toEqual(before);
    },
  );
});
