import { fork } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StorageError } from "@stowage/core";
import { openDatabase } from "./database.js";
import { journalError } from "./errors.js";
import { sqliteJournal } from "./sqlite-journal.js";
import { OPENED, OWNER, ROW, place, tempJournal, type TempJournal } from "./testing/journals.test-support.js";

let temp: TempJournal;

beforeEach(() => {
  temp = tempJournal();
});

afterEach(async () => {
  await temp.remove();
});

function thrown(act: () => unknown): StorageError {
  try {
    act();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error("Nothing was thrown");
}

describe("sqliteJournal", () => {
  it("is for its owner alone, with the files beside it", async () => {
    const before = process.umask(0o022);
    const path = join(temp.folder, "private", "journal.db");
    const journal = sqliteJournal(path);
    const part = journal.open(OWNER);
    await part.write("a", (await part.read("a")).revision, ROW);
    for (const name of [".", ...readdirSync(dirname(path))]) {
      expect([name, statSync(join(dirname(path), name)).mode & 0o077]).toEqual([name, 0]);
    }
    await journal.close();
    process.umask(before);
  });

  it.each([
    [
      "a missing module",
      { message: "Cannot find module '@libsql/linux-x64-gnu'", code: "MODULE_NOT_FOUND" },
      "@libsql/linux-x64-gnu cannot be found; install it for this platform",
    ],
    [
      "a file that a bundler has left behind",
      { message: "Cannot find module '/app/writer-thread.js': bundlers must leave @stowage/journal out" },
      "bundlers must leave @stowage/journal out",
    ],
    ["a native part of another system", { message: "no", code: "ERR_DLOPEN_FAILED" }, "install libsql again"],
    ["the permission model", { message: "no", code: "ERR_ACCESS_DENIED" }, "--allow-worker"],
    ["a full disk", { message: "ENOSPC: no space left on device" }, "its disk is full"],
  ])("names %s", (_, error, reason) => {
    expect(journalError(error, "journal.db").message).toContain(reason);
  });

  it("has everything when it is opened again", async () => {
    const first = temp.open();
    const revision = await place(first.open(OWNER), "a", ROW);
    await first.close();
    const part = temp.open().open(OWNER);
    expect(await part.read("a")).toEqual({ row: ROW, revision });
    expect(await place(part, "a", ROW)).toSatisfy((later: string) => later > (revision ?? ""));
  });

  it("shows a control record that another process has changed since the last look", async () => {
    const one = temp.open().open(OWNER);
    const other = temp.open().open(OWNER);
    expect(await one.readControl("percent")).toBeUndefined();
    await other.writeControl("percent", undefined, 10);
    expect((await one.readControl("percent"))?.value).toBe(10);
  });

  it("shows one process what another has written", async () => {
    const one = temp.open().open(OWNER);
    const other = temp.open().open(OWNER);
    const revision = await place(one, "a", ROW);
    expect(await other.read("a")).toEqual({ row: ROW, revision });
    expect(await other.write("a", revision ?? "", undefined)).toBeDefined();
    expect((await one.read("a")).row).toBeUndefined();
  });

  it("shows what others write, however often it was read before", async () => {
    const one = temp.open().open(OWNER);
    const other = temp.open().open(OWNER);
    const readOften = async (): Promise<void> => {
      for (let count = 0; count < 100; count++) await one.read(`k${count % 7}`);
    };
    for (let round = 0; round < 20; round++) {
      const key = `k${round % 7}`;
      await readOften();
      const { revision } = await one.read(key);
      const written = await other.write(key, revision, ROW);
      expect(await one.read(key)).toEqual({ row: ROW, revision: written });
      await readOften();
      expect(await other.write(key, written ?? "", undefined)).toBeDefined();
      const after = await one.read(key);
      expect(after.row).toBeUndefined();
      expect(after.revision).not.toBe(revision);
      expect((await other.read(key)).revision).toBe(after.revision);
    }
  });

  it("reads a part of a thousand rows and more", async () => {
    const part = temp.open().open(OWNER);
    await Promise.all(Array.from({ length: 1100 }, (_, index) => place(part, `k${index}`, ROW)));
    for (let index = 0; index < 1100; index++) expect((await part.read(`k${index}`)).row).toEqual(ROW);
    expect((await part.read("nothing")).row).toBeUndefined();
  });

  it("has one clock in all processes", () => {
    const one = temp.open().open(OWNER);
    const other = temp.open().open(OWNER);
    expect(Math.abs(one.now() - other.now())).toBeLessThan(50);
  });

  it("makes its folder, and leaves no file of a process behind when it is closed", async () => {
    const path = join(temp.folder, "deep", "er", "journal.db");
    const journal = sqliteJournal(path);
    await place(journal.open(OWNER), "a", ROW);
    await journal.close();
    expect(readdirSync(`${path}-processes`)).toEqual([]);
  });

  it("writes many rows at once in few transactions, none of them lost", async () => {
    const part = temp.open().open(OWNER);
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => place(part, key, ROW)));
    expect((await part.counts()).rows).toBe(500);
  });

  it("rejects what comes after its close with Unavailable", async () => {
    const journal = temp.open();
    const part = journal.open(OWNER);
    const { revision } = await part.read("a");
    await journal.close();
    await expect(part.write("a", revision, ROW)).rejects.toMatchObject({
      code: "Unavailable",
      applied: "no",
    });
  });

  it("says of a file of something else what it is, and leaves it as it is", () => {
    const database = openDatabase(temp.path);
    database.exec("CREATE TABLE customers (name TEXT)");
    database.close();
    expect(thrown(() => temp.open())).toMatchObject({
      code: "InvalidArgument",
      message: `Cannot open: the journal ${JSON.stringify(temp.path)} is a database of a different program; give the journal its own path`,
    });
  });

  it("says of a file that is no database that it is damaged", () => {
    writeFileSync(temp.path, "hello ".repeat(1000));
    expect(thrown(() => temp.open()).message).toContain("the file is damaged");
  });

  it("says of a later version that the package is too old", async () => {
    await temp.open().close();
    const database = openDatabase(temp.path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(thrown(() => temp.open()).message).toContain(
      "has version 99, but this package knows only versions up to 1",
    );
  });

  it("says of a folder in the place of the file that it cannot be opened", () => {
    mkdirSync(temp.path);
    expect(thrown(() => temp.open())).toMatchObject({ code: "Unavailable" });
  });

  it.skipIf(process.getuid?.() === 0)(
    "says of a file that must not be written that it is read-only",
    async () => {
      await temp.open().close();
      chmodSync(temp.path, 0o400);
      chmodSync(temp.folder, 0o500);
      try {
        expect(thrown(() => temp.open())).toMatchObject({ code: "Unavailable" });
      } finally {
        chmodSync(temp.folder, 0o700);
      }
    },
  );

  it("takes the path of a file only", () => {
    expect(() => sqliteJournal("")).toThrow(TypeError);
    expect(() => sqliteJournal(undefined as unknown as string)).toThrow(
      "sqliteJournal: path must be the path of a file, not undefined",
    );
  });

  it("knows of a process that was killed, and removes what it left", async () => {
    const child = fork(new URL("testing/holder.test-support.ts", import.meta.url), [temp.path], {
      execArgv: ["--import", "tsx"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const name = await new Promise<string>((resolve) =>
      child.once("message", (told) => resolve(told as string)),
    );
    const part = temp.open().open(OWNER);
    expect(await part.isAlive(name)).toBe(true);
    expect((await part.read("a")).row?.open).toMatchObject({ writeId: "w" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(await part.isAlive(name)).toBe(false);
    temp.open();
    expect(existsSync(join(`${temp.path}-processes`, name))).toBe(false);
  });

  it("takes this very process for alive, and one whose file is gone too: its lease decides", async () => {
    const part = temp.open().open(OWNER);
    expect(await part.isAlive(part.process)).toBe(true);
    expect(await part.isAlive("1-00000000")).toBe(true);
    expect(await part.isAlive("../../etc/passwd")).toBe(false);
  });

  it("keeps a row whose write was open when the process ended", async () => {
    const first = temp.open();
    const version = await place(first.open(OWNER), "a", OPENED);
    await first.close();
    expect((await temp.open().open(OWNER).read("a")).row?.open?.version).toBe(version);
  });
});
