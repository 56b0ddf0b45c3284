import { StorageError, type Operation, type StorageErrorCode } from "../contract/errors.js";
import { assertKey, describeType } from "../contract/key.js";
import { assertHeaders, assertMetadata } from "../contract/metadata.js";
import type { StorageProvider } from "../contract/provider.js";
import type { DownloadOptions } from "./storage-options.js";
import type {
  CopyOptions,
  DeleteOptions,
  GetOptions,
  ListOptions,
  PutOptions,
} from "../contract/call-options.js";
import type { ByteRange } from "../contract/object.js";
import { anyText, knownNames, oneOf, nonEmptyText, wholeNumber } from "../kit/options.js";

const WRITE_ID = /^[A-Za-z0-9\-_.:]{1,200}$/;

/** Throws if a key breaks a rule or this provider cannot hold the key. */
export function checkKey(provider: StorageProvider, key: string, operation: Operation): void {
  assertKey(key, operation, provider.name);
  const { keyBytesMax } = provider.supports;
  if (key.length * 3 <= keyBytesMax || Buffer.byteLength(key) <= keyBytesMax) return;
  throw refused(
    "Unsupported",
    `the provider takes keys of at most ${keyBytesMax} bytes`,
    provider,
    operation,
    key,
  );
}

/**
 * Checks the arguments of an adapter's own function before any byte is sent, in the same way as the facade checks a put.
 *
 * @throws TypeError for values of the wrong type.
 * @throws StorageError `InvalidKey`; `InvalidArgument` for headers and metadata; `Unsupported`.
 */
export function assertPut(provider: StorageProvider, key: string, options: PutOptions, size?: number): void {
  checkKey(provider, key, "put");
  checkPut(provider, key, options, size);
}

/** Throws if an option of a put is wrong, or if this provider does not support the option. */
export function checkPut(
  provider: StorageProvider,
  key: string,
  options: PutOptions,
  size: number | undefined,
): void {
  const { name } = provider;
  assertHeaders(options, key, name);
  if (options.metadata !== undefined) assertMetadata(options.metadata, key, name);
  if (options.ifNoneMatch !== undefined) oneOf("put", "ifNoneMatch", options.ifNoneMatch, ["*"]);
  if (options.ifMatch !== undefined && options.ifNoneMatch !== undefined) {
    throw new TypeError("put: give ifMatch or ifNoneMatch, not both");
  }
  assertEtag("put", options.ifMatch);
  if (options.writeId !== undefined && !WRITE_ID.test(options.writeId)) {
    throw new TypeError('put: writeId must have 1 to 200 characters of A-Z, a-z, 0-9, "-", "_", "." and ":"');
  }
  const { metadata } = options;
  if (options.ifNoneMatch !== undefined) assertSupports(provider, "ifNoneMatch", "create-only writes", key);
  if (options.ifMatch !== undefined) assertSupports(provider, "ifMatch", "conditional writes", key);
  if (metadata !== undefined && Object.keys(metadata).length > 0) {
    assertSupports(provider, "metadata", "metadata", key);
  }
  checkSize(provider, key, size);
}

/** Throws if this provider does not accept a body of this length. */
export function checkSize(
  provider: StorageProvider,
  key: string,
  size: number | undefined,
  operation: Operation = "put",
): void {
  if (size === 0) assertSupports(provider, "emptyObject", "empty objects", key, operation);
  const { objectBytesMax } = provider.supports;
  if (size === undefined || !(size > objectBytesMax)) return;
  const reason = `the body has ${size} bytes, but the provider takes at most ${objectBytesMax}`;
  throw refused("TooLarge", reason, provider, operation, key);
}

/** Checks that the provider supports a feature. @throws StorageError `Unsupported` if it does not. */
export function assertSupports(
  provider: StorageProvider,
  feature: "ifNoneMatch" | "ifNoneMatchOnMultipart" | "ifMatch" | "metadata" | "emptyObject",
  words: string,
  key: string,
  operation: Operation = "put",
): void {
  if (provider.supports[feature]) return;
  throw refused("Unsupported", `the provider does not support ${words}`, provider, operation, key);
}

