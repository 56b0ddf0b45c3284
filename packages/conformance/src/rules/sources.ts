import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, request as send, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { runInNewContext } from "node:vm";
import { isStorageError, type BlobLike, type BodyInput, type WebMessage } from "@stowage/core";
import { rejects, rejectsType } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";
import { formFile, gated, inChunks, nodeStream, pattern, peek, webStream } from "../sources.js";
import { accepts } from "./bodies.js";

const BYTES = pattern(100_001);
const HALF = BYTES.subarray(0, 50_000);

const web = (): ReadableStream<Uint8Array> => webStream(BYTES, 9000);
const node = (): Readable => nodeStream(BYTES, 9000);

function webRequest(): Request {
  return new Request("http://localhost/", { method: "POST", body: BYTES });
}

/**
 * Makes an object that acts like a `Blob` but has a different class. Parsers of forms and simulated browsers make such objects.
 */
function otherBlob(bytes: Uint8Array): BlobLike {
  const slice = (start?: number, end?: number): BlobLike => otherBlob(bytes.subarray(start, end));
  return { size: bytes.byteLength, type: "", stream: () => new Blob([Buffer.from(bytes)]).stream(), slice };
}

/** Makes an object that acts like a `Response` but has a different class. Packages with their own `fetch` make such objects. */
function otherResponse(): WebMessage {
  return { body: web(), headers: new Map(), bodyUsed: false };
}

function otherRealm(code: string): BodyInput {
  return runInNewContext(code, { bytes: Array.from(BYTES) }) as BodyInput;
}

/**
 * Makes the rule for a source that other code has already used. A put must not store the rest of the source as if
 * the rest were the whole body.
 */
function refusesRead<Source extends BodyInput>(
  kind: string,
  make: () => Source,
  use: (source: Source) => unknown,
): Rule {
  return {
    title: `${kind} is refused with SourceError, and nothing is written`,
    run: async ({ storage, key, lacks }) => {
      const source = make();
      await use(source);
      await rejects("SourceError", storage.put(key("a.bin"), source));
      await lacks("a.bin");
    },
  };
}

async function readWeb(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Uint8Array>) void chunk;
}

async function peekNode(stream: Readable): Promise<void> {
  await once(stream, "readable");
  stream.read(1);
}

/** Puts a source with a wrong declared size. The put reads the source, and then fails. */
async function putsInVain({ storage, key }: RuleContext, source: BodyInput): Promise<void> {
  await rejects("SourceError", storage.put(key("b.bin"), source, { size: 5 }));
}

/** Makes the rule for a source that is used twice: a failed put has read the source, and then a second put gets it. */
function refusesAgain(kind: string, make: () => BodyInput): Rule {
  return {
    title: `after a failed put has read ${kind}, the next put refuses it with SourceError`,
    run: async (context) => {
      const source = make();
      await putsInVain(context, source);
      await rejects("SourceError", context.storage.put(context.key("a.bin"), source));
      await context.lacks("a.bin");
    },
  };
}

/**
 * Uploads bytes to a server with this handler. Resolves with the status that the client gets, or with the client's
 * error.
 */
