import { types } from "node:util";
import type { Readable } from "node:stream";
import { bytesStream } from "../body/open-source.js";
import { canReadInto, type ReadsInto } from "../body/reads-into.js";
import { consume } from "../kit/abort.js";
import type { GetResult } from "../contract/provider.js";
import type { ObjectInfo, ServedRange } from "../contract/object.js";

/**
 * An object that is being read. The object owns a socket or a file until its body is read to the end or `destroy` is
 * called. Always read the body or call `destroy`. Reading a stream a second time throws a `TypeError`.
 */
export interface StoredObject extends AsyncIterable<Uint8Array> {
  readonly info: ObjectInfo;
  /** Present if a range was requested. */
  readonly range?: ServedRange | undefined;
  /** The bytes as a Web stream, for `new Response(object.body)`. */
  readonly body: ReadableStream<Uint8Array>;
  /** The bytes as a Node stream. */
  readable(): Readable;
  bytes(): Promise<Uint8Array>;
  /** The bytes as UTF-8. */
  text(): Promise<string>;
  /** The parsed JSON of the bytes. @throws SyntaxError if the bytes are not JSON. */
  json(): Promise<unknown>;
  /** The headers for an HTTP response with this body. */
  headers(): Record<string, string>;
  /** Releases the socket or file of the body. This function may be called at any time, and more than once. */
  destroy(): void;
}

/** Wraps a provider's result in an object with reading methods for applications. */
export function toStoredObject(result: GetResult): StoredObject & AsyncDisposable {
  return new ReadableObject(result);
}

/**
 * The implementation of {@link StoredObject}. A class is used because an object literal with closures takes 70 times as
 * long to create. Creating an instance of the class already takes as long as reading a small stored object.
 */
class ReadableObject implements StoredObject, AsyncDisposable {
  readonly info: ObjectInfo;
  readonly range: ServedRange | undefined;
  readonly #content: Readable | Uint8Array;
  #stream: Readable | undefined;
  #webStream: ReadableStream<Uint8Array> | undefined;

  constructor({ info, range, body }: GetResult) {
    this.info = info;
    this.range = range;
    this.#content = body;
    this.#stream = types.isUint8Array(body) ? undefined : body;
  }

  get body(): ReadableStream<Uint8Array> {
    return (this.#webStream ??= webStreamOf(this.#unread()));
  }

  readable(): Readable {
    return (this.#stream ??= bytesStream(this.#content as Uint8Array));
  }

  async bytes(): Promise<Uint8Array> {
    if (this.#stream === undefined) return this.#content as Uint8Array;
    const stream = this.#unread();
    return canReadInto(stream)
      ? await readWhole(stream, this.range?.length ?? this.info.size)
      : await collect(stream);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text()) as unknown;
  }

  headers(): Record<string, string> {
    return headersOf(this.info, this.range);
  }

  destroy(): void {
    this.#stream?.destroy();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#unread()[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
  }

  #unread(): Readable {
    if (this.readable().readableDidRead) throw new TypeError("The body of the object was already read");
    return this.readable();
  }
}

/** The maximum number of bytes that one call reads into memory. A slow disk must finish a call before the time limit. */
const READ_BYTES_MAX = 8 * 1024 * 1024;

/** Reads a stream into one buffer. This saves the memory of the chunks, and the time to join them. */
async function readWhole(stream: ReadsInto, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  for (let count = -1; count !== 0 && canReadInto(stream);) {
    // At the end, an empty target asks whether there are more bytes, and ends the stream.
    count = await stream.readInto(bytes.subarray(done, done + READ_BYTES_MAX));
    done += count;
  }
  return bytes.subarray(0, done);
}

async function collect(stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await consume(stream, undefined, (chunk) => void chunks.push(chunk));
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Converts a Node stream to a Web stream without copying bytes. Node's own conversion is slower and keeps reading ahead. */
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
  const { contentType, contentEncoding, contentLanguage, cacheControl, contentDisposition } = info;
  const { etag, lastModified } = info;
  return {
    "accept-ranges": "bytes",
    "content-length": String(range?.length ?? info.size),
    ...(contentType !== undefined && { "content-type": contentType }),
    ...(contentEncoding !== undefined && { "content-encoding": contentEncoding }),
    ...(contentLanguage !== undefined && { "content-language": contentLanguage }),
    ...(cacheControl !== undefined && { "cache-control": cacheControl }),
    ...(contentDisposition !== undefined && { "content-disposition": contentDisposition }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { "last-modified": lastModified.toUTCString() }),
    ...(range !== undefined && {
      "content-range": `bytes ${range.offset}-${range.offset + range.length - 1}/${range.size}`,
    }),
  };
}
