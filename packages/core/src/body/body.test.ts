import { EventEmitter, once } from "node:events";
import { createReadStream, openAsBlob } from "node:fs";
import { chmod, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable, pipeline } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toBody, type BodyInput } from "./body.js";
import { fromFile, type FileBody } from "./file-body.js";
import { isStorageError } from "../contract/errors.js";
import {
  openFiles,
  patterned,
  pieces,
  readAll,
  rejection,
  streamOf,
  uncaughtDuring,
  until,
} from "../testing/streams.test-support.js";

const bytes = patterned(300_000);
let folder: string;
let path: string;
let emptyPath: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-body-"));
  path = join(folder, "bytes");
  emptyPath = join(folder, "empty");
  await writeFile(path, bytes);
  await writeFile(emptyPath, "");
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function* generated(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces(content, 10_000);
}

function webStream(content: Uint8Array): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces(content, 10_000)) as ReadableStream<Uint8Array>;
}

function passedThrough(content: Uint8Array): PassThrough {
  const stream = new PassThrough();
  pipeline(streamOf(content, 10_000), stream, () => {});
  return stream;
}

type Make = (content: Uint8Array) => BodyInput;
const arrayBufferOf = (content: Uint8Array): ArrayBuffer => new Uint8Array(content).buffer;
const fileOf = (content: Uint8Array): FileBody => fromFile(pathFor(content));
const pathFor = (content: Uint8Array): string => (content.byteLength === 0 ? emptyPath : path);

const replayableKinds: readonly (readonly [string, Make])[] = [
  ["a Uint8Array", (content) => new Uint8Array(content)],
  [
    "a Uint8Array that is a view",
    (content) => new Uint8Array(Buffer.concat([Buffer.alloc(5), content])).subarray(5),
  ],
  ["a Buffer", (content) => Buffer.from(content)],
  ["an ArrayBuffer", arrayBufferOf],
  ["a Blob", (content) => new Blob([new Uint8Array(content)])],
  ["a File", (content) => new File([new Uint8Array(content)], "x.bin")],
  ["a path", fileOf],
  ["a function of bytes", (content) => () => content],
  ["a function of a promise", (content) => async () => content],
  ["a function of a Blob", (content) => () => new Blob([new Uint8Array(content)])],
  ["a function of a Node stream", (content) => () => streamOf(content)],
  ["a function of a Web stream", (content) => () => webStream(content)],
  ["a function of a generator", (content) => () => generated(content)],
  ["a function of a path", (content) => () => fileOf(content)],
];

const oneShotKinds: readonly (readonly [string, Make])[] = [
  ["a Readable", (content) => streamOf(content)],
  ["a Readable in object mode", (content) => Readable.from(pieces(content, 10_000), { objectMode: true })],
  ["a file stream", (content) => createReadStream(pathFor(content))],
  ["a PassThrough", passedThrough],
  ["a Web stream", webStream],
  [
    "a Web byte stream",
    (content) => new Blob([new Uint8Array(content)]).stream() as ReadableStream<Uint8Array>,
  ],
  ["an async generator", generated],
  ["an async iterable of another make", (content) => ({ [Symbol.asyncIterator]: () => generated(content) })],
  ["a file stream that gives hexadecimal text", (content) => createReadStream(pathFor(content), "hex")],
  ["a file stream that gives base64 text", (content) => createReadStream(pathFor(content), "base64")],
  ["a file stream that gives Latin-1 text", (content) => createReadStream(pathFor(content), "latin1")],
];

