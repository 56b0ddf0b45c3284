import fs, { mkdtempSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Change } from "./change.js";
import { openCommits } from "./commits.js";
import { defaultDriver } from "./database.js";
import { journalError } from "./errors.js";
import { openForWriting, prepareFile } from "./open-database.js";

const { fdatasyncSync } = fs;

const CHANGE: Change = {
  now: 1000,
  table: "controls",
  part: 1,
  name: "percent",
  expected: undefined,
  value: "1",
};

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stowage-commits-"));
  path = join(folder, "journal.db");
  prepareFile(path, defaultDriver());
});

afterEach(() => {
  replaceSync(fdatasyncSync);
  rmSync(folder, { recursive: true, force: true });
});

function replaceSync(sync: typeof fdatasyncSync): void {
  fs.fdatasyncSync = sync;
  syncBuiltinESMExports();
}

describe("a commit", () => {
  it("does not lock the file while it waits for the disk", () => {
    const commits = openCommits(path, defaultDriver());
    const other = openForWriting(path, defaultDriver());
    other.exec("PRAGMA busy_timeout = 0");
    let written = 0;
    replaceSync((file) => {
      other.exec("BEGIN IMMEDIATE; COMMIT");
      written++;
      fdatasyncSync(file);
    });
    expect(commits.apply([CHANGE])).toHaveLength(1);
    expect(written).toBe(1);
    other.close();
    commits.close();
  });

  it("is not acknowledged when the disk fails, and nobody knows whether it stays", () => {
    const commits = openCommits(path, defaultDriver());
    replaceSync(() => {
      throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
    });
    const fail = (): unknown => commits.apply([CHANGE]);
    expect(fail).toThrow("UNSYNCED");
    expect(journalError(new Error("UNSYNCED"), path)).toMatchObject({
      code: "Unavailable",
      applied: "unknown",
    });
    commits.close();
  });
});
