import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";

/** The bytes of an asset, in memory or in a file. */
export interface StoredBody {
  readonly size: number;
  /** The MD5 digest in hexadecimal. Cloudinary calls this digest the ETag. */
  readonly md5: string;
  /** The first bytes of the body. They identify the format of the file. */
  readonly start: Buffer;
  readonly read: (offset: number, length: number) => Readable;
  readonly remove: () => Promise<void>;
}

/** A writer for a body that arrives in one request or in several requests. */
export interface BodyWriter {
  readonly size: () => number;
  readonly write: (bytes: Buffer) => void | Promise<void>;
  readonly end: () => Promise<StoredBody>;
  /** Cuts the body back to an earlier size. This drops the bytes of a broken request. */
  readonly truncate: (size: number) => Promise<void>;
  readonly drop: () => Promise<void>;
}

const START_BYTES = 4096;

/** Creates a writer that keeps the body in memory, or in a new file if a folder is given. */
export function writeBody(directory: string | undefined): BodyWriter {
  return directory === undefined ? inMemory() : inFile(join(directory, randomUUID()));
}

function inMemory(): BodyWriter {
  let chunks: Buffer[] = [];
  let size = 0;
  return {
    size: () => size,
    write: (bytes) => {
      chunks.push(Buffer.from(bytes));
      size += bytes.byteLength;
    },
    truncate: async (to) => {
      chunks = [Buffer.concat(chunks).subarray(0, to)];
      size = to;
    },
    drop: async () => {
      chunks = [];
    },
    end: async () => {
      const whole = Buffer.concat(chunks);
      return {
        size: whole.byteLength,
        md5: createHash("md5").update(whole).digest("hex"),
        start: whole.subarray(0, START_BYTES),
        read: (offset, length) =>
          Readable.from(length === 0 ? [] : [whole.subarray(offset, offset + length)], { objectMode: false }),
        remove: async () => {},
      };
    },
  };
}

function inFile(path: string): BodyWriter {
  let file: Promise<FileHandle> | undefined;
  let size = 0;
  const opened = (): Promise<FileHandle> => (file ??= open(path, "w+"));
  const closed = async (): Promise<void> => {
    await (await file)?.close();
  };
  return {
    size: () => size,
    write: async (bytes) => {
      await (await opened()).write(bytes, 0, bytes.byteLength, size);
      size += bytes.byteLength;
    },
    truncate: async (to) => {
      await (await opened()).truncate(to);
      size = to;
    },
    drop: async () => {
      await closed();
      await rm(path, { force: true });
    },
    end: async () => {
      await opened();
      await closed();
      return await storedFile(path, size);
    },
  };
}

async function storedFile(path: string, size: number): Promise<StoredBody> {
  const hash = createHash("md5");
  let start = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (start.byteLength < START_BYTES) start = Buffer.concat([start, chunk]).subarray(0, START_BYTES);
  }
  return {
    size,
    md5: hash.digest("hex"),
    start,
    read: (offset, length) =>
      length === 0
        ? Readable.from([], { objectMode: false })
        : createReadStream(path, { start: offset, end: offset + length - 1 }),
    remove: async () => await rm(path, { force: true }),
  };
}
