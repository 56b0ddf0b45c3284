import { link, mkdir, readFile, readdir, readlink, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CHECKS, folder, open, openFiles, put, temporaries, text } from "./testing/disk.test-support.js";

const HOUR_MS = 60 * 60 * 1000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Leaves a temporary file that was touched so long ago. */
async function leave(root: string, name: string, ageMs: number): Promise<string> {
  await mkdir(join(root, ".stowage/tmp"), { recursive: true });
  const path = join(root, ".stowage/tmp", name);
  await writeFile(path, "half");
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
  return path;
}

/** Returns the temporary files after a new provider was used once. */
async function afterSweep(root: string, symlinkCheck: "descriptor" | "realpath"): Promise<string[]> {
  const provider = open(root, { symlinkCheck });
  await put(provider, "any", "x");
  await provider.close?.();
  return (await temporaries(root)).map((path) => path.replace(".stowage/tmp/", ""));
}

/** Returns what the names of temporary files of this system begin with, but for the process. */
async function system(): Promise<string> {
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).replaceAll(/[^0-9a-f]/g, "");
  return `${boot}.${/\d+/.exec(await readlink("/proc/self/ns/pid"))?.[0]}`;
}

/** Holds an upload in its middle until it may go on. */
function gated(): {
  readonly body: () => AsyncGenerator<Uint8Array, void, undefined>;
  readonly go: () => void;
} {
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => (go = resolve));
  const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield new Uint8Array(10);
    await gate;
  };
  return { body, go };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(CHECKS)("temporary files of processes that cannot be seen (%s)", (symlinkCheck) => {
  it("stay for 24 hours, because their process may be at work", async () => {
    const root = await folder();
    await leave(root, "left-1", 24 * HOUR_MS - 60_000);
    expect(await afterSweep(root, symlinkCheck)).toEqual(["left-1"]);
  });

  it("are removed after 24 hours", async () => {
    const root = await folder();
    await leave(root, "left-1", 24 * HOUR_MS + 60_000);
    expect(await afterSweep(root, symlinkCheck)).toEqual([]);
  });

  it("stay when only the clock of this process says that they are old", async () => {
    const root = await folder();
    await leave(root, "1111.4026531836.7.7-other-host", 0);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 48 * HOUR_MS });
    expect(await afterSweep(root, symlinkCheck)).toEqual(["1111.4026531836.7.7-other-host"]);
  });

  it("are removed also by a process that runs for longer than that", async () => {
    const root = await folder();
    vi.useFakeTimers({ toFake: ["performance"] });
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", "x");
    await leave(root, "left-1", 25 * HOUR_MS);
    vi.advanceTimersByTime(HOUR_MS + 60_000);
    await put(provider, "a", "x");
    await provider.close?.();
    expect(await temporaries(root)).toEqual([]);
  });

  it("take no object with them, when they are a second name of it", async () => {
    const root = await folder();
    await put(open(root), "a", "content");
    await link(join(root, "a"), join(root, ".stowage/tmp/left-2"));
    const then = new Date(Date.now() - 25 * HOUR_MS);
    await utimes(join(root, "a"), then, then);
    expect(await afterSweep(root, symlinkCheck)).toEqual([]);
    expect(await text(open(root), "a")).toBe("content");
  });

  it("are swept without touching folders", async () => {
    const root = await folder();
    await leave(root, "left-1", 25 * HOUR_MS);
    await mkdir(join(root, ".stowage/tmp/folder"));
    expect(await afterSweep(root, symlinkCheck)).toEqual([]);
    expect(await readdir(join(root, ".stowage/tmp"))).toEqual(["folder"]);
  });
});

