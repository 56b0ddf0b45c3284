import { KEY_BYTES_MAX } from "./key.js";

/**
 * The features that a provider supports in the verbs that every provider has. Optional verbs need no flag here: a
 * provider supports an optional verb if it has the function.
 */
export interface Supports {
  /** `get` with `range`. */
  readonly range: boolean;
  /** `put` with `ifNoneMatch: "*"`: create-only, and atomic even with other writers. */
  readonly ifNoneMatch: boolean;
  /** `put` with `ifMatch`: replaces only the object with that ETag. */
  readonly ifMatch: boolean;
  /** `ifNoneMatch: "*"` also works for large objects that the provider sends in parts. */
  readonly ifNoneMatchOnMultipart: boolean;
  /** `delete` with `ifMatch`. */
  readonly conditionalDelete: boolean;
  /** `metadata` and the write id are returned unchanged. Retries and composers rely on the write id. */
  readonly metadata: boolean;
  /** `list` works. If this is false, each listing fails with `Unsupported`, because the credentials do not allow listing. */
  readonly list: boolean;
  /** `list` is in UTF-8 byte order. */
  readonly orderedList: boolean;
  /** Objects of zero bytes can be stored. */
  readonly emptyObject: boolean;
  /** `put` without a condition replaces an existing object. If this is false, the provider is create-only. */
  readonly overwrite: boolean;
  /** `get` returns exactly the bytes that were put. */
  readonly byteExact: boolean;
  /** `beforeCommit` of writes and deletes is called, and nothing is changed if it throws. */
  readonly beforeCommit: boolean;
  /** The longest key, in UTF-8 bytes. */
  readonly keyBytesMax: number;
  /** The largest object, in bytes; `Infinity` if the provider itself has no limit. */
  readonly objectBytesMax: number;
  /**
   * The maximum number of bytes of one stream that a put keeps in memory at the same time. Bytes in the stream's own buffer do
   * not count. A composer subtracts this number from its `memoryBytes`.
   *
   * @default 0
   */
  readonly bufferedBytes?: number | undefined;
}

/** The features of a provider that supports everything in the contract. */
export const SUPPORTS_ALL: Supports = {
  range: true,
  ifNoneMatch: true,
  ifMatch: true,
  ifNoneMatchOnMultipart: true,
  conditionalDelete: true,
  metadata: true,
  list: true,
  orderedList: true,
  emptyObject: true,
  overwrite: true,
  byteExact: true,
  beforeCommit: true,
  keyBytesMax: KEY_BYTES_MAX,
  objectBytesMax: Number.POSITIVE_INFINITY,
};
