import { toBody, type CopyOptions, type PutOptions } from "@stowage/core/provider";
import { type ObjectInfo, type StorageProvider } from "@stowage/core";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { failure } from "./conditions.js";
import { bytesOf, facade, find, infos, invented, recovering, verbs } from "./breaks.js";

type Copy = NonNullable<StorageProvider["copy"]>;

/** Replaces the provider's own `copy`. `change` receives the working function. */
function copies(change: (copy: Copy, inner: StorageProvider) => Copy): Break {
  return verbs((inner) => ({ copy: inner.copy && change(inner.copy, inner) }));
}

/** Replaces `copy` with a put that keeps only the given facts of the source. */
function copiesWith(facts: (info: ObjectInfo) => PutOptions): Break {
  return copies((_copy, inner) => async (from, to, { ifNoneMatch, signal }: CopyOptions) => {
    signal?.throwIfAborted();
    const info = await inner.head(from, {});
    return await inner.put(to, await toBody(await bytesOf(inner, from)), { ifNoneMatch, ...facts(info) });
  });
}

const headersOf = ({ contentType, cacheControl, contentDisposition }: ObjectInfo): PutOptions => ({
  contentType,
  cacheControl,
  contentDisposition,
});

const COPIED_BYTES = 65_536;

/** A fault that a mutant has: after a copy, every put to the source changes the copy as well. */
const linksInstead: Break = (inner) => {
  const targets = new Map<string, string>();
  const put: StorageProvider["put"] = async (key, body, options) => {
    const info = await inner.put(key, body, options);
    const target = targets.get(key);
    if (target !== undefined) await inner.copy?.(key, target, {});
    return info;
  };
  const { copy } = inner;
  const link: Copy | undefined =
    copy &&
    (async (from, to, options) => {
      const info = await copy(from, to, options);
      targets.set(from, to);
      return info;
    });
  return { ...inner, put, copy: link };
};

export const copyMutants: readonly Mutant[] = [
  mutant(
    "a copy has the bytes of its source, and the source stays",
    "copies only the first block",
    copies((copy, inner) => async (from, to, options) => {
      await copy(from, to, options);
      const bytes = await bytesOf(inner, to);
      return await inner.put(to, await toBody(bytes.subarray(0, COPIED_BYTES)), await inner.head(from, {}));
    }),
  ),
  mutant(
    "a copy has the headers of its source, even if the new key has another extension",
    "copies without headers",
    copiesWith(({ metadata }) => ({ metadata })),
  ),
  mutant("a copy has the metadata of its source", "copies without metadata", copiesWith(headersOf)),
  mutant(
    "a copy has the write id from its options",
    "forgets the write id of a copy",
    copies(
      (copy) =>
        async (from, to, { writeId: _writeId, ...options }) =>
          await copy(from, to, options),
    ),
  ),
  mutant(
    "a copy with the right sourceIfMatch copies the object",
    "compares sourceIfMatch with the ETag of the target",
    copies((copy, inner) => async (from, to, options) => {
      const { sourceIfMatch } = options;
      if (sourceIfMatch !== undefined && (await find(inner, to))?.etag !== sourceIfMatch) {
        throw failure(inner, "PreconditionFailed", to);
      }
      return await copy(from, to, options);
    }),
  ),
  mutant(
    "a copy with a wrong sourceIfMatch rejects with PreconditionFailed and creates no object",
    "does not compare the ETag of the source",
    copies(
      (copy) =>
        async (from, to, { sourceIfMatch: _etag, ...options }) =>
          await copy(from, to, options),
    ),
  ),
  mutant(
    "a copy does not carry the write id of its source",
    "copies the write id",
    copiesWith((info) => ({
      ...headersOf(info),
      metadata: info.metadata,
      writeId: info.writeId,
    })),
  ),
  mutant(
    "a copy returns the facts of the new object",
    "returns the facts of the source",
    copies((copy, inner) => async (from, to, options) => {
      await copy(from, to, options);
      return await inner.head(from, {});
    }),
  ),
  mutant(
    "a copy replaces the whole target",
    "keeps the headers of the old target",
    copies((copy, inner) => async (from, to, options) => {
      const old = await find(inner, to);
      const info = await copy(from, to, options);
      if (old === undefined) return info;
      const { cacheControl } = old;
      return await inner.put(to, await toBody(await bytesOf(inner, to)), {
        ...headersOf(info),
        cacheControl,
      });
    }),
  ),
  mutant(
    "a copy of an object onto itself keeps the bytes and headers",
    "empties an object that is copied onto itself",
    copies(
      (copy, inner) => async (from, to, options) =>
        from === to ? await inner.put(to, await toBody(""), {}) : await copy(from, to, options),
    ),
  ),
  mutant("a copy and its source are independent", "links instead of copying", linksInstead),
  mutant(
    "a copy of a missing object rejects with NotFound and creates no object",
    "copies a missing object as an empty object",
    copies(
      (copy, inner) => async (from, to, options) =>
        recovering(
          () => copy(from, to, options),
          async (error) => {
            if (error.code !== "NotFound") throw error;
            return await inner.put(to, await toBody(""), {});
          },
        ),
    ),
  ),
  mutant(
    "a create-only copy onto an existing object rejects with AlreadyExists and leaves that object unchanged",
    "ignores ifNoneMatch of a copy",
    copies((copy) => (from, to, options) => copy(from, to, { ...options, ifNoneMatch: undefined })),
  ),
  mutant(
    "a create-only copy to a free key copies the object",
    "refuses every create-only copy",
    copies((copy, inner) => async (from, to, options) => {
      if (options.ifNoneMatch !== undefined) throw failure(inner, "AlreadyExists", to);
      return await copy(from, to, options);
    }),
  ),
  mutant(
    "if the provider has no copy, a copy through the facade also keeps the bytes and headers",
    "get forgets Cache-Control",
    infos((info, verb) => (verb === "get" ? { ...info, cacheControl: undefined } : info)),
  ),
  storageMutant(
    "after a move, the object is only under its new key",
    "move only copies",
    facade((storage) => ({
      move: async (from, to, options) => (from === to ? storage.head(from) : storage.copy(from, to, options)),
    })),
  ),
  storageMutant(
    "a move of a missing object rejects with NotFound",
    "moves a missing object without an error",
    facade((storage, provider) => ({
      move: (from, to, options) =>
        recovering(
          () => storage.move(from, to, options),
          (error) => {
            if (error.code !== "NotFound") throw error;
            return invented(provider, to);
          },
        ),
    })),
  ),
  storageMutant(
    "a move of an object onto itself keeps the object",
    "deletes an object that is moved onto itself",
    facade((storage) => ({
      move: async (from, to, options) => {
        const info = await storage.move(from, to, options);
        if (from === to) await storage.delete(from);
        return info;
      },
    })),
  ),
  storageMutant(
    "if the copy inside a move fails, the source stays",
    "deletes the source when the copy fails",
    facade((storage) => ({
      move: (from, to, options) =>
        recovering(
          () => storage.move(from, to, options),
          async (error) => {
            if (error.code === "Unknown") await storage.delete(from);
            throw error;
          },
        ),
    })),
  ),
];
