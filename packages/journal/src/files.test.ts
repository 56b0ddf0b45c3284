import {
  copyFileSync,
  closeSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultDriver, openDatabase } from "./database.js";
import { journalError } from "./errors.js";
import { OWNER, ROW, place, tempJournal, type TempJournal } from "./testing/journals.test-support.js";

let temp: TempJournal;

beforeEach(() => {
  temp = tempJournal();
});

afterEach(async () => {
  await temp.remove();
});

const REPLACED = {
  code: "Unavailable",
  applied: "no",
  message: expect.stringContaining("removed or replaced") as string,
};

describe("the files of a journal that is open", () => {
  it.each(["", "-wal", "-shm"])("stop its writes when journal.db%s is removed", async (ending) => {
    const part = temp.open().open(OWNER);
    await place(part, "a", ROW);
    rmSync(`${temp.path}${ending}`);
    await expect(place(part, "b", ROW)).rejects.toMatchObject(REPLACED);
    await expect(place(part, "c", ROW)).rejects.toMatchObject(REPLACED);
  });

  it("stop its writes while another file is in its place, and go on when the right one is back", async () => {
    const part = temp.open().open(OWNER);
    await place(part, "a", ROW);
    copyFileSync(temp.path, `${temp.path}.copy`);
    renameSync(temp.path, `${temp.path}.away`);
    renameSync(`${temp.path}.copy`, temp.path);
    await expect(place(part, "b", ROW)).rejects.toMatchObject(REPLACED);
    renameSync(`${temp.path}.away`, temp.path);
    await place(part, "c", ROW);
  });

  it("are named when they are damaged, by reads too, and are closed without a word", async () => {
    const journal = temp.open();
    const part = journal.open(OWNER);
    await place(part, "a", ROW);
    const file = openSync(temp.path, "r+");
    for (let at = 4096; at < statSync(temp.path).size; at += 4096)
      writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, at);
    closeSync(file);
    truncateSync(`${temp.path}-wal`, 0);
    const failure = { code: "Unavailable", applied: "no" };
    const reads = [
      async () => await part.read("b"),
      async () => await part.rows("", undefined, 10),
      async () => await part.counts(),
      async () => await part.readControl("x"),
    ];
    for (const read of reads) await expect(read()).rejects.toMatchObject(failure);
    await expect(place(part, "b", ROW)).rejects.toMatchObject(failure);
    await journal.close();
  });

  it("must not lie in the folder of a member", () => {
    const members = [{ name: "disk", place: pathToFileURL(join(temp.folder, "x")).href }];
    expect(() => temp.open().open({ ...OWNER, name: "inside", members })).toThrow(
      `lies in "${temp.folder}", the folder of the member "disk"`,
    );
    const beside = [{ name: "disk", place: pathToFileURL(join(temp.folder, "data", "x")).href }];
    temp.open().open({ ...OWNER, name: "beside", members: beside });
  });

  it("are locked by a process that is named", () => {
    temp.open();
    const other = openDatabase(temp.path, defaultDriver());
    other.exec("BEGIN IMMEDIATE");
    const { message } = journalError(new Error("SQLITE_BUSY: database is locked"), temp.path);
    other.exec("ROLLBACK");
    other.close();
    expect(message).toContain(
      process.platform === "linux" ? `the process ${process.pid} has locked the file` : "locked",
    );
  });
});
