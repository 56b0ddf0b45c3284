import { StorageError } from "../contract/errors.js";
import { describeType } from "../contract/key.js";
import type { ObjectInfo } from "../contract/object.js";
import type { ReadConditions } from "./storage-options.js";
import { nonEmptyText } from "../kit/options.js";

/** Checks the conditions of a read, and separates them from the options for the provider. */
export function withoutConditions<Options extends ReadConditions>(
  verb: "get" | "head",
  options: Options,
): readonly [conditions: ReadConditions | undefined, rest: Omit<Options, keyof ReadConditions>] {
  const { ifNoneMatch, ifModifiedSince, ...rest } = options;
  if (ifNoneMatch === undefined && ifModifiedSince === undefined) return [undefined, options];
  if (ifNoneMatch !== undefined)
    nonEmptyText(verb, "ifNoneMatch", ifNoneMatch, 'the etag of an object or "*"');
  if (ifModifiedSince !== undefined && Number.isNaN(timeOf(ifModifiedSince))) {
    throw new TypeError(
      `${verb}: ifModifiedSince must be a valid Date, not ${describeType(ifModifiedSince)}`,
    );
  }
  return [{ ifNoneMatch, ifModifiedSince }, rest];
}

/** Throws if the caller's copy is still current. @throws StorageError `NotModified`. */
export function assertModified(
  operation: "get" | "head",
  info: ObjectInfo,
  { ifNoneMatch, ifModifiedSince }: ReadConditions,
): void {
  const isSame =
    ifNoneMatch === undefined
      ? isOlder(info, ifModifiedSince as Date)
      : ifNoneMatch === "*" || strong(ifNoneMatch) === info.etag;
  if (!isSame) return;
  const { key, provider } = info;
  throw new StorageError("NotModified", "the caller's copy is up to date", {
    operation,
    provider,
    key,
  });
}

/** Returns an ETag without the `W/` mark of a weak ETag, which caches and proxies add. */
function strong(etag: string): string {
  return etag.replace(/^W\//, "");
}

function isOlder({ lastModified }: ObjectInfo, since: Date): boolean {
  return lastModified !== undefined && seconds(lastModified) <= seconds(since);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function timeOf(date: unknown): number {
  return Object.prototype.toString.call(date) === "[object Date]" ? (date as Date).getTime() : Number.NaN;
}
