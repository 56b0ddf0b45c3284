import { createStorage, isStorageError, type StorageEvent } from "@stowage/core";
import { canReadInto, type ReadsInto } from "@stowage/core/provider";
import { truncate } from "node:fs/promises";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folder, idle, open, patterned, put, readAll, rejection } from "./testing/disk.test-support.js";

const BYTES = patterned(1_000_000);

async function opened(root: string, onEvent?: (event: StorageEvent) => void): Promise<ReadsInto> {
  const provider = open(root);
  await put(provider, "a", BYTES);
  const stream = (await createStorage(provider, { onEvent }).get("a")).readable();
  if (!canReadInto(stream)) throw new Error("a file can be read into memory of its reader");
  return stream;
}

async function readIn(stream: ReadsInto, blockBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const block = Buffer.alloc(blockBytes);
  for (let count = -1; count !== 0;) {
    count = await stream.readInto(block);
    parts.push(Buffer.from(block.subarray(0, count)));
  }
  return Buffer.concat(parts);
}

describe("a file that is read into memory of its reader", () => {
  it.each([1_000_000, 999_999, 65_536, 2_000_000])("gives every byte in blocks of %i", async (blockBytes) => {
    const root = await folder();
    const events: StorageEvent[] = [];
    const stream = await opened(root, (event) => events.push(event));
    const closed = once(stream, "close");
    expect((await readIn(stream, blockBytes)).equals(BYTES)).toBe(true);
    await closed;
    expect(stream.readableEnded).toBe(true);
    expect(canReadInto(stream)).toBe(false);
    expect(events).toContainEqual(expect.objectContaining({ type: "read", bytes: BYTES.byteLength }));
    expect(await idle(root)).toEqual([]);
  });

  it("goes on in chunks where the blocks have ended", async () => {
    const stream = await opened(await folder());
    const block = Buffer.alloc(300_000);
    expect(await stream.readInto(block)).toBe(300_000);
    expect((await readAll(stream)).equals(BYTES.subarray(300_000))).toBe(true);
  });

  it("cannot be read in blocks once it is read in chunks", async () => {
    const stream = await opened(await folder());
    const reading = readAll(stream);
    expect(canReadInto(stream)).toBe(false);
    await expect(stream.readInto(Buffer.alloc(10))).rejects.toThrow("The stream does not support readInto");
    expect((await reading).equals(BYTES)).toBe(true);
  });

  it("fails when the file becomes shorter, and closes it", async () => {
    const root = await folder();
    const stream = await opened(root);
    expect(await stream.readInto(Buffer.alloc(65_536))).toBe(65_536);
    await truncate(join(root, "a"), 70_000);
    const error = await rejection(stream.readInto(Buffer.alloc(65_536)));
    expect(isStorageError(error, "Integrity")).toBe(true);
    expect(stream.destroyed).toBe(true);
    expect(await idle(root)).toEqual([]);
  });

  it("rejects when it is closed while it reads, and closes the file", async () => {
    const root = await folder();
    const stream = await opened(root);
    const reading = rejection(stream.readInto(Buffer.alloc(65_536)));
    stream.destroy();
    expect(await reading).toBeInstanceOf(Error);
    expect(await idle(root)).toEqual([]);
  });
});
