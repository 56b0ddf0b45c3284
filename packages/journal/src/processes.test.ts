import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultDriver } from "./database.js";
import { ALONE_MS, joinProcesses, type Processes } from "./processes.js";
import { tempJournal, type TempJournal } from "./testing/journals.test-support.js";

let temp: TempJournal;
let joined: Processes[];

beforeEach(() => {
  temp = tempJournal();
  joined = [];
});

afterEach(async () => {
  vi.useRealTimers();
  for (const each of joined) each.leave();
  await temp.remove();
});

function joinHere(): Processes {
  const processes = joinProcesses(join(temp.folder, "processes"), defaultDriver());
  joined.push(processes);
  return processes;
}

describe("the processes of a journal", () => {
  it("are alone until another joins", () => {
    const first = joinHere();
    expect(first.isAlone()).toBe(true);
    const second = joinHere();
    expect([first.isAlone(), second.isAlone()]).toEqual([false, false]);
    second.leave();
    joined.pop();
    expect(first.isAlone()).toBe(true);
  });

  it("are announced at once when they are alone, and else after the others have noticed", async () => {
    vi.useFakeTimers();
    await joinHere().announced();
    let isAnnounced = false;
    void joinHere()
      .announced()
      ?.then(() => (isAnnounced = true));
    await vi.advanceTimersByTimeAsync(2 * ALONE_MS - 1);
    expect(isAnnounced).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isAnnounced).toBe(true);
  });

  it("may have others among them when their folder is gone", () => {
    const first = joinHere();
    rmSync(join(temp.folder, "processes"), { recursive: true });
    expect(first.isAlone()).toBe(false);
  });

  it("do not take other files for a process", () => {
    const first = joinHere();
    mkdirSync(join(temp.folder, "processes", "a-folder"));
    writeFileSync(join(temp.folder, "processes", `${first.own}-journal`), "");
    expect(first.isAlone()).toBe(true);
  });

  it("come back when their file was removed, and let the others notice before they go on", async () => {
    vi.useFakeTimers();
    const [first, second] = [joinHere(), joinHere()];
    await vi.advanceTimersByTimeAsync(2 * ALONE_MS);
    expect(second.announced()).toBeUndefined();
    rmSync(join(temp.folder, "processes", second.own));
    expect(first.isAlone()).toBe(true);
    let isAnnounced = false;
    void second.announced()?.then(() => (isAnnounced = true));
    expect([first.isAlone(), isAnnounced]).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(2 * ALONE_MS);
    expect([isAnnounced, second.announced()]).toEqual([true, undefined]);
  });

  it("are not taken for dead when their file was removed", () => {
    const [first, second] = [joinHere(), joinHere()];
    rmSync(join(temp.folder, "processes", second.own));
    expect(first.isAlive(second.own)).toBe(true);
  });

  it("are dead for whoever comes when they have left a file that nobody holds", () => {
    const dead = "4711-0123abcd";
    mkdirSync(join(temp.folder, "processes"), { recursive: true });
    writeFileSync(join(temp.folder, "processes", dead), "");
    expect([joinHere().isAlive(dead), joinHere().isAlive(dead)]).toEqual([false, false]);
  });
});
