import { link, mkdir, readdir, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CHECKS, folder, open, openFiles, put, text } from "./testing/disk.test-support.js";

const HOUR_MS = 60 * 60 * 1000;

afterEach(() => {
  vi.useRealTimers();
});

/** The files in `.stowage/tmp` after a provider was used once, so much later. */
async function after(
  root: string,
  milliseconds: number,
  symlinkCheck: "descriptor" | "realpath",
): Promise<string[]> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + milliseconds });
  const provider = open(root, { symlinkCheck });
  await put(provider, "any", "x");
  await provider.close?.();
  return await readdir(join(root, ".stowage/tmp"));
}

describe.each(CHECKS)("temporary files that a killed process left (%s)", (symlinkCheck) => {
  async function left(): Promise<string> {
    const root = await folder();
    await mkdir(join(root, ".stowage/tmp"), { recursive: true });
    await writeFile(join(root, ".stowage/tmp/left-1"), "half");
    return root;
  }

  it("stay for 24 hours, because their process may be at work", async () => {
    expect(await after(await left(), 24 * HOUR_MS - 60_000, symlinkCheck)).toEqual(["left-1"]);
  });

  it.runIf(process.platform === "linux")(
    "are removed at once when that process has ended for certain",
    async () => {
      const root = await left();
      const namespace = /\d+/.exec(await readlink("/proc/self/ns/pid"))?.[0];
      for (const name of [
        `${namespace}.${process.pid}.1-ended`,
        `${namespace}.4194305.1-ended`,
        "1.1.1-elsewhere",
      ]) {
        await writeFile(join(root, ".stowage/tmp", name), "half");
      }
      expect(await after(root, 0, symlinkCheck)).toEqual(["1.1.1-elsewhere", "left-1"]);
    },
  );

  it("are removed after 24 hours", async () => {
    expect(await after(await left(), 24 * HOUR_MS + 60_000, symlinkCheck)).toEqual([]);
  });

  it("are removed also by a process that runs for longer than that", async () => {
    const root = await left();
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", "x");
    expect(await readdir(join(root, ".stowage/tmp"))).toEqual(["left-1"]);
    vi.advanceTimersByTime(25 * HOUR_MS);
    await put(provider, "a", "x");
    await provider.close?.();
    expect(await readdir(join(root, ".stowage/tmp"))).toEqual([]);
  });

  it("do not take those with them that are in use, whatever the clock says", async () => {
    const root = await left();
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    const provider = open(root, { symlinkCheck });
    await put(provider, "first", "x");
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(10);
      await gate;
    }
    const putting = put(provider, "a", slow());
    while ((await readdir(join(root, ".stowage/tmp"))).length < 2);
    vi.advanceTimersByTime(25 * HOUR_MS);
    await put(provider, "b", "x");
    while ((await readdir(join(root, ".stowage/tmp"))).includes("left-1"));
    go();
    expect((await putting).size).toBe(10);
  });

  it("take no object with them, when they are a second name of it", async () => {
    const root = await left();
    await put(open(root), "a", "content");
    await link(join(root, "a"), join(root, ".stowage/tmp/left-2"));
    expect(await after(root, 25 * HOUR_MS, symlinkCheck)).toEqual([]);
    expect(await text(open(root), "a")).toBe("content");
  });

  it("are swept without touching folders", async () => {
    const root = await left();
    await mkdir(join(root, ".stowage/tmp/folder"));
    expect(await after(root, 25 * HOUR_MS, symlinkCheck)).toEqual(["folder"]);
  });
});

describe.each(CHECKS)("a temporary file (%s)", (symlinkCheck) => {
  it("is private while it is written, whatever the permissions of objects", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    const modes: number[] = [];
    async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(10);
      for (const name of await readdir(join(root, ".stowage/tmp"))) {
        modes.push((await stat(join(root, ".stowage/tmp", name))).mode & 0o077);
      }
    }
    await put(provider, "a", body());
    expect(modes).toEqual([0]);
  });

  it("is gone and closed when its put has ended", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => put(provider, `${index}`, "x", { metadata: { a: "b" } })),
    );
    expect(await readdir(join(root, ".stowage/tmp"))).toEqual([]);
    await provider.close?.();
    expect(await openFiles(root)).toEqual([]);
  });
});
