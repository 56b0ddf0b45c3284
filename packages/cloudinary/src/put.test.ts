import { createStorage, isStorageError } from "@stowage/core";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { PNG, codeOf, faked } from "./fake.test-support.js";

const MIB = 1024 * 1024;
const CHUNK = 6 * MIB;
const LARGE = { limits: { rawBytesMax: 2 ** 30 } };

function patterned(bytes: number): Buffer {
  return Buffer.alloc(bytes, "stowage0123456789");
}

function streamed(bytes: Buffer, piece = 100_000): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; at += piece) pieces.push(bytes.subarray(at, at + piece));
  return Readable.from(pieces, { objectMode: false });
}

describe("a body", () => {
  it.each([
    ["of one byte less than a chunk", CHUNK - 1, 1],
    ["of exactly a chunk", CHUNK, 1],
    ["of one byte more", CHUNK + 1, 2],
    ["of exactly two", 2 * CHUNK, 2],
    ["of two and a half", 2.5 * CHUNK, 3],
  ])("%s goes in as many requests as it must, from memory and as a stream", async (_, size, requests) => {
    const { fake, storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    const bytes = patterned(size);
    for (const [index, body] of [bytes, streamed(bytes)].entries()) {
      const before = fake.requests.length;
      const info = await storage.put(`${index}.bin`, body);
      const uploads = fake.requests.slice(before).filter(({ path }) => path.endsWith("/upload"));
      expect(uploads).toHaveLength(requests);
      expect(uploads.every(({ headers }) => "content-range" in headers === requests > 1)).toBe(true);
      expect(info.size).toBe(size);
      expect(info.etag).toBe(`"${createHash("md5").update(bytes).digest("hex")}"`);
      expect(Buffer.from(await (await storage.get(`${index}.bin`)).bytes()).equals(bytes)).toBe(true);
    }
    expect(fake.unfinishedUploads()).toBe(0);
  });

  it("says how far it is, in bytes that have left, and never goes back", async () => {
    const { fake, retrying: storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    const isSecond = ({ headers }: { headers: object }): boolean =>
      String((headers as Record<string, unknown>)["content-range"]).startsWith(`bytes ${CHUNK}-`);
    fake.fail({ matches: isSecond, fault: { type: "reset", afterBytes: 3 * MIB }, times: 1 });
    const seen: number[] = [];
    await storage.put("a.bin", streamed(patterned(2.5 * CHUNK)), {
      onProgress: ({ loaded }) => void seen.push(loaded),
    });
    expect(seen.length).toBeGreaterThan(20);
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
    expect(seen.at(-1)).toBe(2.5 * CHUNK);
  });

  it("that is not declared and turns out to be empty is Unsupported, without a request", async () => {
    const { fake, storage } = await faked();
    expect(await codeOf(storage.put("a.bin", Readable.from([], { objectMode: false })))).toBe("Unsupported");
    expect(await codeOf(storage.put("a.bin", ""))).toBe("Unsupported");
    expect(fake.requests).toHaveLength(0);
  });
});

describe("a chunk", () => {
  const chunkOf =
    (start: number) =>
    ({ headers }: { headers: object }) =>
      String((headers as Record<string, unknown>)["content-range"]).startsWith(`bytes ${start}-`);

  it.each([
    ["is answered with 503", { type: "status", status: 503 }],
    ["is answered with 500 before it is read", { type: "status", status: 500, early: true }],
    ["is answered with a page of HTML", { type: "html", status: 502 }],
    ["is reset in its middle", { type: "reset", afterBytes: MIB }],
    ["has an answer that is cut", { type: "truncated", afterBytes: 10 }],
    ["arrives, and its answer does not", { type: "lost" }],
  ] as const)("that %s is sent again, and it alone", async (_, fault) => {
    const { fake, retrying: storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    fake.fail({ matches: chunkOf(CHUNK), fault, times: 1 });
    const bytes = patterned(2.5 * CHUNK);
    await storage.put("a.bin", streamed(bytes));
    expect(fake.requests.filter(({ path }) => path.endsWith("/upload"))).toHaveLength(4);
    expect(fake.assets().map(({ body }) => body.md5)).toEqual([
      createHash("md5").update(bytes).digest("hex"),
    ]);
  });

  it.each([
    ["is answered with 503", { type: "status", status: 503 }],
    ["is reset in its middle", { type: "reset", afterBytes: MIB }],
    ["arrives, and its answer does not", { type: "lost" }],
  ] as const)("the last one, too, when it %s", async (_, fault) => {
    const { fake, retrying: storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    fake.fail({ matches: chunkOf(2 * CHUNK), fault, times: 1 });
    const bytes = patterned(2.5 * CHUNK);
    const { etag } = await storage.put("a.bin", streamed(bytes));
    expect(etag).toBe(`"${createHash("md5").update(bytes).digest("hex")}"`);
  });

  it("that fails three times ends the put, and nothing is there", async () => {
    const { fake, retrying: storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    fake.fail({ matches: chunkOf(CHUNK), fault: { type: "status", status: 503 } });
    expect(await codeOf(storage.put("a.bin", streamed(patterned(2.5 * CHUNK))))).toBe("Unavailable");
    expect(fake.assets()).toHaveLength(0);
  });

  it("of a source that fails is not completed", async () => {
    const { fake, retrying: storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    const failing = async function* (): AsyncGenerator<Buffer, void, undefined> {
      yield patterned(CHUNK + 10);
      throw new Error("the camera fell into the sea");
    };
    expect(await codeOf(storage.put("a.bin", failing()))).toBe("SourceError");
    expect(fake.assets()).toHaveLength(0);
  });

  it("that is aborted ends the put with the reason", async () => {
    const { fake, retrying: storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    fake.fail({ matches: chunkOf(CHUNK), fault: { type: "silent" } });
    const controller = new AbortController();
    const reason = new Error("enough");
    const put = storage.put("a.bin", patterned(2.5 * CHUNK), {
      signal: controller.signal,
      onProgress: ({ loaded }) => {
        if (loaded > 1.5 * CHUNK) controller.abort(reason);
      },
    });
    await expect(put).rejects.toBe(reason);
    expect(fake.assets()).toHaveLength(0);
  });
});

describe("a small stream", () => {
  const small = (): Readable => Readable.from([patterned(1000)], { objectMode: false });

  it.each([
    ["is answered with 499", { type: "status", status: 499 }],
    ["is answered with 503", { type: "status", status: 503 }],
    ["arrives, and its answer does not", { type: "lost" }],
  ] as const)("that %s is sent again", async (_, fault) => {
    const { fake, provider } = await faked();
    const storage = createStorage(provider, { retry: { baseMs: 1 } });
    fake.fail({ matches: ({ path }) => path.endsWith("/upload"), fault, times: 1 });
    expect((await storage.put("a.bin", small(), { ifNoneMatch: "*" })).size).toBe(1000);
    expect(fake.assets()).toHaveLength(1);
  });

  it("is sent as often as the caller wants", async () => {
    const { fake, provider } = await faked();
    const storage = createStorage(provider, { retry: { attempts: 5, baseMs: 1 } });
    fake.fail({ matches: ({ path }) => path.endsWith("/upload"), fault: { type: "status", status: 503 } });
    expect(await codeOf(storage.put("a.bin", small()))).toBe("Unavailable");
    expect(fake.requests.filter(({ path }) => path.endsWith("/upload"))).toHaveLength(5);
  });
});

describe("a create-only put", () => {
  it("loses against what is there, in one request and in chunks", async () => {
    const { storage } = await faked({ chunkBytes: CHUNK }, LARGE);
    await storage.put("a.bin", "first");
    expect(await codeOf(storage.put("a.bin", "second", { ifNoneMatch: "*" }))).toBe("AlreadyExists");
    const large = streamed(patterned(2 * CHUNK));
    expect(await codeOf(storage.put("a.bin", large, { ifNoneMatch: "*" }))).toBe("AlreadyExists");
    expect(await (await storage.get("a.bin")).text()).toBe("first");
  });
});

describe("the limits of a plan", () => {
  it("are TooLarge after the bytes were sent, and before they are the next time", async () => {
    const { fake, storage } = await faked({}, { limits: { rawBytesMax: 1000 } });
    const error: unknown = await storage.put("a.bin", patterned(1001)).catch((failure: unknown) => failure);
    expect(isStorageError(error, "TooLarge") && error.message).toBe(
      'Cannot put "a.bin": the file is larger than the plan allows: it has 1001 bytes, but at most 1000 are allowed',
    );
    const before = fake.requests.length;
    expect(await codeOf(storage.put("a.bin", patterned(1001)))).toBe("TooLarge");
    expect(fake.requests).toHaveLength(before);
    await storage.put("a.bin", patterned(1000));
  });

  it("of one request are TooLarge", async () => {
    const { storage } = await faked({}, { limits: { requestBytesMax: 10_000 } });
    expect(await codeOf(storage.put("a.bin", patterned(20_000)))).toBe("TooLarge");
  });

  it("of types are Unsupported", async () => {
    const { storage } = await faked({}, { limits: { forbiddenFormats: ["exe"] } });
    expect(await codeOf(storage.put("a.exe", "MZ"))).toBe("Unsupported");
  });
});

describe("an image", () => {
  it("is stored as one, byte for byte", async () => {
    const { fake, storage } = await faked();
    await storage.put("cats/1.png", PNG);
    expect(fake.assets()[0]).toMatchObject({ resourceType: "image", publicId: "cats/1.png", format: "png" });
    expect(Buffer.from(await (await storage.get("cats/1.png")).bytes()).equals(PNG)).toBe(true);
  });

  it("that is corrupt is Unsupported, so that a chain goes on", async () => {
    const { fake, storage } = await faked();
    expect(await codeOf(storage.put("cats/1.png", "no picture"))).toBe("Unsupported");
    expect(await codeOf(storage.put("cats/1.mp4", "no film"))).toBe("Unsupported");
    expect(fake.assets()).toHaveLength(0);
  });

  it("does not meet another that differs in its extension, or a raw file of that id", async () => {
    const { storage } = await faked({}, { checksFormats: false });
    for (const key of ["a.png", "a.jpg", "a.mp4", "a", "a.txt"]) await storage.put(key, key);
    for (const key of ["a.png", "a.jpg", "a.mp4", "a", "a.txt"]) {
      expect(await (await storage.get(key)).text()).toBe(key);
    }
  });
});
