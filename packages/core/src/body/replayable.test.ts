import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toBody, type BodyInput } from "./body.js";
import { isStorageError } from "../contract/errors.js";
import { replayable, type ReplayableBody, type ReplayableOptions } from "./replayable.js";
import { randomNumbers, seed } from "../testing/random.test-support.js";
import {
  openFiles,
  patterned,
  pieces,
  readAll,
  rejection,
  streamOf,
  until,
} from "../testing/streams.test-support.js";

const bytes = patterned(3_000_000);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stowage-replayable-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function keep(
  input: BodyInput,
  options: ReplayableOptions = {},
  size?: number,
): Promise<ReplayableBody> {
  return replayable(await toBody(input, { size }), { directory, ...options });
}

async function readSome(stream: Readable, length: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let seen = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    if ((seen += chunk.byteLength) >= length) break;
  }
  return Buffer.concat(chunks);
}

const ways: readonly (readonly [string, ReplayableOptions])[] = [
  ["in memory", { memoryBytes: 4_000_000 }],
  ["in memory, then in a file", { memoryBytes: 100_000 }],
  ["in a file", { memoryBytes: 0 }],
];

describe.each(ways)("a one-shot body that is kept %s", (_, options) => {
  it("streams through and can be read again", async () => {
    const body = await keep(streamOf(bytes), options);
    for (let reading = 0; reading < 3; reading++)
      expect((await readAll(body.open())).equals(bytes)).toBe(true);
    expect(body.replayable).toBe(true);
    await body.release();
  });

  it("is whole for the second reader when the first stops midway", async () => {
    const body = await keep(streamOf(bytes), options);
    const start = await readSome(body.open(), 1_000_000);
    expect(start.equals(bytes.subarray(0, start.byteLength))).toBe(true);
    expect((await readAll(body.open())).equals(bytes)).toBe(true);
    await body.release();
  });

  it("is whole for the second reader when the first never read a byte", async () => {
    const body = await keep(streamOf(bytes), options);
    body.open().destroy();
    expect((await readAll(body.open())).equals(bytes)).toBe(true);
    await body.release();
  });

  it("is whole for several readers at once", async () => {
    const body = await keep(streamOf(bytes, 10_007), options);
    const early = [readAll(body.open()), readAll(body.open()), readSome(body.open(), 500_000)];
    await early[2];
    const all = await Promise.all([early[0], early[1], readAll(body.open())]);
    expect(all.every((one) => one?.equals(bytes) === true)).toBe(true);
    await body.release();
  });

  it("gives a failed source's error to every reader", async () => {
    const cause = new Error("broken");
    const body = await keep(
      (async function* () {
        yield* pieces(bytes.subarray(0, 500_000), 50_000);
        throw cause;
      })(),
      options,
    );
    expect(await rejection(readAll(body.open()))).toMatchObject({ code: "SourceError", cause });
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
    await body.release();
  });

  it.each([2_999_999, 3_000_001])("is refused to every reader when its size is not %d", async (size) => {
    const body = await keep(streamOf(bytes), options, size);
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
    await body.release();
  });

  it("leaves no file and no open descriptor", async () => {
    const body = await keep(streamOf(bytes), options);
    await readAll(body.open());
    await readSome(body.open(), 1);
    await body.release();
    expect(await openFiles(directory)).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  it("may be released twice", async () => {
    const body = await keep(streamOf(bytes), options);
    await readAll(body.open());
    await body.release();
    await body.release();
    expect(await openFiles(directory)).toEqual([]);
  });

  it("may be released while it is being read, and the reader fails", async () => {
    const source = new PassThrough();
    source.write(bytes.subarray(0, 200_000));
    const body = await keep(source, options);
    const reader = body.open();
    await once(reader, "readable");
    const read = rejection(readAll(reader));
    await body.release();
    expect(isStorageError(await read, "SourceError")).toBe(true);
    expect(source.destroyed).toBe(true);
    expect(await openFiles(directory)).toEqual([]);
  });

  it("cannot be read any more when it has been released", async () => {
    const body = await keep(streamOf(bytes), options);
    await readAll(body.open());
    await body.release();
    const read = (async () => readAll(body.open()))();
    expect(isStorageError(await rejection(read), "SourceError")).toBe(true);
  });
});

describe("a one-shot body", () => {
  it(`is whole whatever readers come and go (seed ${seed})`, async () => {
    const random = randomNumbers();
    for (let round = 0; round < 30; round++) {
      const length = Math.floor(random() * 200_000);
      const content = patterned(length);
      const memoryBytes = Math.floor(random() * 100_000);
      const body = await keep(streamOf(content, 1 + Math.floor(random() * 20_000)), { memoryBytes });
      const readers = Array.from({ length: 4 }, async () => {
        if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
        const part = Math.floor(random() * length);
        if (random() < 0.5) await readSome(body.open(), part);
        return await readAll(body.open());
      });
      const all = await Promise.all(readers);
      await body.release();
      expect(all.every((one) => one.equals(content))).toBe(true);
    }
  });

  it("of no bytes is kept too", async () => {
    const body = await keep(streamOf(new Uint8Array()));
    expect(await readAll(body.open())).toHaveLength(0);
    expect(await readAll(body.open())).toHaveLength(0);
    await body.release();
  });

  it("is not read before somebody wants it", async () => {
    let asked = false;
    const body = await keep(
      (async function* () {
        asked = true;
        yield "x";
      })(),
    );
    body.open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(false);
    await body.release();
  });

  it("cannot be read from an offset", async () => {
    const body = await keep(streamOf(bytes));
    expect(() => body.open({ offset: 1, length: 1 })).toThrow(/offset/);
    await body.release();
  });

  it("is let go of when it is released before anybody read it", async () => {
    let asked = false;
    const body = await keep(
      (async function* () {
        asked = true;
        yield "x";
      })(),
    );
    await body.release();
    const read = (async () => readAll(body.open()))();
    expect(isStorageError(await rejection(read), "SourceError")).toBe(true);
    expect(asked).toBe(false);
  });
});

describe("a body that can be read again anyway", () => {
  it("is taken as it is", async () => {
    const body = await toBody("abc");
    const kept = replayable(body);
    expect(kept.bytes).toBe(body.bytes);
    expect(kept.replayable).toBe(true);
    await kept.release();
    expect((await readAll(kept.open())).toString()).toBe("abc");
  });
});

describe("a body that cannot be kept", () => {
  const reasons: readonly (readonly [string, ReplayableOptions])[] = [
    ["because it passes maxBytes in memory", { maxBytes: 500_000, memoryBytes: 4_000_000 }],
    ["because it passes maxBytes in a file", { maxBytes: 500_000, memoryBytes: 10_000 }],
    ["because its directory does not exist", { directory: "/nowhere/at/all", memoryBytes: 10_000 }],
    ["because its disk is full", { directory: "/dev/full", memoryBytes: 10_000 }],
  ];

  it.each(reasons)("goes on %s", async (_, options) => {
    const body = await keep(streamOf(bytes), options);
    expect(body.replayable).toBe(true);
    expect((await readAll(body.open())).equals(bytes)).toBe(true);
    await body.release();
  });

  it.each(reasons)("is not replayable any more %s", async (_, options) => {
    const body = await keep(streamOf(bytes), options);
    await readAll(body.open());
    expect(body.replayable).toBe(false);
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
    await body.release();
  });

  it.each(reasons)("leaves nothing behind %s", async (_, options) => {
    const body = await keep(streamOf(bytes), options);
    await readAll(body.open());
    expect(await openFiles(directory)).toEqual([]);
    await body.release();
    expect(await readdir(directory)).toEqual([]);
  });

  it("goes on for two readers that are equally far", async () => {
    const body = await keep(streamOf(bytes), { maxBytes: 500_000 });
    const all = await Promise.all([readAll(body.open()), readAll(body.open())]);
    expect(all.every((one) => one.equals(bytes))).toBe(true);
    await body.release();
  });

  it("of exactly maxBytes is kept", async () => {
    const body = await keep(streamOf(bytes), { maxBytes: bytes.byteLength, memoryBytes: 10_000 });
    await readAll(body.open());
    expect(body.replayable).toBe(true);
    expect((await readAll(body.open())).equals(bytes)).toBe(true);
    await body.release();
  });
});

describe("the temporary file", () => {
  it("has no name that others could open", async () => {
    const body = await keep(streamOf(bytes), { memoryBytes: 0 });
    await readAll(body.open());
    expect(await readdir(directory)).toEqual([]);
    expect(await openFiles(directory)).toHaveLength(1);
    await body.release();
  });

  it.skipIf(process.platform !== "linux")("is for its owner alone", async () => {
    const body = await keep(streamOf(bytes), { memoryBytes: 0 });
    await readAll(body.open());
    const [fd] = await descriptorsOf(directory);
    expect((await stat(`/proc/self/fd/${fd}`)).mode & 0o777).toBe(0o600);
    await body.release();
  });

  it("is not made for a body that fits into memory", async () => {
    const body = await keep(streamOf(bytes), { memoryBytes: bytes.byteLength });
    await readAll(body.open());
    expect(await openFiles(directory)).toEqual([]);
    await body.release();
  });

  it("keeps what a slow reader has not read yet out of memory", async () => {
    const body = await keep(streamOf(bytes), { memoryBytes: 0 });
    const slow = body.open();
    await once(slow, "readable");
    await readAll(body.open());
    expect((await readAll(slow)).equals(bytes)).toBe(true);
    await body.release();
    await until(async () => (await openFiles(directory)).length === 0);
  });
});

async function descriptorsOf(part: string): Promise<readonly string[]> {
  const { readlink } = await import("node:fs/promises");
  const all = await readdir("/proc/self/fd");
  const links = await Promise.all(all.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return all.filter((_, index) => links[index]?.includes(part));
}
