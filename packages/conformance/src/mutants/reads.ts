import { openSync } from "node:fs";
import { Readable } from "node:stream";
import type { GetResult, StorageProvider } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { failure, rememberingEtags } from "./conditions.js";
import {
  bytesOf,
  facade,
  find,
  getOptions,
  infos,
  invented,
  recovering,
  results,
  tick,
  verbs,
} from "./breaks.js";

/** Gives bytes in blocks; what happens between them, and when it is dropped, is the mutant's. */
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

const BLOCK_BYTES = 64 * 1024;

function blockOf(bytes: Uint8Array, offset: number): Uint8Array | undefined {
  return offset >= bytes.byteLength ? undefined : bytes.subarray(offset, offset + BLOCK_BYTES);
}

/** Streams large objects, and does something of its own when a stream is dropped. */
function dropped(onDestroy: (done: () => void, ended: boolean) => void): Break {
  return results((result) => {
    const bytes = result.body as Uint8Array;
    if (bytes.byteLength < 1024 * 1024) return result;
    return { ...result, body: bodyOf((offset) => blockOf(bytes, offset), onDestroy) };
  });
}

/** Reads the first block of a large object at once, and the others from what is there later. */
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

/** Finds an object where there is none. */
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

/** Readers of one object share a position. */
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

const ranged = (change: (result: GetResult) => GetResult): Break =>
  results((result, { range }) => (range === undefined ? result : change(result)));

export const getMutants: readonly Mutant[] = [
  mutant(
    "get of a missing key rejects with NotFound",
    "gives nothing for a missing file",
    finds("get", isMissingName),
  ),
  mutant(
    "get of a folder's name rejects with NotFound",
    "gives nothing for a folder",
    finds("get", isFolder),
  ),
  mutant(
    "get of a name below an object rejects with NotFound",
    "gives nothing below a file",
    finds("get", isBelow),
  ),
  mutant(
    "get gives the facts that head gives",
    "get forgets Content-Disposition",
    infos((info, verb) => (verb === "get" ? { ...info, contentDisposition: undefined } : info)),
  ),
  mutant(
    "a get without a range has no served range",
    "serves a range that nobody asked for",
    results((result) => ({
      ...result,
      range: result.range ?? { offset: 0, length: result.info.size, size: result.info.size },
    })),
  ),
  mutant("two reads of one object at once do not share a position", "readers share a position", sharing),
  mutant("20 objects can be read at once", "refuses more than ten reads at once", (inner) => {
    let running = 0;
    const get: typeof inner.get = async (key, options) => {
      if (++running > 10) throw (running--, failure(inner, "Unavailable", key, "get"));
      await tick();
      return await inner.get(key, options).finally(() => running--);
    };
    return { ...inner, get };
  }),
  mutant(
    "a body that is destroyed half-read closes",
    "never closes what was dropped",
    dropped((done, ended) => {
      if (ended) done();
    }),
  ),
  mutant(
    "20 abandoned reads leave no open file or socket",
    "leaks a file for each dropped read",
    dropped((done, ended) => {
      if (!ended) openSync("/dev/null", "r");
      done();
    }),
  ),
  mutant(
    "a read that has begun gives the old object whole, or fails, when it is replaced meanwhile",
    "opens the file again for each block",
    lazily((inner, key) => bytesOf(inner, key)),
  ),
  mutant(
    "a read that has begun gives the object whole, or fails, when it is deleted meanwhile",
    "ends a read quietly when the file is gone",
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
    "get with ifMatch of a missing key rejects with NotFound",
    "takes a missing object for a changed one",
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
    "takes every etag it ever gave for a get",
    rememberingEtags("get"),
  ),
];

/** Changes the range that the provider is asked for. */
function asks(
  change: (range: { offset: number; length: number | undefined }) => {
    offset: number;
    length?: number | undefined;
  },
): Break {
  return getOptions((options) => {
    const { range } = options;
    if (range === undefined || "suffix" in range) return options;
    return { ...options, range: change({ offset: range.offset, length: range.length }) };
  });
}

function asksSuffix(change: (suffix: number) => GetOptionsRange): Break {
  return getOptions((options) => {
    const { range } = options;
    return range === undefined || !("suffix" in range)
      ? options
      : { ...options, range: change(range.suffix) };
  });
}

type GetOptionsRange = { readonly offset: number; readonly length?: number } | { readonly suffix: number };

/** Refuses ranges that are good. */
function refusesRange(
  when: (range: { offset: number; length?: number | undefined; suffix?: number }, size: number) => boolean,
): Break {
  return verbs((inner) => ({
    get: async (key, options) => {
      const size = (await find(inner, key))?.size;
      const range = { offset: 0, ...options.range };
      if (options.range !== undefined && size !== undefined && when(range, size))
        throw failure(inner, "InvalidRange", key, "get");
      return await inner.get(key, options);
    },
  }));
}

