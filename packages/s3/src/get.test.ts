import { GetObjectCommand } from "@aws-sdk/client-s3";
import { createStorage } from "@stowage/core";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { broken, mocked, refusal, type Mocked } from "./mocked.test-support.js";

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));

/** A connection that gives so many bytes in chunks, then ends in its way. */
function connection(bytes: Uint8Array, ending: "end" | "reset" | "close"): Readable {
  let sent = 0;
  return new Readable({
    read() {
      if (sent < bytes.byteLength) {
        this.push(bytes.subarray(sent, (sent += 7000)));
      } else if (ending === "end") this.push(null);
      else this.destroy(ending === "reset" ? broken("ECONNRESET") : undefined);
    },
  });
}

interface Asked {
  readonly Range?: string;
  readonly IfMatch?: string;
}

/** A server whose connections are cut after so many bytes each, the last number for all that follow. */
function cutting(
  { mock }: Mocked,
  cuts: readonly number[],
  ending: "end" | "reset" | "close" = "reset",
): Asked[] {
  const asked: Asked[] = [];
  mock.on(GetObjectCommand).callsFake((input: Asked) => {
    const [, first = "0", last = String(CONTENT.byteLength - 1)] =
      /^bytes=(\d+)-(\d*)$/.exec(input.Range ?? "") ?? [];
    const whole = CONTENT.subarray(Number(first), last === "" ? undefined : Number(last) + 1);
    const cut = cuts[Math.min(asked.length, cuts.length - 1)] ?? 0;
    asked.push(input);
    return {
      ETag: '"e"',
      ContentLength: whole.byteLength,
      ...(input.Range !== undefined && {
        ContentRange: `bytes ${first}-${Number(first) + whole.byteLength - 1}/${CONTENT.byteLength}`,
      }),
      Body: cut >= whole.byteLength ? connection(whole, "end") : connection(whole.subarray(0, cut), ending),
    };
  });
  return asked;
}

async function read(body: Readable | Uint8Array): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as Readable) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

describe("a body whose connection is cut", () => {
  it.each(["reset", "close", "end"] as const)(
    "goes on where it was, from the same version: %s",
    async (ending) => {
      const target = mocked();
      const asked = cutting(target, [30_000, 20_000, 0, 100_000], ending);
      const { body } = await target.provider.get("a", {});
      expect((await read(body)).equals(CONTENT)).toBe(true);
      expect(asked.map(({ Range, IfMatch }) => [Range, IfMatch])).toEqual([
        [undefined, undefined],
        ["bytes=30000-99999", '"e"'],
        ["bytes=50000-99999", '"e"'],
        ["bytes=50000-99999", '"e"'],
      ]);
    },
  );

  it("goes on inside the range that was asked for", async () => {
    const target = mocked();
    const asked = cutting(target, [1000, 100_000]);
    const { body } = await target.provider.get("a", { range: { offset: 500, length: 80_000 } });
    expect((await read(body)).equals(CONTENT.subarray(500, 80_500))).toBe(true);
    expect(asked.map(({ Range }) => Range)).toEqual(["bytes=500-80499", "bytes=1500-80499"]);
  });

  it.each(["reset", "close", "end"] as const)(
    "fails with Unavailable at once when it is small, for a wrapper to try again: %s",
    async (ending) => {
      const target = mocked();
      const asked = cutting(target, [1000], ending);
      const range = { offset: 500, length: 4000 };
      await expect(target.provider.get("a", { range })).rejects.toMatchObject({
        code: "Unavailable",
        retryable: true,
      });
      expect(asked).toHaveLength(1);
    },
  );

  it("fails with Unavailable when it is cut a fourth time, and asks no more", async () => {
    const target = mocked();
    const asked = cutting(target, [100]);
    const { body } = await target.provider.get("a", {});
    await expect(read(body)).rejects.toMatchObject({ code: "Unavailable", operation: "get", key: "a" });
    expect(asked).toHaveLength(4);
  });

  it("fails when the object is another version by now, without a byte of it", async () => {
    const target = mocked();
    cutting(target, [30_000]);
    target.mock.on(GetObjectCommand, { IfMatch: '"e"' }).rejects(refusal("PreconditionFailed", 412));
    const { body } = await target.provider.get("a", {});
    await expect(read(body)).rejects.toMatchObject({ code: "PreconditionFailed" });
  });

  it("is given up when its reader goes while the rest is opened", async () => {
    const target = mocked();
    cutting(target, [30_000]);
    let opened: Readable | undefined;
    const { body } = await target.provider.get("a", {});
    const reader = body as Readable;
    target.mock.on(GetObjectCommand, { IfMatch: '"e"' }).callsFake(() => {
      reader.destroy();
      opened = connection(CONTENT.subarray(30_000), "end");
      return { ETag: '"e"', ContentLength: 70_000, ContentRange: "bytes 30000-99999/100000", Body: opened };
    });
    await expect(read(reader)).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(opened?.destroyed).toBe(true);
  });
});

describe("a body", () => {
  it("does not read ahead of its reader", async () => {
    const target = mocked();
    const source = connection(CONTENT, "end");
    target.mock.on(GetObjectCommand).resolves({ ETag: '"e"', ContentLength: 100_000, Body: source as never });
    const { body } = await target.provider.get("a", {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(source.readableFlowing).toBe(false);
    (body as Readable).destroy();
    expect(source.destroyed).toBe(true);
  });

  it("of zero bytes ends", async () => {
    const target = mocked();
    target.mock
      .on(GetObjectCommand)
      .resolves({ ETag: '"e"', ContentLength: 0, Body: connection(new Uint8Array(0), "end") as never });
    const storage = createStorage(target.provider);
    expect(await (await storage.get("a")).text()).toBe("");
    await storage.close();
  });

  it("ends with the signal of its call", async () => {
    const target = mocked();
    cutting(target, [100_000]);
    const controller = new AbortController();
    const { body } = await target.provider.get("a", { signal: controller.signal });
    controller.abort(new Error("stop"));
    await expect(read(body)).rejects.toThrow("stop");
  });

  it("that comes whole where a range was asked for is Unsupported, and let go of", async () => {
    const target = mocked();
    const source = connection(CONTENT, "end");
    target.mock.on(GetObjectCommand).resolves({ ETag: '"e"', ContentLength: 100_000, Body: source as never });
    await expect(target.provider.get("a", { range: { offset: 5 } })).rejects.toMatchObject({
      code: "Unsupported",
    });
    expect(source.destroyed).toBe(true);
  });
});
