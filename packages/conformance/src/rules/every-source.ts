import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setImmediate as tick } from "node:timers/promises";
import { isStorageError, type BodyInput, type BlobLike, type WebMessage } from "@stowage/core";
import type { Rule, RuleContext } from "../rule.js";
import { formFile, inChunks, nodeStream, pattern, peek, webStream } from "../sources.js";

const BYTES = pattern(100_001);

/** The stream inside a source. The rules let other code read, cancel or share this stream. */
type Inner = Readable | ReadableStream<Uint8Array> | undefined;

/** A kind of source. `inner` is absent if the source can be read again from its start. */
interface Kind {
  readonly title: string;
  readonly make: () => { readonly source: BodyInput; readonly inner?: Inner };
}

/** A use of a source by other code, before or during the put. The functions resolve when the use is over. */
interface Use {
  readonly title: string;
  readonly node: (stream: Readable) => unknown;
  readonly web: (stream: ReadableStream<Uint8Array>) => unknown;
  /** True if the use happens during the put, not before the put. */
  readonly beside?: boolean;
}

function again(title: string, source: () => BodyInput): Kind {
  return { title, make: () => ({ source: source() }) };
}

function node(title: string, make: () => Readable): Kind {
  return {
    title,
    make: () => {
      const inner = make();
      return { source: inner, inner };
    },
  };
}

function within<Inside extends NonNullable<Inner>>(
  title: string,
  make: () => Inside,
  wrap: (inner: Inside) => BodyInput,
): Kind {
  return {
    title,
    make: () => {
      const inner = make();
      return { source: wrap(inner), inner };
    },
  };
}

function message(title: string, make: () => Request | Response): Kind {
  return {
    title,
    make: () => {
      const source = make();
      return { source, inner: source.body ?? undefined };
    },
  };
}

const nodeBytes = (): Readable => nodeStream(BYTES, 9000);
const webBytes = (): ReadableStream<Uint8Array> => webStream(BYTES, 9000);

/** Makes a Web stream that fills the buffers of its reader. */
function byteStream(): ReadableStream<Uint8Array> {
  const chunks = inChunks(BYTES, 9000);
  return new ReadableStream({
    type: "bytes",
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (!done) controller.enqueue(Uint8Array.from(value));
      else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
  });
}

function passed(): Readable {
  const stream = new PassThrough();
  stream.write(BYTES.subarray(0, 40_000));
  stream.end(BYTES.subarray(40_000));
  return stream;
}

function otherBlob(): BlobLike {
  return { size: BYTES.byteLength, type: "", stream: () => new Blob([BYTES]).stream() };
}

function otherResponse(body: Readable | ReadableStream<Uint8Array>): WebMessage {
  return { body, headers: new Map<string, string>(), bodyUsed: false };
}

const KINDS: readonly Kind[] = [
  again("bytes", () => BYTES),
  again("a Buffer", () => Buffer.from(BYTES)),
  again("an ArrayBuffer", () => BYTES.slice().buffer),
  again("a DataView", () => new DataView(BYTES.slice().buffer)),
  again("an array of bytes", () => [BYTES.subarray(0, 1), BYTES.subarray(1)]),
  again("a Blob", () => new Blob([BYTES])),
  again("a File", () => new File([BYTES], "a.bin")),
  again("a Blob that is not Node's own", otherBlob),
  again("an iterable", () => ({ [Symbol.asyncIterator]: () => inChunks(BYTES, 9000) })),
  again("a generator", () => inChunks(BYTES, 9000)),
  again("a function", () => () => inChunks(BYTES, 9000)),
  node("a Node stream", nodeBytes),
  node("a PassThrough", passed),
  node("a file of a form", () => formFile(inChunks(BYTES, 9000))),
  node("a Node stream made of a Web stream", () => Readable.fromWeb(webBytes() as never)),
  within("a Web stream", webBytes, (stream) => stream),
  within("a Web stream of bytes", byteStream, (stream) => stream),
  within(
    "a Web stream made of a Node stream",
    () => Readable.toWeb(nodeBytes()) as ReadableStream<Uint8Array>,
    (stream) => stream,
  ),
  message("a Request", () => new Request("http://localhost/", { method: "POST", body: BYTES })),
  message(
    "a Request of a stream",
    () => new Request("http://localhost/", { method: "POST", body: webBytes(), duplex: "half" }),
  ),
  message("a Response", () => new Response(webBytes())),
  within("a Response that is not Node's own, over a Node stream", nodeBytes, otherResponse),
  within("a Response that is not Node's own, over a Web stream", webBytes, otherResponse),
  within("a function that returns a Node stream", nodeBytes, (stream) => () => stream),
  within("a function that returns a promise of a Web stream", webBytes, (stream) => async () => stream),
];

const USES: readonly Use[] = [
  { title: "that was already partly read", node: readPart, web: peek },
  {
    title: "that was already read to its end",
    node: (stream) => finished(stream.resume()),
    web: (stream) => new Response(stream).arrayBuffer(),
  },
  {
    title: "that was cancelled",
    node: (stream) => finished(stream.destroy()).catch(() => {}),
    web: (stream) => stream.cancel(),
  },
  {
    title: "that other code already reads",
    node: (stream) => stream.pipe(new PassThrough().resume()),
    web: (stream) => void stream.getReader(),
  },
  {
    title: "that other code begins to read during the put",
    beside: true,
    node: (stream) => stream.on("data", () => {}),
    web: (stream) => stream.locked || peek(stream),
  },
  {
    title: "that other code cancels during the put",
    beside: true,
    node: (stream) => stream.destroy(),
    web: (stream) => stream.locked || stream.cancel(),
  },
];

async function readPart(stream: Readable): Promise<void> {
  if (stream.readableLength === 0) await once(stream, "readable");
  stream.read(1);
}

async function apply(use: Use, inner: Inner): Promise<void> {
  if (inner instanceof Readable) await use.node(inner);
  else if (inner !== undefined) await use.web(inner);
}

/** Puts a source that other code uses too. Then checks that the object is whole or absent. */
async function putUsed(
  { storage, key, holds, lacks }: RuleContext,
  kind: Kind,
  use: Use,
  name: string,
): Promise<void> {
  const { source, inner } = kind.make();
  if (use.beside !== true) await apply(use, inner);
  const put = Promise.allSettled([storage.put(key(name), source)]);
  if (use.beside === true) {
    await tick();
    await apply(use, inner);
  }
  const [outcome] = await put;
  if (outcome.status === "fulfilled") return await holds(name, BYTES);
  assert.ok(isStorageError(outcome.reason, "SourceError"), String(outcome.reason));
  await lacks(name);
}

/** The rules about every kind of source: after any use of the source, the object is stored whole or not at all. */
export const everySourceRules: readonly Rule[] = [
  {
    title: "every kind of source is stored whole",
    run: async ({ storage, key, holds }) => {
      for (const [index, { title, make }] of KINDS.entries()) {
        await named(title, async () => {
          await storage.put(key(`${index}.bin`), make().source);
          await holds(`${index}.bin`, BYTES);
        });
      }
    },
  },
  ...USES.map((use): Rule => {
    return {
      title: `every kind of source ${use.title} is stored whole or refused with SourceError`,
      run: async (context) => {
        for (const [index, kind] of KINDS.entries()) {
          await named(kind.title, () => putUsed(context, kind, use, `${index}.bin`));
        }
      },
    };
  }),
];

/** Runs a check. If the check fails, puts the title in front of the message. */
async function named(title: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw new Error(`${title}: ${(error as Error).message}`, { cause: error });
  }
}
