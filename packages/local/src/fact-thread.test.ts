import fs from "node:fs";
import { lstat, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { clock } from "@stowage/core/provider";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFactThread, type FactThread } from "./fact-thread.js";
import { code, folder, open, put } from "./testing/disk.test-support.js";

const started: FactThread[] = [];

afterEach(() => {
  vi.restoreAllMocks();
  for (const thread of started.splice(0)) thread.close();
});

async function ready(): Promise<FactThread> {
  const thread = createFactThread();
  started.push(thread);
  thread.met(10_000);
  await vi.waitFor(() => expect(thread.isReady()).toBe(true), 20_000);
  return thread;
}

describe("a thread for facts", () => {
  it("reads what lstat reads, and nothing for what is no file", async () => {
    const root = await folder();
    await writeFile(join(root, "ä b"), "twelve bytes");
    await mkdir(join(root, "folder"));
    await symlink(join(root, "ä b"), join(root, "link"));
    const thread = await ready();
    const paths = ["ä b", "folder", "link", "missing", "ä b/below"].map((name) => join(root, name));
    const [file, ...others] = await thread.read(paths);
    const { ino, size, mtimeNs } = await lstat(join(root, "ä b"), { bigint: true });
    expect(file).toEqual({ ino, size, mtimeNs });
    expect(others).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("answers simultaneous requests each with its own facts", async () => {
    const root = await folder();
    const sizes = Array.from({ length: 20 }, (_, size) => size);
    await Promise.all(sizes.map((size) => writeFile(join(root, `${size}`), "x".repeat(size))));
    const thread = await ready();
    const found = await Promise.all(sizes.map((size) => thread.read([join(root, `${size}`)])));
    expect(found.map(([facts]) => Number(facts?.size))).toEqual(sizes);
  });

  it("reads nothing before it was started, and after it was closed", async () => {
    const thread = createFactThread();
    expect(await thread.read(["/"])).toEqual([undefined]);
    const other = await ready();
    const reading = other.read(["/"]);
    other.close();
    expect(await reading).toEqual([undefined]);
    expect(other.isReady()).toBe(false);
  });

  it("does not start again for a use that was closed, and ends with the last use", async () => {
    const [one, other] = [await ready(), await ready()];
    one.close();
    one.met(10_000);
    expect([one.isReady(), other.isReady()]).toEqual([false, true]);
    other.close();
    expect(other.isReady()).toBe(false);
    const next = await ready();
    expect(next.isReady()).toBe(true);
  });

  it("is worth its start only for many files in a short time", async () => {
    let passedMs = 2000;
    vi.spyOn(clock, "now").mockImplementation(() => performance.now() + passedMs);
    const thread = createFactThread();
    started.push(thread);
    for (let page = 0; page < 5; page++) {
      thread.met(1000);
      passedMs += 2000;
    }
    await new Promise(setImmediate);
    expect(await thread.read(["/"])).toEqual([undefined]);
    expect(thread.isReady()).toBe(false);
  });

  it("ends when nothing was read for some seconds, and can be started again", async () => {
    const timers: (() => void)[] = [];
    vi.spyOn(clock, "setTimeout").mockImplementation(((call: () => void) => {
      timers.push(call);
      return { unref: () => undefined };
    }) as unknown as typeof clock.setTimeout);
    const thread = await ready();
    timers.at(-1)?.();
    expect(thread.isReady()).toBe(false);
    thread.met(10_000);
    await vi.waitFor(() => expect(thread.isReady()).toBe(true), 20_000);
  });
});

describe("a listing of many files", () => {
  it("gives the same with the thread and without, and leaves out what is gone", async () => {
    const root = await folder();
    const provider = open(root, {});
    const names = Array.from({ length: 700 }, (_, index) => `f${index % 7}/${index}`);
    await Promise.all(names.map((name) => put(provider, name, name)));
    const read = async (): Promise<unknown> => {
      const { objects } = await provider.list({ limit: 1000 });
      return objects;
    };
    const first = await read();
    await ready();
    const look = vi.spyOn(fs, "lstat");
    await vi.waitFor(async () => {
      look.mockClear();
      expect(await read()).toEqual(first);
      expect(look).not.toHaveBeenCalled();
    }, 20_000);
    await rm(join(root, "f3"), { recursive: true });
    await rm(join(root, "f4/11"));
    const { objects } = await provider.list({ limit: 1000 });
    expect(objects).toHaveLength(599);
    await provider.close?.();
    expect(await code(provider.list({}))).toBe("Unavailable");
  });
});
