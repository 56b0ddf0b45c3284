import { StorageError, type StorageProvider, type Supports } from "@stowage/core";
import { decodeKeyPath, encodeKeyPath, intercept, toBody, type CopyOptions } from "@stowage/core/provider";
import type { Break } from "../mutant.js";
import { collect } from "./breaks.js";

/**
 * Makes a provider that supports fewer features than the given provider. The new provider declares which features are
 * missing, and refuses calls that need these features.
 */
export function restricted(denied: Partial<Supports>): Break {
  return (inner) => {
    const supports: Supports = { ...inner.supports, ...denied };
    const refuse = (reason: string, key: string): never => {
      throw new StorageError("Unsupported", reason, { operation: "put", provider: inner.name, key });
    };
    const put: StorageProvider["put"] = async (key, body, options) => {
      if (supports.emptyObject && supports.overwrite) return await inner.put(key, body, options);
      options.signal?.throwIfAborted();
      const bytes = await collect(body, options);
      if (bytes.byteLength === 0 && !supports.emptyObject)
        refuse("the provider cannot store empty objects", key);
      const ifNoneMatch = supports.overwrite ? options.ifNoneMatch : "*";
      return await inner.put(key, await toBody(bytes), { ...options, ifNoneMatch });
    };
    const creating = (options: CopyOptions): CopyOptions =>
      supports.overwrite ? options : { ...options, ifNoneMatch: "*" };
    const { copy: copyInside, move: moveInside } = inner;
    const copy: StorageProvider["copy"] =
      copyInside && ((from, to, options) => copyInside(from, to, creating(options)));
    const move: StorageProvider["move"] =
      moveInside && ((from, to, options) => moveInside(from, to, creating(options)));
    const list: StorageProvider["list"] = async (options) => {
      if (supports.list) return await inner.list(options);
      throw new StorageError("Unsupported", "it cannot list", { operation: "list", provider: inner.name });
    };
    return { ...inner, supports, put, copy, move, list };
  };
}

/** Makes a provider with the five verbs, small limits and few optional features. */
export const bare: Break = (inner) => ({
  ...restricted({
    range: false,
    ifNoneMatch: false,
    ifMatch: false,
    ifNoneMatchOnMultipart: false,
    conditionalDelete: false,
    metadata: false,
    orderedList: false,
    emptyObject: false,
    overwrite: false,
    byteExact: false,
    keyBytesMax: 600,
    objectBytesMax: 4 * 1024 * 1024,
  })(inner),
  copy: undefined,
  move: undefined,
  deleteMany: undefined,
});

const PUBLIC_BASE = "https://files.example.com/";

/** Makes a provider with every kind of link. The links lead nowhere. */
export const linked: Break = (inner) => ({
  ...inner,
  publicUrl: (key) => PUBLIC_BASE + encodeKeyPath(key),
  locate: (text) => {
    const key = text.startsWith(PUBLIC_BASE) ? decodeKeyPath(text.slice(PUBLIC_BASE.length)) : undefined;
    return key === undefined ? inner.locate(text) : { key, provider: inner.name, ref: inner.ref(key) };
  },
  signedUrl: async (key) => `${PUBLIC_BASE}${encodeKeyPath(key)}?signature=1`,
  signUpload: async (key) => ({
    key,
    method: "PUT",
    url: PUBLIC_BASE + encodeKeyPath(key),
    headers: {},
    expiresAt: inAMinute(),
  }),
  multipart: {
    create: async () => ({ uploadId: "upload-1" }),
    signPart: async (key) => ({ key, method: "PUT", url: PUBLIC_BASE, headers: {}, expiresAt: inAMinute() }),
    listParts: async () => [],
    complete: (key) => inner.head(key, {}),
    abort: async () => {},
  },
});

function inAMinute(): Date {
  return new Date(Date.now() + 60_000);
}

/** Makes a provider with a `close` method, like the providers that wrappers make. */
export const closable: Break = (inner) => intercept(inner, { type: "closable" });
