import type { FileStorage, StoragePutOptions } from "@stowage/core";
import { StorageError } from "@stowage/core/provider";
import { judge, parsePreconditions, type Preconditions } from "../serve/preconditions.js";
import { validatorsOf } from "../serve/validators.js";
import { HttpError } from "../wire/http-error.js";
import type { HeaderReader } from "../wire/http-request.js";

/**
 * Returns the preconditions of a write, or `undefined` if the write has no preconditions. Ignores `If-Modified-Since`, which applies only
 * to reads.
 *
 * @throws HttpError 400 for an `If-None-Match` other than `*`.
 */
function parseWriteConditions(headers: HeaderReader): Preconditions | undefined {
  const { ifMatch, ifUnmodifiedSince, ifNoneMatch } = parsePreconditions(headers) ?? {};
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new HttpError(400, "IfNoneMatch", "the If-None-Match of a write must be *, not a list of tags");
  }
  if (ifMatch === undefined && ifUnmodifiedSince === undefined && ifNoneMatch === undefined) return undefined;
  return { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince: undefined };
}

/**
 * Checks that the store has create-only writes, which protect existing objects.
 *
 * @throws StorageError `Unsupported`. The message says what to do.
 */
export function assertCreateOnly({ provider }: FileStorage, key: string): void {
  if (provider.supports.ifNoneMatch) return;
  const reason = `${JSON.stringify(provider.name)} does not support create-only writes: set overwrite: true if each key is new`;
  throw new StorageError("Unsupported", reason, { operation: "put", provider: provider.name, key });
}

/** The condition of a write, in the form in which a storage takes it. */
export type WriteCondition = Pick<StoragePutOptions, "ifMatch" | "ifNoneMatch">;

/**
 * Returns the condition of a put. It combines the preconditions of the request with the application's rule about existing objects.
 *
 * @param isCreateOnly - True if existing objects must not be replaced.
 * @throws HttpError 412 if the current version is not the one that the request names, 409 if the object may not be replaced.
 */
export async function conditionOf(
  storage: FileStorage,
  key: string,
  headers: HeaderReader,
  isCreateOnly: boolean,
): Promise<WriteCondition> {
  const conditions = parseWriteConditions(headers);
  if (isCreateOnly) assertCreateOnly(storage, key);
  const isNew = isCreateOnly || conditions?.ifNoneMatch === "*";
  if (conditions?.ifMatch === undefined && conditions?.ifUnmodifiedSince === undefined) {
    return isNew ? { ifNoneMatch: "*" } : {};
  }
  const etag = await namedETag(storage, key, { ...conditions, ifNoneMatch: undefined });
  if (etag === undefined) return isNew ? { ifNoneMatch: "*" } : {};
  if (isNew)
    throw new HttpError(
      409,
      "AlreadyExists",
      "the key already has an object, and the options do not allow that object to be replaced",
    );
  return { ifMatch: etag };
}

/**
 * Returns the condition of a delete.
 *
 * @throws HttpError 412 if the current version is not the one that the request names.
 */
export async function deleteConditionOf(
  storage: FileStorage,
  key: string,
  headers: HeaderReader,
): Promise<Pick<WriteCondition, "ifMatch">> {
  const conditions = parseWriteConditions(headers);
  if (conditions === undefined) return {};
  if (conditions.ifNoneMatch !== undefined && (await storage.exists(key))) throw notHeld();
  const etag = await namedETag(storage, key, { ...conditions, ifNoneMatch: undefined });
  return storage.provider.supports.conditionalDelete ? { ifMatch: etag } : {};
}

/**
 * Returns the provider's ETag for the version that the request names. Returns `undefined` if there is no object and the request allows
 * that.
 *
 * @throws HttpError 412 if the current version is not the one that the request names.
 */
async function namedETag(
  storage: FileStorage,
  key: string,
  conditions: Preconditions,
): Promise<string | undefined> {
  const info = await storage.find(key);
  if (info === undefined) {
    if (conditions.ifMatch !== undefined) throw notHeld();
    return undefined;
  }
  if (judge(conditions, validatorsOf(storage, info)) !== "proceed") throw notHeld();
  return info.etag;
}

function notHeld(): HttpError {
  return new HttpError(412, "PreconditionFailed", "the object does not match the conditions of the request");
}
