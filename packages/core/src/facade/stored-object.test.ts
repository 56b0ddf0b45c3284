import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { GetResult } from "../contract/provider.js";
import { toStoredObject, type StoredObject } from "./stored-object.js";
import { patterned, pieces, readAll, rejection, streamOf, until } from "../testing/streams.test-support.js";

const bytes = patterned(300_000);

function result(body: Uint8Array | Readable, facts: Partial<GetResult["info"]> = {}): GetResult {
  return { info: { key: "a", size: 3, provider: "disk", ref: "disk://a", ...facts }, body };
}

async function readWeb(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sources: readonly (readonly [string, () => Uint8Array | Readable])[] = [
  ["bytes", () => bytes],
  ["a stream", () => streamOf(bytes)],
];

describe.each(sources)("an object of %s", (_, make) => {
  it.each<readonly [string, (object: StoredObject) => Promise<Uint8Array>]>([
    ["bytes()", (object) => object.bytes()],
    ["readable()", (object) => readAll(object.readable())],
    ["body", (object) => readWeb(object.body)],
    ["for await", async (object) => await collect(object)],
    ["a Response", async (object) => new Uint8Array(await new Response(object.body).arrayBuffer())],
  ])("is read whole with %s", async (_name, read) => {
    expect(bytes.equals(await read(toStoredObject(result(make()))))).toBe(true);
  });

  it("has the same stream each time it is asked for", () => {
    const object = toStoredObject(result(make()));
    expect(object.readable()).toBe(object.readable());
    expect(object.body).toBe(object.body);
    object.destroy();
  });

  it.each<readonly [string, (object: StoredObject) => Promise<unknown>]>([
    ["bytes()", (object) => object.bytes()],
    ["text()", (object) => object.text()],
    ["body", async (object) => await readWeb(object.body)],
    ["for await", collect],
  ])("is never given as empty when it is read a second time with %s", async (_name, again) => {
    const object = toStoredObject(result(make()));
    await readAll(object.readable());
    expect(await rejection(again(object))).toBeInstanceOf(TypeError);
  });

  it("can be destroyed at any time, also twice", async () => {
    const object = toStoredObject(result(make()));
    object.destroy();
    object.destroy();
    const read = toStoredObject(result(make()));
    await read.bytes();
    read.destroy();
    await using disposed = toStoredObject(result(make()));
    expect(disposed.info.key).toBe("a");
  });
});

async function collect(object: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of object) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("an object", () => {
  it("reads as text in UTF-8, also where a character is cut in two", async () => {
    const text = "grüße 😀";
    expect(await toStoredObject(result(streamOf(Buffer.from(text), 1))).text()).toBe(text);
  });

  it("reads as JSON", async () => {
    expect(await toStoredObject(result(Buffer.from('{"a":[1]}'))).json()).toEqual({ a: [1] });
    expect(await rejection(toStoredObject(result(Buffer.from("{"))).json())).toBeInstanceOf(SyntaxError);
  });

  it.each(["bytes", "text", "json"] as const)("whose stream fails rejects %s() with that", async (read) => {
    const broken = new Error("broken");
    const stream = Readable.from(
      (async function* () {
        yield Buffer.from("[1");
        throw broken;
      })(),
    );
    expect(await rejection(toStoredObject(result(stream))[read]())).toBe(broken);
  });

  it("whose stream fails passes that on as a Web stream", async () => {
    const broken = new Error("broken");
    const stream = new PassThrough();
    const object = toStoredObject(result(stream));
    const failed = rejection(readWeb(object.body));
    stream.destroy(broken);
    expect(await failed).toBe(broken);
  });

  it.each<readonly [string, (object: StoredObject) => unknown]>([
    ["destroy()", (object) => object.destroy()],
    ["leaving a loop", (object) => leave(object)],
    ["cancelling its Web stream", (object) => object.body.cancel()],
    ["leaving a Web reader's loop", (object) => leave(object.body as unknown as AsyncIterable<Uint8Array>)],
    ["asyncDispose", (object) => (object as StoredObject & AsyncDisposable)[Symbol.asyncDispose]()],
  ])("releases its stream on %s", async (_, drop) => {
    const stream = Readable.from(pieces(bytes, 1000), { objectMode: false });
    const object = toStoredObject(result(stream));
    await drop(object);
    await until(() => stream.destroyed);
    expect(stream.destroyed).toBe(true);
  });

  it("is not read before somebody asks its Web stream", async () => {
    let asked = 0;
    const stream = new Readable({
      read() {
        asked++;
        this.push("x");
      },
    });
    const object = toStoredObject(result(stream));
    const reader = object.body.getReader();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(0);
    await reader.cancel();
  });
});

async function leave(iterable: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of iterable) {
    if (chunk.byteLength > 0) return;
  }
}

describe("the headers of an object", () => {
  it("are those of an HTTP response", () => {
    const lastModified = new Date("2026-01-02T03:04:05Z");
    const facts = {
      size: 10,
      contentType: "video/mp4",
      cacheControl: "no-cache",
      contentDisposition: "inline",
      etag: '"e"',
      lastModified,
    };
    expect(toStoredObject(result(bytes, facts)).headers()).toEqual({
      "accept-ranges": "bytes",
      "content-length": "10",
      "content-type": "video/mp4",
      "cache-control": "no-cache",
      "content-disposition": "inline",
      etag: '"e"',
      "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT",
    });
  });

  it("leave out what is not known", () => {
    expect(toStoredObject(result(bytes)).headers()).toEqual({
      "accept-ranges": "bytes",
      "content-length": "3",
    });
  });

  it("tell the range that is served", () => {
    const part = { ...result(bytes, { size: 10 }), range: { offset: 2, length: 3, size: 10 } };
    expect(toStoredObject(part).headers()).toMatchObject({
      "content-length": "3",
      "content-range": "bytes 2-4/10",
    });
  });

  it("fit a Response", async () => {
    const object = toStoredObject(result(Buffer.from("abc"), { contentType: "text/plain" }));
    const response = new Response(object.body, { headers: object.headers() });
    expect(response.headers.get("content-type")).toBe("text/plain");
    expect(await response.text()).toBe("abc");
  });
});