describe("accepted bodies", () => {
  describe.each([...replayableKinds, ...oneShotKinds])("%s", (_, make) => {
    it("gives its bytes", async () => {
      const body = await toBody(make(bytes));
      expect((await readAll(body.open())).equals(bytes)).toBe(true);
    });

    it("gives no bytes when it has none", async () => {
      const body = await toBody(make(new Uint8Array()));
      expect(await readAll(body.open())).toHaveLength(0);
    });

    it("is accepted with its right size", async () => {
      const body = await toBody(make(bytes), { size: bytes.byteLength });
      expect(body.size).toBe(bytes.byteLength);
      expect(await readAll(body.open())).toHaveLength(bytes.byteLength);
    });

    it.each([
      ["shorter", bytes.byteLength + 1],
      ["longer", bytes.byteLength - 1],
    ])("fails with SourceError when it is %s than its declared size", async (_name, size) => {
      const read = toBody(make(bytes), { size }).then((body) => readAll(body.open()));
      expect(isStorageError(await rejection(read), "SourceError")).toBe(true);
    });

    it("leaves no file open when it is destroyed half-read", async () => {
      const stream = (await toBody(make(bytes))).open();
      await once(stream, "readable");
      stream.read(1);
      stream.destroy();
      await until(async () => (await openFiles(folder)).length === 0);
      expect(stream.destroyed).toBe(true);
    });
  });

  describe.each(replayableKinds)("%s", (_, make) => {
    it("can be read again", async () => {
      const body = await toBody(make(bytes));
      expect(body.replayable).toBe(true);
      for (let reading = 0; reading < 3; reading++) {
        expect((await readAll(body.open())).equals(bytes)).toBe(true);
      }
    });

    it("can be read by several at once", async () => {
      const body = await toBody(make(bytes));
      const all = await Promise.all([readAll(body.open()), readAll(body.open()), readAll(body.open())]);
      expect(all.every((one) => one.equals(bytes))).toBe(true);
    });

    it.each([
      [0, 1],
      [99_999, 100_002],
      [299_999, 1],
      [0, 300_000],
      [17, 0],
    ])("gives the stretch from %d of %d bytes", async (offset, length) => {
      const body = await toBody(make(bytes));
      const part = await readAll(body.open({ offset, length }));
      expect(part.equals(bytes.subarray(offset, offset + length))).toBe(true);
    });
  });

  describe.each(oneShotKinds)("%s", (_, make) => {
    it("can be read once", async () => {
      const body = await toBody(make(bytes));
      expect(body.replayable).toBe(false);
      await readAll(body.open());
      expect(() => body.open()).toThrow(/read only once/);
    });

    it("cannot be read from an offset", async () => {
      const body = await toBody(make(bytes));
      expect(() => body.open({ offset: 1, length: 1 })).toThrow(/offset/);
      body.open().destroy();
    });
  });

  it("takes a string as UTF-8", async () => {
    const body = await toBody("grüße 😀");
    expect(body.size).toBe(Buffer.byteLength("grüße 😀"));
    expect((await readAll(body.open())).toString()).toBe("grüße 😀");
  });

  it("takes strings from a stream as UTF-8", async () => {
    const body = await toBody(Readable.from(["grü", "ße 😀"]));
    expect((await readAll(body.open())).toString()).toBe("grüße 😀");
  });

  it("takes a request of node:http", async () => {
    const received: Buffer[] = [];
    const server = createServer((incoming, response) => {
      void toBody(incoming)
        .then((body) => readAll(body.open()))
        .then((all) => void received.push(all))
        .then(() => response.end());
    });
    await once(server.listen(0), "listening");
    const call = request({ port: (server.address() as AddressInfo).port, method: "POST", agent: false });
    pipeline(streamOf(bytes), call, () => {});
    const [response] = (await once(call, "response")) as [Readable];
    await readAll(response);
    server.close();
    expect(received[0]?.equals(bytes)).toBe(true);
  });

  it("shows bytes and paths, so that providers can take the short way", async () => {
    expect((await toBody("x")).bytes).toEqual(Buffer.from("x"));
    expect((await toBody(fromFile(path))).path).toBe(path);
  });
});

