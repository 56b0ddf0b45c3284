import { Readable } from "node:stream";
import type { GetResult, ObjectInfo, ServedRange } from "./provider.js";

/**
 * An object that is being read. It owns a socket or a file until its body has been read to the end or
 * `destroy` was called: read it once, or drop it with `destroy`. A second reading of a stream is a `TypeError`.
 */
export interface StoredObject extends AsyncIterable<Uint8Array> {
  readonly info: ObjectInfo;
  /** Present when a range was asked for. */
  readonly range?: ServedRange | undefined;
  /** The bytes as a Web stream, for `new Response(object.body)`. */
  readonly body: ReadableStream<Uint8Array>;
  /** The bytes as a Node stream. */
  readonly readable: () => Readable;
  readonly bytes: () => Promise<Uint8Array>;
  /** The bytes as UTF-8. */
  readonly text: () => Promise<string>;
  /** The bytes as JSON. @throws SyntaxError when they are not. */
  readonly json: () => Promise<unknown>;
  /** The headers of an HTTP response that carries this body. */
  readonly headers: () => Record<string, string>;
  /** Releases what the body holds. Harmless at any time, also twice. */
  readonly destroy: () => void;
}

/** Gives a provider's result the ways of reading that applications want. */
export function toStoredObject(result: GetResult): StoredObject & AsyncDisposable {
  const { info, range } = result;
  let stream: Readable | undefined = result.body instanceof Uint8Array ? undefined : result.body;
  let webStream: ReadableStream<Uint8Array> | undefined;
  const readable = (): Readable => (stream ??= streamOf(result.body as Uint8Array));
  const unread = (): Readable => {
    if (readable().readableDidRead) throw new TypeError("The body of the object was read before");
    return readable();
  };
  const bytes = async (): Promise<Uint8Array> => {
    if (stream === undefined) return result.body as Uint8Array;
    return await collect(unread());
  };
  const destroy = (): void => void stream?.destroy();
  return {
    info,
    range,
    get body() {
      return (webStream ??= webStreamOf(unread()));
    },
    readable,
    bytes,
    text: async () => new TextDecoder().decode(await bytes()),
    json: async () => JSON.parse(new TextDecoder().decode(await bytes())) as unknown,
    headers: () => headersOf(info, range),
    destroy,
    [Symbol.asyncIterator]: () => unread()[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
    [Symbol.asyncDispose]: async () => destroy(),
  };
}

function streamOf(bytes: Uint8Array): Readable {
  return Readable.from(bytes.byteLength === 0 ? [] : [bytes], { objectMode: false });
}

async function collect(stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Node's own conversion copies nothing either, but is slower and keeps reading ahead. */
function webStreamOf(stream: Readable): ReadableStream<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void stream.destroy(),
    },
    { highWaterMark: 0 },
  );
}

function headersOf(info: ObjectInfo, range: ServedRange | undefined): Record<string, string> {
  const { contentType, cacheControl, contentDisposition, etag, lastModified } = info;
  return {
    "accept-ranges": "bytes",
    "content-length": String(range?.length ?? info.size),
    ...(contentType !== undefined && { "content-type": contentType }),
    ...(cacheControl !== undefined && { "cache-control": cacheControl }),
    ...(contentDisposition !== undefined && { "content-disposition": contentDisposition }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { "last-modified": lastModified.toUTCString() }),
    ...(range !== undefined && {
      "content-range": `bytes ${range.offset}-${range.offset + range.length - 1}/${range.size}`,
    }),
  };
}
