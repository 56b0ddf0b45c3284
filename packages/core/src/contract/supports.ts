import { KEY_BYTES_MAX } from "./key.js";
import type { Supports } from "./provider.js";

/** What a provider declares that keeps every rule of the contract. */
export const SUPPORTS_ALL: Supports = {
  range: true,
  ifNoneMatch: true,
  ifMatch: true,
  ifNoneMatchOnMultipart: true,
  conditionalDelete: true,
  metadata: true,
  orderedList: true,
  emptyObject: true,
  overwrite: true,
  byteExact: true,
  keyBytesMax: KEY_BYTES_MAX,
  objectBytesMax: Number.POSITIVE_INFINITY,
};