describe("refused bodies", () => {
  it.each([
    ["null", null],
    ["undefined", undefined],
    ["a number", 1],
    ["an object", {}],
    ["an array of bytes", [1, 2]],
    ["a symbol", Symbol("x")],
    ["a promise", Promise.resolve("x")],
    ["a path that is no string", { path: 5 }],
    ["a string that is not well-formed", "a\ud800"],
  ])("of wrong type are a TypeError: %s", async (_, input) => {
    await expect(toBody(input as never)).rejects.toBeInstanceOf(TypeError);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "3"])(
    "have a size that is no length: %s",
    async (size) => {
      await expect(toBody("abc", { size: size as number })).rejects.toBeInstanceOf(TypeError);
    },
  );

  it.each([
    ["a missing file", () => fromFile(join(folder, "nothing"))],
    ["a folder", () => fromFile(folder)],
    ["a path with NUL", () => fromFile("a\0b")],
    ["a stream that was read before", async () => readBefore()],
    ["a stream that was destroyed", () => streamOf(bytes).destroy()],
    ["a Web stream that somebody reads", () => locked()],
  ])("are a SourceError: %s", async (_, make) => {
    const input = (await make()) as BodyInput;
    expect(isStorageError(await rejection(toBody(input)), "SourceError")).toBe(true);
  });

  it("say which error a stream failed with before", async () => {
    const cause = new Error("broken");
    const stream = streamOf(bytes).on("error", () => {});
    stream.destroy(cause);
    await until(() => stream.closed);
    expect(await rejection(toBody(stream))).toMatchObject({ code: "SourceError", cause });
  });

  it.each([
    ["null", null],
    ["a number", 7],
    ["an object", { a: 1 }],
    ["text that is not well-formed", "a\ud83d"],
  ])("are streams that give %s", async (_, chunk) => {
    const body = await toBody(
      (async function* () {
        yield Buffer.from("x");
        yield chunk as string;
      })(),
    );
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
  });

  it("are functions that return functions", async () => {
    const body = await toBody(() => (() => "x") as never);
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
  });

  it("are files that have become shorter", async () => {
    const growing = join(folder, "shrinking");
    await writeFile(growing, "0123456789");
    const body = await toBody(fromFile(growing));
    await truncate(growing, 4);
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
  });

  it("are files that have become longer", async () => {
    const growing = join(folder, "growing");
    await writeFile(growing, "0123456789");
    const body = await toBody(fromFile(growing));
    await writeFile(growing, "01234567890");
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
  });

  it("are Blobs of a file that has changed", async () => {
    const changing = join(folder, "changing");
    await writeFile(changing, "0123456789");
    const body = await toBody(await openAsBlob(changing));
    await writeFile(changing, "other and longer");
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
  });

  it.skipIf(process.getuid?.() === 0)("are files that may not be read", async () => {
    const secret = join(folder, "secret");
    await writeFile(secret, "x");
    await chmod(secret, 0);
    const body = await toBody(fromFile(secret));
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
  });
});

async function readBefore(): Promise<Readable> {
  const stream = streamOf(bytes);
  await readAll(stream);
  return stream;
}

function locked(): ReadableStream<Uint8Array> {
  const stream = webStream(bytes);
  stream.getReader();
  return stream;
}

const cause = new Error("the source broke");

function failingStream(after: number): Readable {
  let given = 0;
  return new Readable({
    read() {
      if (given >= after) this.destroy(cause);
      else this.push(bytes.subarray(given, (given += 10_000)));
    },
  });
}

function failingWebStream(after: number): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (given >= after) controller.error(cause);
      else controller.enqueue(bytes.subarray(given, (given += 10_000)));
    },
  });
}

async function* failingGenerator(after: number): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces(bytes.subarray(0, after), 10_000);
  throw cause;
}