/** Throws for wrong options of a copy or a move. */
export function checkCopy({ ifNoneMatch, sourceIfMatch }: CopyOptions): void {
  assertEtag("copy", sourceIfMatch, "sourceIfMatch");
  if (ifNoneMatch !== undefined) oneOf("copy", "ifNoneMatch", ifNoneMatch, ["*"]);
}

/** Throws for wrong arguments of a download. */
export function checkDownload(
  provider: StorageProvider,
  key: string,
  path: string,
  options: DownloadOptions,
): void {
  nonEmptyText("download", "path", path, "the path of a file");
  wholeNumber("download", "concurrency", options.concurrency ?? 1, { least: 1 });
  checkGet(provider, key, options);
}

/** Throws if an option of a get is wrong, or if this provider does not support the option. */
export function checkGet(provider: StorageProvider, key: string, options: GetOptions): void {
  assertEtag("get", options.ifMatch);
  if (options.range === undefined) return;
  assertRange(options.range);
  if (provider.supports.range) return;
  throw refused("Unsupported", "the provider does not support ranges", provider, "get", key);
}

const RANGE = { offset: true, length: true, suffix: true } as const;

/**
 * Throws a `TypeError` unless the numbers of a range are whole and valid: `offset` at least 0, `length` and `suffix` at least 1.
 */
export function assertRange(range: ByteRange): void {
  if (typeof range !== "object" || range === null) {
    throw new TypeError(`get: range must be { offset, length? } or { suffix }, not ${describeType(range)}`);
  }
  const { offset, length, suffix }: Partial<Record<keyof typeof RANGE, unknown>> = range;
  knownNames<object>("get: range", range, RANGE);
  if (suffix === undefined) {
    wholeNumber("get", "range.offset", offset);
    if (length !== undefined) wholeNumber("get", "range.length", length, { least: 1 });
    return;
  }
  wholeNumber("get", "range.suffix", suffix, { least: 1 });
  if (offset === undefined && length === undefined) return;
  throw new TypeError("get: give range.suffix or range.offset, not both");
}

/** Throws if an option of a delete is wrong, or if this provider does not support the option. */
export function checkDelete(provider: StorageProvider, key: string, options: DeleteOptions): void {
  assertEtag("delete", options.ifMatch);
  if (options.ifMatch === undefined || provider.supports.conditionalDelete) return;
  throw refused("Unsupported", "the provider does not support conditional deletes", provider, "delete", key);
}

/** Throws for wrong options of a listing. */
export function checkList(provider: StorageProvider, options: ListOptions): void {
  const { after, cursor, delimiter, limit } = options;
  if (limit !== undefined) wholeNumber("list", "limit", limit, { least: 1 });
  if (delimiter !== undefined) oneOf("list", "delimiter", delimiter, ["/"]);
  if (cursor !== undefined) anyText("list", "cursor", cursor, "the cursor of an earlier page");
  if (after === undefined) return;
  nonEmptyText("list", "after", after, "a key or a common prefix");
  if (cursor !== undefined) throw new TypeError("list: give cursor or after, not both");
  if (provider.supports.orderedList) return;
  const reason = "the provider does not list keys in order, so a listing cannot start after a key";
  throw refused("Unsupported", reason, provider, "list", after);
}

function assertEtag(caller: Operation, etag: string | undefined, name = "ifMatch"): void {
  if (etag !== undefined) nonEmptyText(caller, name, etag, "the etag of an object");
}

function refused(
  code: StorageErrorCode,
  reason: string,
  provider: StorageProvider,
  operation: Operation,
  key: string,
): StorageError {
  return new StorageError(code, reason, { operation, provider: provider.name, key });
}