describe.runIf(process.platform === "linux").each(CHECKS)(
  "temporary files of processes that can be seen (%s)",
  (symlinkCheck) => {
    it("are removed at once when that process has ended for certain", async () => {
      const [root, here] = [await folder(), await system()];
      const elsewhere = `0123.${here.slice(here.indexOf(".") + 1)}.4194305.1-elsewhere`;
      for (const name of [`${here}.${process.pid}.1-ended`, `${here}.4194305.1-ended`, elsewhere]) {
        await leave(root, name, 0);
      }
      expect(await afterSweep(root, symlinkCheck)).toEqual([elsewhere]);
    });

    it("stay when the process lives, however old they look", async () => {
      const [root, here] = [await folder(), await system()];
      const started = (await readFile("/proc/self/stat", "latin1")).split(") ")[1]?.split(" ")[19];
      await leave(root, `${here}.${process.pid}.${started}-alive`, 48 * HOUR_MS);
      expect(await afterSweep(root, symlinkCheck)).toHaveLength(1);
    });

    it("stay when the process is another user's and its start is hidden", async () => {
      const [root, here] = [await folder(), await system()];
      await leave(root, `${here}.4194305.1-hidden`, 48 * HOUR_MS);
      vi.spyOn(process, "kill").mockImplementation(() => {
        throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
      });
      expect(await afterSweep(root, symlinkCheck)).toHaveLength(1);
    });

    it("are found in the folders of the objects that they were to become, and their notes go too", async () => {
      const [root, here] = [await folder(), await system()];
      const before = open(root);
      await put(before, "a/b/c", "x");
      await before.close?.();
      const mark = `${here}.4194305.1-uuid`;
      await writeFile(join(root, `a/b/.stowage-tmp.${mark}-0`), "half");
      await writeFile(join(root, `.stowage/busy/${mark}-0`), "a/b\ngone\n");
      expect(await afterSweep(root, symlinkCheck)).toEqual([]);
      expect(await readdir(join(root, ".stowage/busy"))).toEqual([]);
    });

    it("are removed when a listing meets them, also without a note", async () => {
      const [root, here] = [await folder(), await system()];
      const provider = open(root, { symlinkCheck });
      await put(provider, "a/b", "x");
      await writeFile(join(root, `a/.stowage-tmp.${here}.4194305.1-uuid-0`), "half");
      const { objects, skipped } = await provider.list({});
      await provider.close?.();
      expect([objects.map(({ key }) => key), skipped]).toEqual([["a/b"], undefined]);
      expect(await temporaries(root)).toEqual([]);
    });
  },
);

describe.each(CHECKS)("a temporary file (%s)", (symlinkCheck) => {
  it("is private while it is written, whatever the permissions of objects", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    const modes: number[] = [];
    async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(10);
      for (const path of await temporaries(root)) modes.push((await stat(join(root, path))).mode & 0o077);
    }
    await put(provider, "a", body());
    expect(modes).toEqual([0]);
  });

  it("is neither listed nor swept while it is in use, whatever the clock says", async () => {
    const root = await folder();
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    const provider = open(root, { symlinkCheck });
    await leave(root, "left-1", 0);
    const { body, go } = gated();
    const putting = put(provider, "a/b", body());
    await until(async () => (await temporaries(root)).length === 2);
    const [, own = ""] = await temporaries(root);
    await utimes(join(root, own), 0, 0);
    await utimes(join(root, ".stowage/tmp/left-1"), 0, 0);
    vi.advanceTimersByTime(25 * HOUR_MS);
    await put(provider, "b", "x");
    await until(async () => !(await temporaries(root)).includes(".stowage/tmp/left-1"));
    expect((await provider.list({})).objects.map(({ key }) => key)).toEqual(["b"]);
    go();
    expect((await putting).size).toBe(10);
  });

  it("is gone and closed when its put has ended, with the notes of it", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await Promise.all(
      Array.from({ length: 300 }, (_, index) => put(provider, `${index}/a`, "x", { metadata: { a: "b" } })),
    );
    expect(await temporaries(root)).toEqual([]);
    await provider.close?.();
    expect(await readdir(join(root, ".stowage/busy"))).toEqual([]);
    expect(await openFiles(root)).toEqual([]);
  });
});
