import { UploadPartCommand } from "@aws-sdk/client-s3";
import { toBody } from "@stowage/core/provider";
import { describe, expect, it } from "vitest";
import { MIB, mocked, takeUploads } from "../mocked.test-support.js";

const CHUNK_BYTES = MIB / 4;
const PART_BYTES = 6 * MIB;
const CONCURRENCY = 2;
const PARTS = 8;
/** What the stream itself has read ahead, and the chunk that is between it and the uploader. */
const STREAM_BYTES = 4 * CHUNK_BYTES;

interface Kept {
  readonly stated: number | undefined;
  /** The most that had been taken of the stream, and had not been answered for. */
  readonly most: number;
}

/** Sends a stream to a server that answers for no part before so many bytes of it were taken. */
async function keptOf(uploader: "pooled" | "lib-storage", leastBytes: number): Promise<Kept> {
  const { mock, provider } = mocked({ uploader, partSizeBytes: PART_BYTES, concurrency: CONCURRENCY });
  takeUploads(mock);
  let [taken, answered, most] = [0, 0, 0];
  let goOn: () => void = () => {};
  const isTaken = new Promise<void>((resolve) => (goOn = resolve));
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    while (taken < PARTS * PART_BYTES) {
      taken += CHUNK_BYTES;
      most = Math.max(most, taken - answered);
      if (taken >= leastBytes) goOn();
      yield Buffer.alloc(CHUNK_BYTES);
    }
  }
  mock.on(UploadPartCommand).callsFake(async ({ Body, PartNumber }) => {
    await isTaken;
    // An uploader that took more would do so meanwhile.
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    answered += (Body as Uint8Array).byteLength;
    return { ETag: `"${String(PartNumber).padStart(32, "0")}"`, $metadata: {} };
  });
  await provider.put("a.bin", await toBody(source()), {});
  return { stated: provider.supports.bufferedBytes, most };
}

describe("what an upload says that it keeps of a stream", () => {
  it("is what it keeps: the parts that are sent, and the next", async () => {
    const { stated = 0, most } = await keptOf("pooled", (CONCURRENCY + 1) * PART_BYTES);
    expect(stated).toBe((CONCURRENCY + 1) * PART_BYTES);
    expect(most).toBeLessThanOrEqual(stated + STREAM_BYTES);
  });

  it("is enough for lib-storage", async () => {
    const { stated = 0, most } = await keptOf("lib-storage", CONCURRENCY * PART_BYTES);
    expect(most).toBeLessThanOrEqual(stated + STREAM_BYTES);
  });
});
