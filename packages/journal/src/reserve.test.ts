import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Change } from "./change.js";
import { freesSpace, isDiskFull, keepReserve } from "./reserve.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stowage-reserve-"));
  vi.useFakeTimers({ toFake: ["performance"] });
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const change = (value: unknown, table: Change["table"] = "rows"): Change => ({
  now: 0,
  table,
  part: 1,
  name: "a",
  expected: undefined,
  value: value === undefined ? undefined : JSON.stringify(value),
});

describe("the reserve of a journal", () => {
  it("is space for its owner alone, given back once and made again when there is room", () => {
    const path = join(folder, "journal.db");
    const file = `${path}-reserve`;
    const reserve = keepReserve(path);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(file).size).toBe(1024 * 1024);
    expect([reserve.release(), reserve.release()]).toEqual([true, false]);
    reserve.refill();
    expect(existsSync(file)).toBe(false);
    vi.advanceTimersByTime(10_000);
    reserve.refill();
    expect(existsSync(file)).toBe(true);
  });

  it("is not made where nothing can be written, and nobody hears of it", () => {
    const reserve = keepReserve(join(folder, "missing/journal.db"));
    expect(reserve.release()).toBe(false);
  });
});

it.each([
  ["what is over", change(undefined), true],
  ["a delete", change({ current: { kind: "delete", version: "1" } }), true],
  ["a put", change({ current: { kind: "put", version: "1" } }), false],
  ["an intent", change({ open: { version: "" } }), false],
  ["a control record", change({ percent: 5 }, "controls"), false],
])("space becomes free with %s: %s", (_, given, expected) => {
  expect(freesSpace(given)).toBe(expected);
});

it.each([
  [{ code: "SQLITE_FULL", message: "" }, true],
  [{ message: "database or disk is full" }, true],
  [{ code: "SQLITE_BUSY", message: "locked" }, false],
])("a full disk is known: %j", (error, expected) => {
  expect(isDiskFull(error)).toBe(expected);
});
