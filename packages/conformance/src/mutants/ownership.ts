import type { ObjectInfo } from "@stowage/core";
import { mutant, type Mutant } from "../mutant.js";
import { infos, putOptions, results, verbs } from "./breaks.js";

export const ownershipMutants: readonly Mutant[] = [
  mutant(
    "changing the caller's bytes after the put does not change the object",
    "keeps the caller's buffer",
    (inner) => {
      const kept = new Map<string | undefined, Uint8Array>();
      const put: typeof inner.put = async (key, body, options) => {
        const info = await inner.put(key, body, options);
        if (body.bytes !== undefined) kept.set(info.etag, body.bytes);
        return info;
      };
      const reads = results((result, { range }) => {
        const bytes = range === undefined ? kept.get(result.info.etag) : undefined;
        return bytes === undefined ? result : { ...result, body: bytes.slice() };
      });
      return reads({ ...inner, put });
    },
  ),
  mutant(
    "a put does not change the caller's bytes",
    "overwrites the caller's buffer after the put",
    verbs((inner) => ({
      put: async (key, body, options) => {
        const info = await inner.put(key, body, options);
        if (info.size < WIPED_BYTES_MAX) body.bytes?.fill(0);
        return info;
      },
    })),
  ),
  mutant(
    "changing the bytes returned by a read does not change the object",
    "returns the same buffer to every reader",
    (inner) => {
      const own = new Map<string | undefined, Uint8Array>();
      return results((result, { range }) => {
        if (range !== undefined) return result;
        const bytes = own.get(result.info.etag) ?? (result.body as Uint8Array);
        own.set(result.info.etag, bytes);
        return { ...result, body: bytes };
      })(inner);
    },
  ),
  mutant(
    "changing the caller's metadata after the put does not change the object",
    "keeps the caller's metadata object",
    (inner) => {
      const kept = new Map<string | undefined, ObjectInfo["metadata"]>();
      const put: typeof inner.put = async (key, body, options) => {
        const info = await inner.put(key, body, options);
        if (options.metadata !== undefined) kept.set(info.etag, options.metadata);
        return info;
      };
      return infos((info) => ({ ...info, metadata: kept.get(info.etag) ?? info.metadata }))({
        ...inner,
        put,
      });
    },
  ),
  mutant(
    "no verb changes its options, so the options can be frozen",
    "adds a property to the caller's options",
    putOptions((options) => Object.assign(options, { seen: true })),
  ),
  mutant(
    "every verb works as a detached function, without `this`",
    "head uses `this`",
    verbs((inner) => ({
      head: function (this: typeof inner, key, options) {
        if (this.name !== inner.name) throw new TypeError("this is another");
        return inner.head(key, options);
      },
    })),
  ),
];

/**
 * The mutant overwrites only bodies that are smaller than this limit. The rules share larger constants, which must not be
 * overwritten.
 */
const WIPED_BYTES_MAX = 50_000;
