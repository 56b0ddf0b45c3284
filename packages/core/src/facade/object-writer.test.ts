import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { memory } from "../memory/memory.js";
import { testMember, failing } from "../testing/member.test-support.js";
import { patterned, rejection, streamOf, uncaughtDuring } from "../testing/streams.test-support.js";
import { createStorage } from "./create-storage.js";

const bytes = patterned(1_000_000);

describe("a writer", () => {
  it("stores what is written, and its stream ends when the object is there", async () => {
    const storage = createStorage(memory());
    const { stream, done } = storage.writer("a", { metadata: { owner: "ada" } });
    await pipeline(streamOf(bytes), stream);
    expect(await storage.find("a")).toMatchObject({ size: bytes.byteLength, metadata: { owner: "ada" } });
    expect(await done).toMatchObject({ key: "a", size: bytes.byteLength });
  });

  it("fails with the error of its put, on the stream and in the promise", async () => {
    const { provider } = testMember("it", { fault: failing("OutOfSpace") });
    const { stream, done } = createStorage(provider).writer("a");
    expect(await rejection(pipeline(streamOf(bytes), stream))).toMatchObject({ code: "OutOfSpace" });
    expect(await rejection(done)).toMatchObject({ code: "OutOfSpace" });
  });

  it("stores nothing when its stream is destroyed, or its source fails", async () => {
    const storage = createStorage(memory());
    const destroyed = storage.writer("a");
    destroyed.stream.write("abc");
    destroyed.stream.destroy();
    expect(await rejection(destroyed.done)).toMatchObject({ code: "SourceError" });
    const failed = storage.writer("b");
    const source = new Readable({ read: () => void source.destroy(new Error("broken")) });
    await rejection(pipeline(source, failed.stream));
    expect(await rejection(failed.done)).toMatchObject({ code: "SourceError" });
    expect([await storage.find("a"), await storage.find("b")]).toEqual([undefined, undefined]);
  });

  it("ends nothing in this process when nobody listens", async () => {
    const caught = await uncaughtDuring(async () => {
      const { stream } = createStorage(memory()).writer("a//b");
      stream.write("abc");
      await new Promise((resolve) => setImmediate(resolve));
      expect(stream.destroyed).toBe(true);
    });
    expect(caught).toEqual([]);
  });

  it("waits for the put before it takes more", async () => {
    const storage = createStorage(memory());
    const { stream, done } = storage.writer("a", { maxBytes: 10 });
    await rejection(pipeline(streamOf(bytes), stream));
    expect(await rejection(done)).toMatchObject({ code: "TooLarge", provider: undefined });
  });
});