describe("a source that fails", () => {
  const moments = [
    ["before the first byte", 0],
    ["in the middle", 150_000],
    ["at the very end", 300_000],
  ] as const;
  const kinds: readonly (readonly [string, (after: number) => BodyInput])[] = [
    ["a Readable", failingStream],
    ["a Web stream", failingWebStream],
    ["a generator", failingGenerator],
    ["a function of a Readable", (after) => () => failingStream(after)],
    ["a function of a Web stream", (after) => () => failingWebStream(after)],
    ["a function of a generator", (after) => () => failingGenerator(after)],
  ];

  describe.each(kinds)("%s", (_, make) => {
    it.each(moments)("%s rejects with SourceError and its error as cause", async (_moment, after) => {
      const body = await toBody(make(after), { key: "a/b", provider: "disk" });
      expect(await rejection(readAll(body.open()))).toMatchObject({
        code: "SourceError",
        applied: "no",
        key: "a/b",
        provider: "disk",
        cause,
      });
    });

    it.each(moments)("%s is no uncaught exception when nobody reads", async (_moment, after) => {
      const caught = await uncaughtDuring(async () => {
        const stream = (await toBody(make(after))).open();
        stream.resume();
        await until(() => stream.destroyed);
      });
      expect(caught).toEqual([]);
    });
  });

  it("before it is opened is no uncaught exception, and the open fails", async () => {
    const stream = streamOf(bytes);
    const caught = await uncaughtDuring(async () => {
      const body = await toBody(stream);
      stream.destroy(cause);
      await until(() => stream.closed);
      expect(await rejection(readAll(body.open()))).toMatchObject({ code: "SourceError", cause });
    });
    expect(caught).toEqual([]);
  });

  it("before it is opened is no uncaught exception, also when it is a stream of another make", async () => {
    const foreign = Object.assign(new EventEmitter(), { [Symbol.asyncIterator]: () => failingGenerator(0) });
    const caught = await uncaughtDuring(async () => {
      const body = await toBody(foreign);
      setImmediate(() => foreign.emit("error", cause));
      await new Promise((resolve) => setImmediate(resolve));
      expect(await rejection(readAll(body.open()))).toMatchObject({ code: "SourceError", cause });
    });
    expect(caught).toEqual([]);
  });

  it("after its reader has gone is no uncaught exception", async () => {
    const stream = streamOf(bytes);
    const caught = await uncaughtDuring(async () => {
      const opened = (await toBody(stream)).open();
      await once(opened, "readable");
      opened.destroy();
      stream.emit("error", cause);
    });
    expect(caught).toEqual([]);
  });

  it("by throwing when it is asked for its iterator is a SourceError", async () => {
    const body = await toBody({
      [Symbol.asyncIterator]: () => {
        throw cause;
      },
    });
    const read = (async () => readAll(body.open()))();
    expect(await rejection(read)).toMatchObject({ code: "SourceError", cause });
  });

  it("with something that is not an error is a SourceError", async () => {
    const body = await toBody(
      (async function* () {
        yield "x";
        throw "broken"; // eslint-disable-line no-throw-literal -- others do
      })(),
    );
    expect(await rejection(readAll(body.open()))).toMatchObject({ code: "SourceError", cause: "broken" });
  });

  it("with undefined is a SourceError", async () => {
    const body = await toBody(
      (async function* () {
        yield "x";
        throw undefined; // eslint-disable-line no-throw-literal -- others do
      })(),
    );
    expect(isStorageError(await rejection(readAll(body.open())), "SourceError")).toBe(true);
  });

  it("because its function throws is a SourceError", async () => {
    const body = await toBody(() => {
      throw cause;
    });
    expect(await rejection(readAll(body.open()))).toMatchObject({ code: "SourceError", cause });
  });

  it("by being destroyed without an error is a SourceError", async () => {
    const stream = new PassThrough();
    stream.write("abc");
    const opened = (await toBody(stream)).open();
    await once(opened, "readable");
    stream.destroy();
    expect(isStorageError(await rejection(readAll(opened)), "SourceError")).toBe(true);
  });

  it("because the client has gone is a SourceError", async () => {
    let failed: unknown;
    const server = createServer((incoming) => {
      void toBody(incoming)
        .then((body) => rejection(readAll(body.open())))
        .then((error) => (failed = error));
    });
    await once(server.listen(0), "listening");
    const call = request({ port: (server.address() as AddressInfo).port, method: "POST", agent: false });
    call.on("error", () => {});
    call.setHeader("content-length", "1000");
    await new Promise<void>((resolve) => call.write("only this", () => resolve()));
    call.destroy();
    await until(() => failed !== undefined);
    server.close();
    expect(isStorageError(failed, "SourceError")).toBe(true);
  });

  it("is still a SourceError when its error is one of a storage", async () => {
    const inner = Object.assign(new Error("x"), { name: "StorageError", code: "Unavailable" });
    const body = await toBody(
      Readable.from(
        (async function* () {
          yield "x";
          throw inner;
        })(),
      ),
    );
    expect(await rejection(readAll(body.open()))).toMatchObject({ code: "SourceError", cause: inner });
  });
});

