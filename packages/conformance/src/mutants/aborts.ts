import { StorageError, isStorageError, type StorageProvider } from "@stowage/core";
import { toBody, type CallOptions } from "@stowage/core/provider";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { locksOn } from "./source-failures.js";
import { facade, overriding, verbs } from "./breaks.js";

/** Returns the options, but leaves out a signal that is already aborted. */
function deaf<Options extends CallOptions>(options: Options): Options {
  return options.signal?.aborted === true ? { ...options, signal: undefined } : options;
}

/** Makes a break that changes the error of a put with an aborted signal. */
function onAbort(react: (inner: StorageProvider, key: string, reason: unknown) => unknown): Break {
  return verbs((inner) => ({
    put: (key, body, options) =>
      inner.put(key, body, options).catch(async (error: unknown) => {
        throw options.signal?.aborted === true && error === options.signal.reason
          ? await react(inner, key, error)
          : error;
      }),
  }));
}

function wrapped(inner: StorageProvider, key: string, cause: unknown): StorageError {
  return new StorageError("Unavailable", "the call was aborted", {
    operation: "put",
    provider: inner.name,
    key,
    cause,
  });
}

/** A fault that a mutant has: an aborted put rejects immediately, but keeps reading its source. */
const goesOnReading: Break = verbs((inner) => ({
  put: async (key, body, options) => {
    const { signal } = options;
    if (signal === undefined || body.bytes !== undefined) return await inner.put(key, body, options);
    signal.throwIfAborted();
    const read = async (): Promise<Uint8Array> => Buffer.concat(await body.open().toArray());
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    const bytes = await Promise.race([read(), aborted]);
    return await inner.put(key, await toBody(bytes), options);
  },
}));

const listensForEver: Break = verbs((inner) => ({
  put: async (key, body, options) => {
    const info = await inner.put(key, body, options);
    options.signal?.addEventListener("abort", () => void inner.delete(key, {}), { once: true });
    return info;
  },
}));

export const abortMutants: readonly Mutant[] = [
  mutant(
    "a put with an aborted signal rejects with the signal's reason, reads nothing and writes nothing",
    "put does not check the signal first",
    verbs((inner) => ({
      put: (key, body, options) => inner.put(key, body, deaf(options)),
    })),
  ),
  mutant(
    "get with an aborted signal rejects with the signal's reason, unchanged",
    "get does not check the signal",
    verbs((inner) => ({
      get: (key, options) => inner.get(key, deaf(options)),
    })),
  ),
  mutant(
    "head with an aborted signal rejects with the signal's reason, unchanged",
    "head does not check the signal",
    verbs((inner) => ({
      head: (key, options) => inner.head(key, deaf(options)),
    })),
  ),
  mutant(
    "list with an aborted signal rejects with the signal's reason, unchanged",
    "list does not check the signal",
    verbs((inner) => ({
      list: (options) => inner.list(deaf(options)),
    })),
  ),
  mutant(
    "delete with an aborted signal rejects with the signal's reason, unchanged",
    "delete does not check the signal",
    verbs((inner) => ({
      delete: (key, options) => inner.delete(key, deaf(options)),
    })),
  ),
  storageMutant(
    "copy with an aborted signal rejects with the signal's reason, unchanged",
    "copy does not check the signal",
    facade((storage) => ({
      copy: async (from, to, options = {}) => storage.copy(from, to, deaf(options)),
    })),
  ),
  mutant(
    "a put that is aborted in the middle rejects with the reason and writes nothing",
    "wraps the reason of an abort",
    onAbort(wrapped),
  ),
  mutant(
    "a put that is aborted in the middle closes its source",
    "goes on reading after an abort",
    goesOnReading,
  ),
  mutant(
    "a put that is aborted in the middle leaves the old object unchanged",
    "removes the old object on an abort",
    onAbort(async (inner, key, reason) => {
      await inner.delete(key, {});
      return reason;
    }),
  ),
  mutant(
    "an abort reason that is not an Error is passed on unchanged",
    "turns every reason into an Error",
    onAbort((_inner, _key, reason) => (reason instanceof Error ? reason : new Error(String(reason)))),
  ),
  storageMutant(
    "the facade passes on the reason of an abort unchanged",
    "the facade wraps the reason of an abort",
    facade((storage, provider) => ({
      put: (key, body, options) =>
        storage.put(key, body, options).catch((error: unknown) => {
          throw options?.signal?.aborted === true ? wrapped(provider, key, error) : error;
        }),
    })),
  ),
  mutant(
    "the key can be written after an abort",
    "keeps a lock after an abort",
    locksOn((error) => !isStorageError(error)),
  ),
  mutant(
    "an abort has no effect after the put has resolved",
    "never stops listening to the signal",
    listensForEver,
  ),
  storageMutant(
    "an aborted read never returns a truncated body as if it were complete",
    "ends an aborted read without an error",
    facade((storage) => ({
      get: async (key, options) => {
        const object = await storage.get(key, options);
        const bytes = async (): Promise<Uint8Array> =>
          (await object.bytes()).subarray(0, options?.signal?.aborted === true ? 1000 : undefined);
        return overriding(object, { bytes });
      },
    })),
  ),
  mutant(
    "a signal that is never aborted changes nothing",
    "head with a signal returns no size",
    verbs((inner) => ({
      head: async (key, options) => {
        const info = await inner.head(key, options);
        return options.signal === undefined ? info : { ...info, size: 0 };
      },
    })),
  ),
  storageMutant(
    "if the source of a put stops giving bytes, timeoutMs ends the put with Timeout, and nothing is written",
    "throws another error instead of Timeout",
    (storage, provider) =>
      facade(() => ({
        put: (...given) =>
          storage.put(...given).catch((error: unknown) => {
            throw isStorageError(error, "Timeout") ? wrapped(provider, given[0], error) : error;
          }),
      }))(storage, provider, {}),
  ),
];
