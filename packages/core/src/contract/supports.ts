import { KEY_BYTES_MAX } from "./key.js";

/**
 * The abilities of a provider within the verbs that every provider has. Verbs that only some providers have need no flag: a
 * provider that has the function has the ability.
 */
export interface Supports {
  /** `get` with `range`. */
  readonly range: boolean;
  /** `put` with `ifNoneMatch: "*"`: create-only, atomic against other writers. */
  readonly ifNoneMatch: boolean;
  /** `put` with `ifMatch`: replaces only the object of that ETag. */
  readonly ifMatch: boolean;
  /** `ifNoneMatch: "*"` also holds for objects so large that the provider sends them in parts. */
  readonly ifNoneMatchOnMultipart: boolean;
  /** `delete` with `ifMatch`. */
  readonly conditionalDelete: boolean;
  /** `metadata` and the write id come back as they were given. Retries and composers rely on the write id. */
  readonly metadata: boolean;
  /** `list` works. Without it each listing is `Unsupported`, because the credentials do not allow it. */
  readonly list: boolean;
  /** `list` is in UTF-8 byte order. */
  readonly orderedList: boolean;
  /** Objects of zero bytes can be stored. */
  readonly emptyObject: boolean;
  /** `put` without a condition replaces an existing object. A provider without it is create-only. */
  readonly overwrite: boolean;
  /** `get` returns the very bytes that were put. */
  readonly byteExact: boolean;
  /** `beforeCommit` of writes and deletes is called, and nothing is changed when it throws. */
  readonly beforeCommit: boolean;
  /** The longest key, in UTF-8 bytes. */
  readonly keyBytesMax: number;
  /** The largest object, in bytes; `Infinity` when the provider has no limit of its own. */
  readonly objectBytesMax: number;
  /**
   * The number of bytes of one stream that a put keeps in memory at once. Bytes that the stream itself still holds are not
   * counted. A composer counts this number against its `memoryBytes`.
   *
   * @default 0
   */
  readonly bufferedBytes?: number | undefined;
}

/** The abilities of a provider that keeps every rule of the contract. */
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