describe("a source that falls silent", () => {
  const silence = new Promise<never>(() => {});
  const kinds: readonly (readonly [string, () => BodyInput])[] = [
    ["a Readable", () => new Readable({ read() {} })],
    ["a PassThrough after some bytes", () => halfWritten(Buffer.from("abc"))],
    ["a stream that gives an empty piece last", () => emptyPieceLast()],
    ["a Web stream", () => new ReadableStream({ pull: () => silence })],
    ["a generator", () => silentGenerator()],
    ["an iterable that gives empty pieces only", () => emptyPieces()],
    ["a function whose promise stays open", () => () => silence],
    ["a function of a silent stream", () => () => new Readable({ read() {} })],
  ];

  it.each(kinds)("is a SourceError after idleMs: %s", async (_, make) => {
    const body = await toBody(make(), { idleMs: 20 });
    expect(await rejection(readAll(body.open()))).toMatchObject({
      code: "SourceError",
      reason: expect.stringContaining("20 ms"),
    });
  });

  it.each(kinds)("lets go of its reader at once when it is destroyed: %s", async (_, make) => {
    const stream = (await toBody(make())).open();
    stream.resume();
    await new Promise((resolve) => setImmediate(resolve));
    const closed = once(stream, "close");
    stream.destroy();
    await closed;
    expect(stream.closed).toBe(true);
  });

  it("is not meant when it is the reader who is slow", async () => {
    const stream = (await toBody(streamOf(patterned(2_000_000)), { idleMs: 40 })).open();
    await once(stream, "readable");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await readAll(stream)).toHaveLength(2_000_000);
  });

  it("leaves no timer behind when it ends", async () => {
    const before = timers();
    const body = await toBody(streamOf(bytes), { idleMs: 60_000 });
    await readAll(body.open());
    expect(timers()).toBe(before);
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

function halfWritten(start: Uint8Array): PassThrough {
  const stream = new PassThrough();
  stream.write(start);
  return stream;
}

function emptyPieceLast(): Readable {
  const stream = new PassThrough({ objectMode: true });
  stream.write(Buffer.from("abc"));
  setTimeout(() => stream.write(Buffer.alloc(0)), 5);
  return stream;
}

async function* silentGenerator(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from("abc");
  await new Promise(() => {});
}

async function* emptyPieces(): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    yield new Uint8Array();
  }
}

describe("a body whose reader stops", () => {
  it("returns its generator", async () => {
    let returned = false;
    const stream = (
      await toBody(
        (async function* () {
          try {
            for (;;) yield Buffer.alloc(100_000);
          } finally {
            returned = true;
          }
        })(),
      )
    ).open();
    await once(stream, "readable");
    stream.destroy();
    await until(() => returned);
    expect(returned).toBe(true);
  });

  it("cancels its Web stream with the reason", async () => {
    const reason = new Error("enough");
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.alloc(100_000)),
      cancel: (given) => void (cancelled = given),
    });
    const stream = (await toBody(source)).open();
    stream.on("error", () => {});
    await once(stream, "readable");
    stream.destroy(reason);
    await until(() => cancelled !== undefined);
    expect(cancelled).toBe(reason);
  });

  it("destroys its Node stream", async () => {
    const source = new Readable({
      read() {
        this.push(Buffer.alloc(100_000));
      },
    });
    const stream = (await toBody(source)).open();
    await once(stream, "readable");
    stream.destroy();
    await until(() => source.destroyed);
    expect(source.destroyed).toBe(true);
  });

  it("before its first byte leaves the source to its owner", async () => {
    const source = passedThrough(bytes);
    (await toBody(source)).open().destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.destroyed).toBe(false);
    expect((await readAll((await toBody(source)).open())).equals(bytes)).toBe(true);
  });

  it("while its function is still at work destroys what the function gives", async () => {
    const source = new PassThrough();
    let give: (stream: Readable) => void = () => {};
    const body = await toBody(() => new Promise<Readable>((resolve) => (give = resolve)));
    const stream = body.open();
    stream.resume();
    await new Promise((resolve) => setImmediate(resolve));
    stream.destroy();
    give(source);
    await until(() => source.destroyed);
    expect(source.destroyed).toBe(true);
  });

  it("is no uncaught exception when the source cannot be stopped", async () => {
    const caught = await uncaughtDuring(async () => {
      const iterator = {
        next: async () => ({ done: false as const, value: Buffer.alloc(100_000) }),
        return: () => {
          throw new Error("cannot stop");
        },
      };
      const stream = (await toBody({ [Symbol.asyncIterator]: () => iterator as never })).open();
      await once(stream, "readable");
      stream.destroy();
      await until(() => stream.closed);
    });
    expect(caught).toEqual([]);
  });
});

describe("a body that is longer than its declared size", () => {
  it.each<readonly [string, () => BodyInput]>([
    ["a stream", () => Readable.from(endless(), { objectMode: false })],
    ["a generator", endless],
    ["a function", () => endless],
  ])("is refused at once, not at its end: %s", async (_, make) => {
    const body = await toBody(make(), { size: 150_000 });
    expect(await rejection(readAll(body.open()))).toMatchObject({
      code: "SourceError",
      reason: expect.stringContaining("longer than its declared size of 150000 bytes") as string,
    });
  });
});

async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    yield Buffer.alloc(100_000);
  }
}

describe("a body that has been read", () => {
  it("unlocks its Web stream", async () => {
    const source = webStream(bytes);
    await readAll((await toBody(source)).open());
    expect(source.locked).toBe(false);
  });

  it("holds no more than its buffer, whatever the source offers", async () => {
    let given = 0;
    const source = new Readable({
      highWaterMark: 1024,
      read() {
        given += 64 * 1024;
        this.push(Buffer.alloc(64 * 1024));
      },
    });
    const stream = (await toBody(source)).open();
    await once(stream, "readable");
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    stream.destroy();
    expect(given).toBeLessThanOrEqual(1024 * 1024);
  });
});
