import { StorageError, type StorageErrorCode, type StorageProvider } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { restricted } from "./bases.js";
import { find, recovering, tick, verbs, facade } from "./breaks.js";

export function failure(
  inner: StorageProvider,
  code: StorageErrorCode,
  key: string,
  operation: "put" | "get" | "head" | "delete" = "put",
): StorageError {
  return new StorageError(code, "the mutant says so", { operation, provider: inner.name, key });
}

/**
 * A break: a put checks its condition first and writes later, so the conditions of two writers can hold at the same
 * time.
 */
const looksFirst: Break = verbs((inner) => ({
  put: async (key, body, options) => {
    const { ifMatch, ifNoneMatch, ...rest } = options;
    const old = await find(inner, key);
    if (ifNoneMatch !== undefined && old !== undefined) throw failure(inner, "AlreadyExists", key);
    if (ifMatch !== undefined && old?.etag !== ifMatch) throw failure(inner, "PreconditionFailed", key);
    await tick();
    return await inner.put(key, body, rest);
  },
}));

/**
 * Makes a break that remembers every etag of every object. The broken verb accepts an old etag as if it were the etag of
 * the current object.
 */
export function rememberingEtags(verb: "put" | "get" | "delete"): Break {
  return (inner) => {
    const history = new Set<string>();
    const known = async <T extends { readonly ifMatch?: string | undefined }>(
      key: string,
      options: T,
    ): Promise<T> => {
      if (options.ifMatch === undefined || !history.has(options.ifMatch)) return options;
      return { ...options, ifMatch: (await find(inner, key))?.etag ?? options.ifMatch };
    };
    const put: typeof inner.put = async (key, body, options) => {
      const info = await inner.put(key, body, verb === "put" ? await known(key, options) : options);
      if (info.etag !== undefined) history.add(info.etag);
      return info;
    };
    const get: typeof inner.get = async (key, options) =>
      inner.get(key, verb === "get" ? await known(key, options) : options);
    const remove: typeof inner.delete = async (key, options) =>
      inner.delete(key, verb === "delete" ? await known(key, options) : options);
    return { ...inner, put, get, delete: remove };
  };
}

const PART_BYTES = 5 * 1024 * 1024;

/** A fault that a mutant has: a put forgets its condition if the body is large enough to be sent in parts. */
const forgetsParts: Break = verbs((inner) => ({
  put: async (key, body, options) => {
    let bytes = 0;
    for await (const chunk of body.open() as AsyncIterable<Uint8Array>) bytes += chunk.byteLength;
    if (bytes < PART_BYTES) throw failure(inner, "AlreadyExists", key);
    return await inner.put(
      key,
      { ...body, open: body.open, bytes: new Uint8Array(bytes) },
      { ...options, ifNoneMatch: undefined },
    );
  },
}));

/** Applies a break only to create-only puts of streams. */
function onCreateOnlyStreams(breaks: Break): Break {
  return (inner) => {
    const broken = breaks(inner);
    const put: typeof inner.put = (key, body, options) =>
      options.ifNoneMatch !== undefined &&
      body.bytes === undefined &&
      body.size === undefined &&
      key.endsWith("a.bin")
        ? broken.put(key, body, options)
        : inner.put(key, body, options);
    return { ...inner, put };
  };
}

/** Replaces `put`, but only for calls that set the given condition. */
function onCondition(
  name: "ifMatch" | "ifNoneMatch",
  put: (inner: StorageProvider) => StorageProvider["put"],
): Break {
  return verbs((inner) => ({
    put: (key, body, options) =>
      options[name] === undefined ? inner.put(key, body, options) : put(inner)(key, body, options),
  }));
}

export const conditionMutants: readonly Mutant[] = [
  mutant(
    "a create-only put of a free key writes the object",
    "loses the object that it created",
    onCondition("ifNoneMatch", (inner) => async (key, body, options) => {
      const info = await inner.put(key, body, options);
      await inner.delete(key, {});
      return info;
    }),
  ),
  mutant(
    "a create-only put of a taken key rejects with AlreadyExists",
    "returns the old object as if it were new",
    onCondition(
      "ifNoneMatch",
      (inner) => (key, body, options) =>
        recovering(
          () => inner.put(key, body, options),
          () => inner.head(key, {}),
        ),
    ),
  ),
  mutant(
    "a create-only put that is refused leaves the bytes and facts of the old object unchanged",
    "refuses a put, and writes the object anyway",
    onCondition("ifNoneMatch", (inner) => async (key, body, options) => {
      const taken = (await find(inner, key)) !== undefined;
      const info = await inner.put(key, body, taken ? { ...options, ifNoneMatch: undefined } : options);
      if (taken) throw failure(inner, "AlreadyExists", key);
      return info;
    }),
  ),
  mutant(
    "exactly one of ten simultaneous create-only puts wins, and the winner's bytes are stored",
    "looks for the object first, and creates it later",
    looksFirst,
  ),
  mutant(
    "a create-only put works again after the object has been deleted",
    "remembers deleted keys as taken",
    (inner) => {
      const created = new Set<string>();
      return onCondition("ifNoneMatch", () => async (key, body, options) => {
        if (created.has(key)) throw failure(inner, "AlreadyExists", key);
        const info = await inner.put(key, body, options);
        created.add(key);
        return info;
      })(inner);
    },
  ),
  mutant(
    "a create-only put of a large stream in parts rejects with AlreadyExists if the key is taken",
    "forgets ifNoneMatch of large streams",
    onCreateOnlyStreams(forgetsParts),
  ),
  mutant(
    "if the provider has no create-only uploads in parts, a large create-only stream is refused, and the old object stays",
    "ignores ifNoneMatch of large streams",
    onCreateOnlyStreams(forgetsParts),
    restricted({ ifNoneMatchOnMultipart: false }),
  ),
  mutant(
    "a put with the right ifMatch replaces the object",
    "refuses every ifMatch",
    onCondition("ifMatch", (inner) => async (key) => {
      throw failure(inner, "PreconditionFailed", key);
    }),
  ),
  mutant(
    "a put with a wrong ifMatch rejects with PreconditionFailed and leaves the object unchanged",
    "ignores ifMatch of a put",
    onCondition(
      "ifMatch",
      (inner) => (key, body, options) => inner.put(key, body, { ...options, ifMatch: undefined }),
    ),
  ),
  mutant(
    "a put with the etag of a replaced object rejects with PreconditionFailed",
    "accepts every old etag for a put",
    rememberingEtags("put"),
  ),
  mutant(
    "a put with ifMatch on a missing object rejects with PreconditionFailed",
    "creates the object that ifMatch expects to exist",
    onCondition("ifMatch", (inner) => async (key, body, options) => {
      const old = await find(inner, key);
      return await inner.put(key, body, old === undefined ? { ...options, ifMatch: undefined } : options);
    }),
  ),
  mutant(
    "exactly one of eight simultaneous puts with the same ifMatch wins",
    "compares the etag first, and replaces the object later",
    looksFirst,
  ),
  storageMutant(
    "a put with an invalid condition rejects with TypeError",
    "drops conditions that it does not understand",
    facade((storage) => ({
      put: async (key, body, { ifMatch, ifNoneMatch, ...options } = {}) =>
        storage.put(key, body, {
          ...options,
          ...(typeof ifMatch === "string" && ifMatch !== "" && ifNoneMatch === undefined && { ifMatch }),
          ...((ifNoneMatch as string) === "*" && ifMatch === undefined && { ifNoneMatch }),
        }),
    })),
  ),
];
