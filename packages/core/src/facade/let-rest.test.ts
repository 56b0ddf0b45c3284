import { once } from "node:events";
import { PassThrough, type Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import { memory } from "../memory/memory.js";
import { patterned, readAll, rejection, streamOf } from "../testing/streams.test-support.js";
import { createStorage } from "./create-storage.js";
import type { FileStorage } from "./storage.js";

const bytes = patterned(3_000_000);

interface World {
  readonly storage: FileStorage;
  /** The streams that the provider has opened, in order. */
  readonly opened: Readable[];
  readonly inner: StorageProvider;
}

/** A provider that gives objects as streams. */
function world(change: (result: GetResult) => Partial<GetResult> = () => ({})): World {
  const inner = memory();
  const opened: Readable[] = [];
  const get: StorageProvider["get"] = async (key, options) => {
    const result = await inner.get(key, options);
    const body = streamOf(result.body as Uint8Array, 100_000);
    opened.push(body);
    return { ...result, body, ...change(result) };
  };
  return { storage: createStorage({ ...inner, get }), opened, inner };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("an object that nobody reads", () => {
  it("gives its source back after 30 seconds, and is whole when it is read later", async () => {
    const { storage, opened } = world();
    await storage.put("a", bytes);
    const object = await storage.get("a");
    await vi.advanceTimersByTimeAsync(29_000);
    expect(opened[0]?.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(opened[0]?.destroyed).toBe(true);
    expect((await readAll(object.readable())).equals(bytes)).toBe(true);
    expect(opened).toHaveLength(2);
  });

  it("does so in the middle too, and more often than once", async () => {
    const { storage, opened } = world();
    await storage.put("a", bytes);
    const body = (await storage.get("a", { range: { offset: 10, length: 2_000_000 } })).readable();
    const parts: Buffer[] = [];
    for (let pause = 0; pause < 6; pause++) {
      if (body.readableLength === 0) await once(body, "readable");
      parts.push(body.read(Math.min(body.readableLength, 150_000)) as Buffer);
      await vi.advanceTimersByTimeAsync(61_000);
    }
    parts.push(Buffer.from(await readAll(body)));
    expect(Buffer.concat(parts).equals(bytes.subarray(10, 2_000_010))).toBe(true);
    expect(opened.length).toBeGreaterThan(4);
    expect(opened.slice(0, -1).every(({ destroyed }) => destroyed)).toBe(true);
  });

  it("fails with Unavailable when it was replaced meanwhile", async () => {
    const { storage } = world();
    await storage.put("a", bytes);
    const object = await storage.get("a");
    await vi.advanceTimersByTimeAsync(31_000);
    await storage.put("a", "another");
    expect(await rejection(object.bytes())).toMatchObject({
      code: "Unavailable",
      message: expect.stringContaining("replaced or deleted") as string,
    });
  });

  it("fails with Unavailable where it has no ETag to be known again by", async () => {
    const { storage, opened } = world(({ info }) => ({ info: { ...info, etag: undefined } }));
    await storage.put("a", bytes);
    const object = await storage.get("a");
    await vi.advanceTimersByTimeAsync(31_000);
    expect(opened[0]?.destroyed).toBe(true);
    expect(await rejection(object.bytes())).toMatchObject({ code: "Unavailable" });
  });

  it("stays open for five minutes when it is a file of which something was read", async () => {
    const { storage, opened } = world(() => ({ isFile: true }));
    await storage.put("a", bytes);
    const body = (await storage.get("a")).readable();
    await once(body, "readable");
    body.read(1);
    await vi.advanceTimersByTimeAsync(290_000);
    expect(opened[0]?.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(310_000);
    expect(opened[0]?.destroyed).toBe(true);
    expect(await readAll(body)).toHaveLength(bytes.byteLength - 1);
  });

  it("is held for as long as the storage says", async () => {
    const { inner, opened } = world();
    const held = createStorage(inner, { unreadMs: 0 });
    await held.put("a", bytes);
    expect(opened).toEqual([]);
    expect(() => createStorage(inner, { unreadMs: -1 })).toThrow(TypeError);
  });
});

describe("an object that is piped", () => {
  it("is let go when its destination is closed before the end", async () => {
    const { storage, opened } = world();
    await storage.put("a", bytes);
    const destination = new PassThrough();
    (await storage.get("a")).readable().pipe(destination);
    await once(destination, "readable");
    destination.destroy();
    await vi.advanceTimersByTimeAsync(0);
    expect(opened[0]?.destroyed).toBe(true);
  });

  it("stays when somebody else reads it", async () => {
    const { storage, opened } = world();
    await storage.put("a", bytes);
    const [gone, left] = [new PassThrough(), new PassThrough()];
    const body = (await storage.get("a")).readable();
    body.pipe(gone);
    body.pipe(left);
    await once(gone, "readable");
    gone.destroy();
    await vi.advanceTimersByTimeAsync(0);
    expect(opened[0]?.destroyed).toBe(false);
    expect((await readAll(left)).equals(bytes)).toBe(true);
  });
});
