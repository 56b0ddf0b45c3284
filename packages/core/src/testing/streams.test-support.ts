import { readlink, readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { intercept } from "../wrap/intercept.js";
import type { GetResult, StorageProvider } from "../contract/provider.js";

/** All bytes of a stream. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes with a pattern in which a lost or doubled stretch shows. */
export function patterned(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) * 17) & 0xff;
  return bytes;
}

/** A one-shot stream over bytes, in pieces. */
export function streamOf(bytes: Uint8Array, pieceBytes: number = 64 * 1024): Readable {
  return Readable.from(pieces(bytes, pieceBytes), { objectMode: false });
}

export function* pieces(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    yield bytes.subarray(offset, offset + pieceBytes);
  }
}

function inSmallPieces(bytes: Uint8Array): Readable {
  return streamOf(bytes, 16);
}

/** The same provider, but objects are read as streams; each that is opened is in `opened`. */
export function streaming(
  inner: StorageProvider,
  toStream: (bytes: Uint8Array) => Readable = inSmallPieces,
): StorageProvider & { readonly opened: Readable[] } {
  const opened: Readable[] = [];
  const provider = intercept(inner, {
    type: "streaming",
    around: async (call, next) => {
      const result = await next();
      if (call.operation !== "get") return result;
      const { body } = result as GetResult;
      const stream = body instanceof Uint8Array ? toStream(body) : body;
      opened.push(stream);
      return { ...result, body: stream };
    },
  });
  return { ...provider, opened };
}

/** The names of the files that this process has open and whose path holds a text. */
export async function openFiles(part: string): Promise<readonly string[]> {
  const descriptors = await readdir("/proc/self/fd");
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.filter((link) => link.includes(part));
}

/** Waits, without a fixed time, until something holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** What would have ended the process while `work` ran and in the turns of the event loop after it. */
export async function uncaughtDuring(work: () => Promise<void>): Promise<readonly unknown[]> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const caught: unknown[] = [];
  const listener = (error: unknown): void => void caught.push(error);
  const before = events.map((event) => process.listeners(event as "uncaughtException"));
  for (const event of events) process.removeAllListeners(event).on(event, listener);
  try {
    await work();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    events.forEach((event, index) => {
      process.removeAllListeners(event);
      for (const old of before[index] ?? []) process.on(event, old);
    });
  }
  return caught;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => {
      throw new Error("Expected a rejection");
    },
    (error: unknown) => error,
  );
}
