import { openSync } from "node:fs";
import { Readable } from "node:stream";
import type { StorageProvider } from "@stowage/core";
import { mutant, type Break, type Mutant } from "../mutant.js";
import { failure, rememberingEtags } from "./conditions.js";
import { bytesOf, find, getOptions, infos, invented, recovering, results, tick, verbs } from "./breaks.js";

/** Makes a stream of blocks. The mutant decides the content of each block, and the effect of destroying the stream. */
function bodyOf(
  next: (offset: number) => Promise<Uint8Array | undefined> | Uint8Array | undefined,
  onDestroy: (done: () => void, ended: boolean) => void = (done) => done(),
): Readable {
  let offset = 0;
  let ended = false;
  return new Readable({
    async read() {
      try {
        const chunk = await next(offset);
        offset += chunk?.byteLength ?? 0;
        ended = chunk === undefined || chunk.byteLength === 0;
        this.push(ended ? null : chunk);
      } catch (error) {
        this.destroy(error as Error);
      }
    },
    destroy: (error, callback) => onDestroy(() => callback(error), ended),
  });
}

export const BLOCK_BYTES: number = 64 * 1024;

function blockOf(bytes: Uint8Array, offset: number): Uint8Array | undefined {
  return offset >= bytes.byteLength ? undefined : bytes.subarray(offset, offset + BLOCK_BYTES);
}

/** Returns large objects as streams, and calls `onDestroy` when a stream is destroyed. */
function dropped(onDestroy: (done: () => void, ended: boolean) => void): Break {
  return results((result) => {
    const bytes = result.body as Uint8Array;
    if (bytes.byteLength < 1024 * 1024) return result;
    return { ...result, body: bodyOf((offset) => blockOf(bytes, offset), onDestroy) };
  });
}

/**
 * Reads the first block of a large object immediately. When a reader needs a further block, calls `later` and takes the
 * block from the returned bytes.
 */
function lazily(later: (inner: StorageProvider, key: string) => Promise<Uint8Array>): Break {
  return (inner) =>
    results((result, { range }, key) => {
      const bytes = result.body as Uint8Array;
      if (bytes.byteLength < 1024 * 1024 || range !== undefined) return result;
      const next = async (offset: number): Promise<Uint8Array | undefined> =>
        blockOf(offset === 0 ? bytes : await later(inner, key), offset);
      return { ...result, body: bodyOf(next) };
    })(inner);
}

/** Finds an empty object under a missing key, if `where` is true for the key. */
export function finds(
  verb: "get" | "head",
  where: (inner: StorageProvider, key: string) => Promise<boolean>,
): Break {
  return verbs((inner) => ({
    [verb]: (key: string, options: object) =>
      recovering<unknown>(
        () => inner[verb](key, options),
        async (error) => {
          if (error.code !== "NotFound" || !(await where(inner, key))) throw error;
          const info = invented(inner, key);
          return verb === "head" ? info : { info, body: new Uint8Array(0) };
        },
      ),
  }));
}

export const isMissingName = async (_inner: StorageProvider, key: string): Promise<boolean> =>
  key.endsWith("/missing.txt");
export const isFolder = async (inner: StorageProvider, key: string): Promise<boolean> =>
  (await inner.list({ prefix: `${key}/`, limit: 1 })).objects.length > 0;
export const isBelow = async (inner: StorageProvider, key: string): Promise<boolean> =>
  (await find(inner, key.slice(0, key.lastIndexOf("/")))) !== undefined;

/** A fault that a mutant has: all readers of one large object share a position. */
const sharing: Break = (inner) => {
  const positions = new Map<string | undefined, { offset: number; readers: number }>();
  return results((result, { range }) => {
    const bytes = result.body as Uint8Array;
    if (bytes.byteLength < 1024 * 1024 || range !== undefined) return result;
    const position = positions.get(result.info.etag) ?? { offset: 0, readers: 0 };
    position.readers++;
    positions.set(result.info.etag, position);
    const next = (): Uint8Array | undefined => {
      const chunk = blockOf(bytes, position.offset);
      position.offset += chunk?.byteLength ?? 0;
      return chunk;
    };
    const leave = (done: () => void): void => {
      if (--position.readers === 0) positions.delete(result.info.etag);
      done();
    };
    return { ...result, body: bodyOf(next, leave) };
  })(inner);
};

export const getMutants: readonly Mutant[] = [
  mutant(
    "get of a missing key rejects with NotFound",
    "returns an empty object for a missing file",
    finds("get", isMissingName),
  ),
  mutant(
    "get of a folder's name rejects with NotFound",
    "returns an empty object for a folder",
    finds("get", isFolder),
  ),
  mutant(
    "if a.txt is an object, get of a.txt/below.txt rejects with NotFound",
    "returns an empty object for a name below a file",
    finds("get", isBelow),
  ),
  mutant(
    "get gives the facts that head gives",
    "get forgets Content-Disposition",
    infos((info, verb) => (verb === "get" ? { ...info, contentDisposition: undefined } : info)),
  ),
  mutant(
    "a get without a range does not return a range",
    "returns a range for a read without a range",
    results((result) => ({
      ...result,
      range: result.range ?? { offset: 0, length: result.info.size, size: result.info.size },
    })),
  ),
  mutant(
    "two simultaneous reads of one object do not share a position",
    "lets all readers share one position",
    sharing,
  ),
  mutant("20 objects can be read at the same time", "refuses more than ten reads at once", (inner) => {
    let running = 0;
    const get: typeof inner.get = async (key, options) => {
      if (++running > 10) throw (running--, failure(inner, "Unavailable", key, "get"));
      await tick();
      return await inner.get(key, options).finally(() => running--);
    };
    return { ...inner, get };
  }),
  mutant(
    "a body closes if it is destroyed before its end",
    "never closes a body that is destroyed before its end",
    dropped((done, ended) => {
      if (ended) done();
    }),
  ),
  mutant(
    "20 abandoned reads leave no open file or socket",
    "leaks a file for each abandoned read",
    dropped((done, ended) => {
      if (!ended) openSync("/dev/null", "r");
      done();
    }),
  ),
  mutant(
    "if an object is replaced during a read, the read gives the whole old object or fails",
    "opens the file again for each block",
    lazily((inner, key) => bytesOf(inner, key)),
  ),
  mutant(
    "if an object is deleted during a read, the read gives the whole object or fails",
    "ends a read without an error when the file is gone",
    lazily((inner, key) => bytesOf(inner, key).catch(() => new Uint8Array(0))),
  ),
  mutant(
    "get with the right ifMatch reads the object",
    "refuses every ifMatch of a get",
    verbs((inner) => ({
      get: async (key, options) => {
        if (options.ifMatch !== undefined && (await find(inner, key)))
          throw failure(inner, "PreconditionFailed", key, "get");
        return await inner.get(key, options);
      },
    })),
  ),
  mutant(
    "get with a wrong ifMatch rejects with PreconditionFailed",
    "ignores ifMatch of a get",
    getOptions((options) => ({
      ...options,
      ifMatch: undefined,
    })),
  ),
  mutant(
    "get of a missing key with ifMatch rejects with NotFound",
    "treats a missing object as a changed object",
    verbs((inner) => ({
      get: async (key, options) =>
        recovering(
          () => inner.get(key, options),
          (error) => {
            throw options.ifMatch === undefined ? error : failure(inner, "PreconditionFailed", key, "get");
          },
        ),
    })),
  ),
  mutant(
    "get with the etag of a replaced object rejects with PreconditionFailed",
    "accepts every old etag for a get",
    rememberingEtags("get"),
  ),
];