/** Gives nothing for a range that cannot be served. */
function servesNothing(when: (range: { offset?: number }, size: number) => boolean): Break {
  return verbs((inner) => ({
    get: (key, options) =>
      recovering(
        () => inner.get(key, options),
        async (error) => {
          const info = error.code === "InvalidRange" ? await inner.head(key, {}) : undefined;
          if (info === undefined || !when(options.range as { offset?: number }, info.size)) throw error;
          return { info, body: new Uint8Array(0), range: { offset: info.size, length: 0, size: info.size } };
        },
      ),
  }));
}

export const rangeMutants: readonly Mutant[] = [
  mutant(
    "a range of offset and length gives those bytes",
    "takes the length for an end",
    asks(({ offset, length }) => ({
      offset,
      length: length !== undefined && length > offset ? length - offset : length,
    })),
  ),
  mutant(
    "a range with an offset only goes to the end",
    "gives two bytes when no length is given",
    asks(({ offset, length }) => ({ offset, length: length ?? 2 })),
  ),
  mutant(
    "a range may begin at the first byte",
    "takes offset 0 for none",
    asks(({ offset, length }) => (offset === 0 ? { offset } : { offset, length })),
  ),
  mutant(
    "a range may be the last byte",
    "refuses the last byte",
    refusesRange(({ offset }, size) => offset === size - 1 && size > 1),
  ),
  mutant(
    "a range may be the whole object",
    "refuses a range of everything",
    refusesRange(({ offset, length }, size) => offset === 0 && length === size),
  ),
  mutant(
    "a range that ends after the object is cut",
    "refuses a range that ends after the object",
    refusesRange(({ offset, length }, size) => offset < size && offset + (length ?? 0) > size),
  ),
  mutant(
    "a suffix gives the last bytes",
    "takes a suffix for an offset",
    asksSuffix((suffix) => (suffix === 4 ? { offset: suffix } : { suffix })),
  ),
  mutant(
    "a suffix of one byte gives the last byte",
    "gives one byte too many for the last one",
    asksSuffix((suffix) => ({ suffix: suffix === 1 ? 2 : suffix })),
  ),
  mutant(
    "a suffix longer than the object gives all of it",
    "refuses a suffix longer than the object",
    refusesRange(({ suffix }, size) => (suffix ?? 0) > size),
  ),
  mutant(
    "a get tells which range it serves",
    "does not tell the served range",
    ranged((result) => ({ ...result, range: undefined })),
  ),
  mutant(
    "the served range of a cut range is what is served",
    "repeats the range that was asked for",
    results((result, { range }) => {
      if (result.range === undefined || range === undefined || "suffix" in range) return result;
      return { ...result, range: { ...result.range, length: range.length ?? result.range.length } };
    }),
  ),
  mutant(
    "the served range of a suffix has an offset",
    "gives a suffix the offset 0",
    results((result, { range }) =>
      result.range === undefined || !("suffix" in Object(range))
        ? result
        : { ...result, range: { ...result.range, offset: 0 } },
    ),
  ),
  mutant(
    "a range that starts at the end rejects with InvalidRange",
    "serves nothing at the end",
    servesNothing(({ offset }, size) => size > 0 && offset === size),
  ),
  mutant(
    "a range that starts after the end rejects with InvalidRange",
    "serves nothing after the end",
    servesNothing(({ offset = 0 }, size) => offset > size),
  ),
  mutant(
    "a range of an empty object rejects with InvalidRange",
    "serves nothing of an empty object",
    servesNothing((_range, size) => size === 0),
  ),
  mutant(
    "the size of a get with a range is that of the whole object",
    "gives the size of the range",
    results((result) => ({
      ...result,
      info: { ...result.info, size: result.range?.length ?? result.info.size },
    })),
  ),
  mutant(
    "a range deep inside a large object gives exactly its bytes",
    "repeats a byte between two blocks",
    ranged((result) => {
      const bytes = Uint8Array.from(result.body as Uint8Array);
      if (bytes.byteLength > BLOCK_BYTES) bytes[BLOCK_BYTES] = bytes[BLOCK_BYTES - 1] ?? 0;
      return { ...result, body: bytes };
    }),
  ),
  mutant(
    "a range of a missing key rejects with NotFound",
    "takes a missing object for an empty one",
    verbs((inner) => ({
      get: (key, options) =>
        recovering(
          () => inner.get(key, options),
          (error) => {
            throw options.range !== undefined && error.code === "NotFound"
              ? failure(inner, "InvalidRange", key, "get")
              : error;
          },
        ),
    })),
  ),
  mutant(
    "ifMatch is checked before the range",
    "checks the range before ifMatch",
    refusesRange(({ offset }, size) => offset > size),
  ),
  storageMutant(
    "a range that is none is a TypeError",
    "drops a range that it does not understand",
    facade((storage) => ({
      get: async (key, options) => {
        try {
          return await storage.get(key, options);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
          return await storage.get(key);
        }
      },
    })),
  ),
];
