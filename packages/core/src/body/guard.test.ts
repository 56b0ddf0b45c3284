import { PassThrough, type Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { StorageError } from "../contract/errors.js";
import { guardResult } from "./guard.js";
import { memory } from "../memory/memory.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";
import { readAll, rejection, streamOf, until } from "../testing/streams.test-support.js";

const provider = memory({ name: "disk" });
const notExact: StorageProvider = { ...provider, supports: { ...provider.supports, byteExact: false } };
const info = { key: "a", size: 6, provider: "leaf", ref: "disk://a" };
const range = { offset: 2, length: 3, size: 6 };

function guarded(body: Uint8Array | Readable, more: Partial<GetResult> = {}): Readable {
  return guardResult({ info, body, ...more }, provider, 15).body as Readable;
}

describe("the body of a read object", () => {
  it("passes when it is as long as the object", async () => {
    expect((await readAll(guarded(streamOf(Buffer.from("abcdef"), 2)))).toString()).toBe("abcdef");
    expect(guardResult({ info, body: Buffer.from("abcdef") }, provider).body).toHaveLength(6);
  });

  it("passes when it is as long as the range", async () => {
    expect((await readAll(guarded(streamOf(Buffer.from("cde")), { range }))).toString()).toBe("cde");
  });

  it.each([
    ["shorter than the object", "abc", {}],
    ["longer than the object", "abcdefg", {}],
    ["longer than the range", "abcdef", { range }],
    ["empty", "", {}],
  ])("fails with Integrity when it is %s", async (_, text, more) => {
    const expected = { code: "Integrity", applied: "no", operation: "get", key: "a", provider: "leaf" };
    expect(await rejection(readAll(guarded(streamOf(Buffer.from(text)), more)))).toMatchObject(expected);
    expect(() => guardResult({ info, body: Buffer.from(text), ...more }, provider)).toThrow(
      expect.objectContaining(expected),
    );
  });

  it("of a provider that is not byte-exact may be of any length", async () => {
    const result = guardResult({ info, body: streamOf(Buffer.from("abc")) }, notExact);
    expect((await readAll(result.body as Readable)).toString()).toBe("abc");
    expect(guardResult({ info, body: Buffer.from("abc") }, notExact).body).toHaveLength(3);
  });

  it("that breaks fails with Unavailable and the cause", async () => {
    const cause = new Error("ECONNRESET");
    const stream = new PassThrough();
    stream.write("abc");
    const failed = rejection(readAll(guarded(stream)));
    await until(() => stream.readableLength === 0);
    stream.destroy(cause);
    expect(await failed).toMatchObject({ code: "Unavailable", retryable: true, cause });
  });

  it("that fails with a StorageError passes it on", async () => {
    const error = new StorageError("Archived", "x", { operation: "get", provider: "leaf", key: "a" });
    const stream = new PassThrough();
    const failed = rejection(readAll(guarded(stream)));
    stream.destroy(error);
    expect(await failed).toBe(error);
  });

  it("that is closed before its end never looks whole", async () => {
    const stream = new PassThrough();
    stream.write("abc");
    const failed = rejection(readAll(guarded(stream)));
    await until(() => stream.readableLength === 0);
    stream.destroy();
    expect(await failed).toMatchObject({ code: "Integrity" });
  });

  it("that falls silent fails with Timeout", async () => {
    const stream = new PassThrough();
    stream.write("abc");
    expect(await rejection(readAll(guarded(stream)))).toMatchObject({ code: "Timeout", retryable: true });
    expect(stream.destroyed).toBe(true);
  });

  it("is guarded once", () => {
    const first = guardResult({ info, body: streamOf(Buffer.from("abcdef")) }, provider);
    expect(guardResult(first, provider)).toBe(first);
    (first.body as Readable).destroy();
  });

  it("releases the stream below when it is destroyed", async () => {
    const stream = new PassThrough();
    guarded(stream).destroy();
    await until(() => stream.destroyed);
    expect(stream.destroyed).toBe(true);
  });
});
