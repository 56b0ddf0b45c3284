import { PassThrough } from "node:stream";
import { createStorage, isStorageError, type FileStorage, type StorageEvent } from "@stowage/core";
import { mutant, storageMutant, type Mutant } from "../mutant.js";
import type { StorageBreak } from "../context.js";
import { closable } from "./bases.js";
import { facade, invented, verbs } from "./breaks.js";

/** Makes a break of the facade that changes or drops events. */
function reports(change: (event: StorageEvent) => StorageEvent | undefined): StorageBreak {
  return (storage, provider, { onEvent, ...options }) => {
    if (onEvent === undefined) return storage;
    const listener = (event: StorageEvent): void => {
      const changed = change(event);
      if (changed !== undefined) onEvent(changed);
    };
    return createStorage(provider, { ...options, onEvent: listener });
  };
}

async function* firstPage(
  storage: FileStorage,
  options: Parameters<FileStorage["list"]>[0],
): ReturnType<typeof pageByPage> {
  yield* (await storage.listPage(options)).objects;
}

async function* pageByPage(
  storage: FileStorage,
  options: Parameters<FileStorage["list"]>[0],
): AsyncGenerator<Awaited<ReturnType<FileStorage["head"]>>> {
  yield* storage.list(options);
}

async function* allAtOnce(
  storage: FileStorage,
  options: Parameters<FileStorage["list"]>[0],
): ReturnType<typeof pageByPage> {
  const found = [];
  for await (const info of storage.list(options)) found.push(info);
  yield* found;
}

export const facadeMutants: readonly Mutant[] = [
  storageMutant(
    "find returns the facts of an object, and undefined for a missing object",
    "find invents facts for a missing object",
    facade((storage, provider) => ({
      find: async (key) => (await storage.find(key)) ?? invented(provider, key),
    })),
  ),
  storageMutant(
    "when the stream of a writer has finished, the written bytes are stored as an object",
    "finishes a writer before its object exists",
    facade((storage) => ({
      writer: (key, options) => {
        const stream = new PassThrough({ highWaterMark: 1_000_000 });
        const written = new Promise((resolve) => stream.once("finish", () => setImmediate(resolve)));
        return { stream, done: written.then(() => storage.put(key, stream, options)) };
      },
    })),
  ),
  storageMutant(
    "a writer that is destroyed stores nothing",
    "stores the bytes of a destroyed writer",
    facade((storage) => ({
      writer: (key, options) => {
        const { stream, done } = storage.writer(key, options);
        const early = new PassThrough();
        early.on("close", () => stream.end("the beginning"));
        return { stream: early, done };
      },
    })),
  ),
  storageMutant(
    "exists is true for an object and false for a missing object",
    "exists is true for every key",
    facade((storage) => ({
      exists: async (key, options) => (await storage.exists(key, options)) || true,
    })),
  ),
  storageMutant(
    "exists rejects when the provider cannot answer",
    "exists is false while the provider is down",
    facade((storage) => ({
      exists: (key, options) =>
        storage.exists(key, options).catch((error: unknown) => {
          if (
            isStorageError(error, "Unavailable") &&
            error.operation === "head" &&
            error.reason === "it is down"
          )
            return false;
          throw error;
        }),
    })),
  ),
  storageMutant(
    "list gives every object, across all pages",
    "list stops after the first page",
    facade((storage) => ({
      list: (options) => firstPage(storage, options),
    })),
  ),
  storageMutant(
    "list asks for a page only when the page is needed",
    "list fetches all pages first",
    facade((storage) => ({
      list: (options) => allAtOnce(storage, options),
    })),
  ),
  storageMutant(
    "listPage gives objects, common prefixes and a cursor",
    "listPage drops common prefixes",
    facade((storage) => ({
      listPage: async (options) => ({ ...(await storage.listPage(options)), prefixes: [] }),
    })),
  ),
  storageMutant(
    "each call causes one event with the operation, key, size and milliseconds",
    "events have no size",
    reports((event) => (event.type === "operation" ? { ...event, size: undefined } : event)),
  ),
  storageMutant(
    "the event of a failed call carries the call's error",
    "reports only successful calls",
    reports((event) => (event.type === "operation" && event.error !== undefined ? undefined : event)),
  ),
  storageMutant(
    "an event listener that throws does not affect the call",
    "a call fails when the listener throws",
    (storage, provider, options) => ({
      ...storage,
      put: async (...given) => {
        const info = await storage.put(...given);
        options.onEvent?.({ type: "unconfirmed", key: info.key, providers: [provider.name] });
        return info;
      },
    }),
  ),
  storageMutant(
    "describe returns the kind, the type and the name of the storage",
    "describe returns an empty name",
    facade((storage) => ({
      describe: () => ({ ...storage.describe(), name: "" }),
    })),
  ),
  storageMutant(
    "a closed storage refuses every call with Unavailable",
    "works after close",
    facade((storage) => ({
      close: async ({ graceMs } = {}) => (graceMs === undefined ? undefined : storage.close({ graceMs })),
    })),
  ),
  storageMutant(
    "close waits for calls that are under way",
    "close does not wait for calls",
    facade((storage) => ({
      close: async (options) => {
        const closed = storage.close(options);
        if (options?.graceMs !== undefined) await closed;
      },
    })),
  ),
  storageMutant(
    "close aborts calls that are still under way after graceMs",
    "reports success for calls that were aborted by close",
    facade((storage, provider) => ({
      put: (key, body, options) =>
        storage.put(key, body, options).catch((error: unknown) => {
          if (isStorageError(error) && error.reason === "the storage was closed")
            return invented(provider, key);
          throw error;
        }),
    })),
  ),
  storageMutant(
    "closing a storage twice is harmless",
    "close throws the second time",
    facade((storage) => {
      let closed = false;
      const close: FileStorage["close"] = async (options) => {
        if (closed) throw new Error("it was closed before");
        closed = true;
        await storage.close(options);
      };
      return { close };
    }),
  ),
  mutant(
    "a provider can be closed twice",
    "a provider's close throws the second time",
    verbs((inner) => {
      let closed = false;
      const close = async (): Promise<void> => {
        if (closed) throw new Error("it was closed before");
        closed = true;
        await inner.close?.();
      };
      return { close };
    }),
    closable,
  ),
];
