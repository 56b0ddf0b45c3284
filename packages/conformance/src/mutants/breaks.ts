import { setImmediate as tick } from "node:timers/promises";
import {
  consume,
  mapKeys,
  toBody,
  type Body,
  type GetOptions,
  type GetResult,
  type ListOptions,
  type PutOptions,
} from "@stowage/core/provider";
import {
  isStorageError,
  type FileStorage,
  type ListPage,
  type ObjectInfo,
  type StorageProvider,
  type StorageError,
} from "@stowage/core";
import { readAll, type StorageBreak } from "../context.js";
import type { Break } from "../mutant.js";

export { tick };

/** Reads a whole body into memory, as a careless provider does. */
export async function collect(body: Body, options: PutOptions = {}): Promise<Uint8Array> {
  if (body.bytes !== undefined) return body.bytes;
  const chunks: Uint8Array[] = [];
  await consume(body.open(), options.signal, (chunk) => void chunks.push(Uint8Array.from(chunk)));
  return Buffer.concat(chunks);
}

/** Makes a break that replaces one or more verbs of a provider. */
export function verbs(change: (inner: StorageProvider) => Partial<StorageProvider>): Break {
  return (inner) => ({ ...inner, ...change(inner) });
}

/** Changes the options of every put. */
export function putOptions(change: (options: PutOptions, key: string, body: Body) => PutOptions): Break {
  return verbs((inner) => ({
    put: (key, body, options) => inner.put(key, body, change(options, key, body)),
  }));
}

/** Changes the bytes of every put. */
export function putBytes(change: (bytes: Uint8Array, body: Body, key: string) => Uint8Array): Break {
  return verbs((inner) => ({
    put: async (key, body, options) => {
      const bytes = await collect(body, options);
      const changed = change(bytes, body, key);
      return await inner.put(key, changed === body.bytes ? body : await toBody(changed), options);
    },
  }));
}

/** Changes bytes as {@link putBytes} does, but only the bytes of bodies that are not in memory. */
export function streamed(change: (bytes: Uint8Array, body: Body) => Uint8Array): Break {
  return putBytes((bytes, body) => (body.bytes === undefined ? change(bytes, body) : bytes));
}

/** Adds options from the old object to a put, if the key already has an object. */
export function inheriting(inherit: (old: ObjectInfo, options: PutOptions) => PutOptions): Break {
  return verbs((inner) => ({
    put: async (key, body, options) => {
      const old = await find(inner, key);
      return await inner.put(
        key,
        body,
        old === undefined ? options : { ...options, ...inherit(old, options) },
      );
    },
  }));
}

export async function find(inner: StorageProvider, key: string): Promise<ObjectInfo | undefined> {
  return await inner.head(key, {}).catch(() => undefined);
}

export type InfoVerb = "put" | "get" | "head" | "list" | "copy";

/** Changes the facts that verbs return. `change` receives the facts and the verb. */
export function infos(change: (info: ObjectInfo, verb: InfoVerb) => ObjectInfo): Break {
  return (inner) => {
    const { copy } = inner;
    return {
      ...inner,
      put: async (...given) => change(await inner.put(...given), "put"),
      head: async (...given) => change(await inner.head(...given), "head"),
      get: async (...given) => {
        const result = await inner.get(...given);
        return { ...result, info: change(result.info, "get") };
      },
      list: async (options) => {
        const page = await inner.list(options);
        return { ...page, objects: page.objects.map((info) => change(info, "list")) };
      },
      copy: copy && (async (...given) => change(await copy(...given), "copy")),
    };
  };
}

/** Changes the results of every get. */
export function results(
  change: (result: GetResult, options: GetOptions, key: string) => GetResult | Promise<GetResult>,
): Break {
  return verbs((inner) => ({
    get: async (key, options) => change(await inner.get(key, options), options, key),
  }));
}

/** Changes the options of every get. */
export function getOptions(change: (options: GetOptions) => GetOptions): Break {
  return verbs((inner) => ({ get: (key, options) => inner.get(key, change(options)) }));
}

/** Changes every page of a listing. */
export function listed(change: (page: ListPage, options: ListOptions) => ListPage): Break {
  return verbs((inner) => ({ list: async (options) => change(await inner.list(options), options) }));
}

/** Changes the options of every listing. */
export function listOptions(change: (options: ListOptions) => ListOptions): Break {
  return verbs((inner) => ({ list: (options) => inner.list(change(options)) }));
}

/** Keeps objects under changed keys. */
export function mangled(change: (key: string) => string): Break {
  const keys = { toInner: change, toOuter: (key: string) => key, listing: (options: ListOptions) => options };
  return (inner) => mapKeys(inner, keys, { type: "mangled" });
}

/** Keeps objects under changed keys. Unlike {@link mangled}, changes each segment of a key on its own. */
export function mangledSegments(change: (segment: string) => string): Break {
  return mangled((key) => key.split("/").map(change).join("/"));
}

/** Runs a call. If the call fails with a `StorageError`, returns the result of `recover`. */
export function recovering<T>(
  work: () => Promise<T>,
  recover: (error: StorageError) => Promise<T> | T,
): Promise<T> {
  return work().catch((error: unknown) => {
    if (!isStorageError(error)) throw error;
    return recover(error);
  });
}

/** Returns the made-up facts of an object that does not exist. */
export function invented(inner: StorageProvider, key: string): ObjectInfo {
  return { key, size: 0, etag: '"0"', provider: inner.name, ref: inner.ref(key) };
}

/** Makes a break that replaces verbs of the facade. */
export function facade(
  change: (storage: FileStorage, provider: StorageProvider) => Partial<FileStorage>,
): StorageBreak {
  return (storage, provider) => ({ ...storage, ...change(storage, provider) });
}

/** Changes the arguments of every put of the facade. */
export function facadePut(
  change: (...given: Parameters<FileStorage["put"]>) => Parameters<FileStorage["put"]>,
): StorageBreak {
  return facade((storage) => ({ put: async (...given) => storage.put(...change(...given)) }));
}

/** Returns a copy of an object with some members replaced. Its getters stay getters. */
export function overriding<T extends object>(object: T, changes: Partial<T>): T {
  return Object.create(object, Object.getOwnPropertyDescriptors(changes)) as T;
}

/** Gets an object and reads all of its bytes. */
export async function bytesOf(inner: StorageProvider, key: string): Promise<Uint8Array> {
  return await readAll(await inner.get(key, {}));
}