async function uploaded(
  bytes: Uint8Array,
  handle: (incoming: IncomingMessage) => Promise<number>,
): Promise<number | string> {
  const server = createServer((incoming, response) => {
    void handle(incoming).then((status) => response.writeHead(status).end());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    return await new Promise((resolve) => {
      const { port } = server.address() as AddressInfo;
      const upload = send({ host: "127.0.0.1", port, method: "PUT", agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      upload.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      upload.end(bytes);
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function ended(stream: Readable): Promise<void> {
  if (!stream.readableEnded && !stream.destroyed) await once(stream, "close");
}

/**
 * The rules about the sources of bodies: sources that other code reads, the ownership of sources, and sources that were cut
 * off.
 */
export const sourceRules: readonly Rule[] = [
  accepts("a Uint8Array from another realm", () => otherRealm("new Uint8Array(bytes)")),
  accepts("an ArrayBuffer from another realm", () => otherRealm("new Uint8Array(bytes).buffer")),
  accepts(
    "a typed array other than Uint8Array",
    () => new Float32Array(BYTES.slice(0, 4000).buffer, 1000, 500),
    BYTES.subarray(1000, 3000),
  ),
  accepts("a DataView", () => new DataView(BYTES.slice().buffer, 7, 5000), BYTES.subarray(7, 5007)),
  accepts("a Blob that is not Node's own", () => otherBlob(BYTES)),
  accepts("a Response that is not Node's own", otherResponse),
  accepts("an array of bytes", () => [HALF, BYTES.subarray(50_000)]),
  accepts("an iterable of bytes", () => new Set([HALF, BYTES.subarray(50_000)])),
  refusesRead("a Web stream that was already partly read", web, peek),
  refusesRead("a Web stream that was already read to its end", web, readWeb),
  refusesRead("a Web stream that was cancelled", web, (stream) => stream.cancel()),
  refusesRead("a Node stream that was already partly read", node, peekNode),
  refusesRead("a Request that was already read", webRequest, (request) => request.text()),
  refusesRead("a Request that was already partly read", webRequest, ({ body }) => body && peek(body)),
  refusesAgain("a generator", () => inChunks(BYTES, 9000)),
  refusesAgain("a Request", webRequest),
  refusesAgain("a Web stream", web),
  refusesAgain("a Node stream", node),
  {
    title: "an iterable that starts again for each reader can be put twice",
    run: async (context) => {
      const source = { [Symbol.asyncIterator]: () => inChunks(BYTES, 9000) };
      await putsInVain(context, source);
      await context.storage.put(context.key("a.bin"), source);
      await context.holds("a.bin", BYTES);
    },
  },
  {
    title: "if other code also reads a Node stream, the stream is stored whole or refused with SourceError",
    run: async ({ storage, key, holds, lacks }) => {
      const stream = node();
      stream.pipe(new PassThrough().resume());
      const stored = await storage.put(key("a.bin"), stream).catch((error: unknown) => {
        assert.ok(isStorageError(error, "SourceError"), String(error));
        return undefined;
      });
      if (stored === undefined) await lacks("a.bin");
      else await holds("a.bin", BYTES);
    },
  },
  {
    title:
      "if the form parser has cut off a form's file, the file is refused with SourceError, and nothing is written",
    run: async ({ storage, key, lacks }) => {
      await rejects("SourceError", storage.put(key("a.bin"), formFile(inChunks(BYTES, 9000), 60_000)));
      await lacks("a.bin");
    },
  },
  {
    title: "if the form parser has not cut off a form's file, the file can be stored",
    run: async ({ storage, key, holds }) => {
      await storage.put(key("a.bin"), formFile(inChunks(BYTES, 9000)));
      await holds("a.bin", BYTES);
    },
  },
  {
    title:
      "if the put of a form's file fails, the rest of the file is still read, so that the form parser can finish",
    run: async ({ storage, key }) => {
      const { stream, open } = gated(BYTES);
      const file = formFile(stream);
      await rejects("SourceError", storage.put(key("a.bin"), file, { size: 10 }));
      open();
      await ended(file);
      assert.ok(file.readableEnded, "the file was closed before its end");
    },
  },
  {
    title: "if an upload fails, the client still gets an answer",
    run: async ({ storage, key }) => {
      const answer = await uploaded(pattern(1_500_000), async (incoming) => {
        await rejects("SourceError", storage.put(key("a.bin"), incoming, { size: 10 }));
        return 409;
      });
      assert.equal(answer, 409);
    },
  },
  {
    title: "if a put is refused before it reads a stream, the stream stays open and can be put again",
    run: async ({ storage, put, key, holds }) => {
      await put("b.bin", "taken");
      const stream = node();
      await rejects("InvalidKey", storage.put("a//b", stream));
      assert.ok(!stream.destroyed, "the stream was destroyed");
      await storage.put(key("a.bin"), stream);
      await holds("a.bin", BYTES);
    },
  },
  {
    title: "a plain object with a path is refused with TypeError, and no file of the server is stored",
    run: async ({ storage, key, lacks, directory }) => {
      const path = join(await directory(), "secret.txt");
      await writeFile(path, "the server's own");
      await rejectsType(storage.put(key("a.bin"), { path } as never));
      await lacks("a.bin");
    },
  },
  {
    title:
      "a body longer than maxBytes is refused with a TooLarge error that names no provider, and nothing is written",
    run: async ({ storage, key, lacks }) => {
      for (const body of [BYTES, inChunks(BYTES, 9000), node(), () => inChunks(BYTES, 9000)]) {
        const error = await rejects("TooLarge", storage.put(key("a.bin"), body, { maxBytes: 100_000 }));
        assert.deepEqual([error.provider, error.applied, error.retryable], [undefined, "no", false]);
      }
      await lacks("a.bin");
    },
  },
  {
    title: "a body of exactly maxBytes can be stored",
    run: async ({ storage, key, holds }) => {
      await storage.put(key("a.bin"), inChunks(BYTES, 9000), { maxBytes: BYTES.byteLength });
      await holds("a.bin", BYTES);
    },
  },
  {
    title: "an error thrown by onProgress does not affect the put",
    run: async ({ storage, key, holds }) => {
      const onProgress = (): never => {
        throw new TypeError("the progress bar is gone");
      };
      for (const [name, body] of [
        ["a.bin", BYTES],
        ["b.bin", inChunks(BYTES, 9000)],
      ] as const) {
        await storage.put(key(name), body, { onProgress });
        await holds(name, BYTES);
      }
    },
  },
  {
    title: "the content type of a string has a charset, and the content type of bytes has no charset",
    run: async ({ storage, key, head }) => {
      await storage.put(key("a.txt"), "žádná");
      await storage.put(key("b.txt"), Buffer.from("žádná", "latin1"));
      assert.equal((await head("a.txt")).contentType, "text/plain; charset=utf-8");
      assert.equal((await head("b.txt")).contentType, "text/plain");
    },
  },
  {
    title: "the type of a Blob is used if neither the caller nor the extension gives a content type",
    run: async ({ storage, key, head }) => {
      const blob = new Blob([BYTES], { type: "video/x-own" });
      await storage.put(key("upload-1"), blob);
      await storage.put(key("a.mp4"), blob);
      await storage.put(key("b.mp4"), blob, { contentType: "video/webm" });
      const types = await Promise.all(
        ["upload-1", "a.mp4", "b.mp4"].map(async (name) => (await head(name)).contentType),
      );
      assert.deepEqual(types, ["video/x-own", "video/mp4", "video/webm"]);
    },
  },
];
