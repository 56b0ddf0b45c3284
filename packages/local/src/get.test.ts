import { createStorage } from "@stowage/core";
import fs from "node:fs";
import { appendFile, mkdir, open as openFile, truncate } from "node:fs/promises";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import {
  CHECKS,
  code,
  folder,
  idle,
  open,
  patterned,
  put,
  read,
  readAll,
  rejection,
} from "./testing/disk.test-support.js";

const LARGE = patterned(2_500_000);

describe.each(CHECKS)("a read (%s)", (symlinkCheck) => {
  it.each([
    [{ offset: 0 }, 0, 2_500_000],
    [{ offset: 0, length: 1 }, 0, 1],
    [{ offset: 1_000_000, length: 131_072 }, 1_000_000, 1_131_072],
    [{ offset: 1_000_000, length: 131_073 }, 1_000_000, 1_131_073],
    [{ offset: 2_499_999 }, 2_499_999, 2_500_000],
    [{ offset: 2_000_000, length: 9_000_000 }, 2_000_000, 2_500_000],
    [{ suffix: 600_000 }, 1_900_000, 2_500_000],
    [{ suffix: 9_000_000 }, 0, 2_500_000],
  ])("of the range %o gives exactly these bytes", async (range, from, to) => {
    const provider = open(await folder(), { symlinkCheck });
    await put(provider, "a", LARGE);
    const result = await provider.get("a", { range });
    const bytes = result.body instanceof Uint8Array ? Buffer.from(result.body) : await readAll(result.body);
    expect(bytes.equals(LARGE.subarray(from, to))).toBe(true);
    expect(result.range).toEqual({ offset: from, length: to - from, size: 2_500_000 });
  });

  it("of a range that starts behind the end is InvalidRange, and leaves no open file", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", LARGE);
    expect(await code(provider.get("a", { range: { offset: 2_500_000 } }))).toBe("InvalidRange");
    expect(await code(provider.get("a", { ifMatch: '"x"' }))).toBe("PreconditionFailed");
    expect(await idle(root)).toEqual([]);
  });

  it("gives the version that it began with, when the object is replaced or deleted meanwhile", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    for (const change of [
      () => put(provider, "a", patterned(2_500_000, 9)),
      () => provider.delete("a", {}),
    ]) {
      await put(provider, "a", LARGE);
      const { body } = await provider.get("a", {});
      await change();
      expect((await readAll(body as Readable)).equals(LARGE)).toBe(true);
    }
  });

  it("fails with Integrity when somebody truncates the file meanwhile", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", LARGE);
    const { body } = await provider.get("a", {});
    await truncate(join(root, "a"), 1_000_000);
    expect(await code(readAll(body as Readable))).toBe("Integrity");
    expect(await idle(root)).toEqual([]);
  });

  it("gives no more than the size that it told, when somebody appends to the file meanwhile", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", LARGE);
    const { body } = await provider.get("a", {});
    await appendFile(join(root, "a"), "more");
    expect((await readAll(body as Readable)).equals(LARGE)).toBe(true);
  });

  it("rejects with the signal's reason when it is aborted before", async () => {
    const provider = open(await folder(), { symlinkCheck });
    await put(provider, "a", "x");
    const reason = Object.assign(new Error("no"), { code: "ENOENT" });
    expect(await rejection(provider.get("a", { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await rejection(provider.head("a", { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});

describe.each(CHECKS)("the file of a read (%s)", (symlinkCheck) => {
  it("is closed when it was read to the end, and when it is empty", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", LARGE);
    await put(provider, "b", "");
    await read(provider, "a");
    await read(provider, "b");
    expect(await idle(root)).toEqual([]);
  });

  it.each(["unread", "half-read", "while reading"])(
    "is closed when 20 reads are dropped %s",
    async (when) => {
      const root = await folder();
      const provider = open(root, { symlinkCheck });
      await put(provider, "a", LARGE);
      for (let round = 0; round < 20; round++) {
        const body = (await provider.get("a", {})).body as Readable;
        if (when === "half-read") {
          await once(body, "readable");
          body.read(1_000);
        }
        if (when === "while reading") body.read(0);
        body.destroy();
      }
      expect(await idle(root)).toEqual([]);
    },
  );

  it("is closed when a reader stops half way, through a storage", async () => {
    const root = await folder();
    const storage = createStorage(open(root, { symlinkCheck }));
    await storage.put("a", LARGE);
    for (let round = 0; round < 5; round++) {
      for await (const chunk of await storage.get("a")) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
      const aborted = new AbortController();
      const object = await storage.get("a", { signal: aborted.signal });
      aborted.abort(new Error("enough"));
      await rejection(object.bytes());
      (await storage.get("a")).destroy();
    }
    expect(await idle(root)).toEqual([]);
  });

  it("is not closed under another's number, when reads are dropped while they read", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await put(provider, "a", LARGE);
    await mkdir(join(root, "other"));
    const handles = [];
    for (let round = 0; round < 100; round++) {
      const body = (await provider.get("a", {})).body as Readable;
      body.read(0);
      body.destroy();
      body.destroy();
      handles.push(await openFile(join(root, "other", `${round}`), "w"));
    }
    for (const [round, handle] of handles.entries()) {
      expect(fs.readlinkSync(`/proc/self/fd/${handle.fd}`)).toBe(join(root, "other", `${round}`));
      await handle.write("x");
      await handle.close();
    }
    expect(await idle(root)).toEqual([]);
  });
});
