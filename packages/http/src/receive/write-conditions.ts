import type { FileStorage, StoragePutOptions } from "@stowage/core";
import { StorageError } from "@stowage/core/provider";
import { judge, parsePreconditions, type Preconditions } from "../serve/preconditions.js";
import { validatorsOf } from "../serve/validators.js";
import { HttpError } from "../wire/http-error.js";
import type { HeaderReader } from "../wire/http-request.js";

/**
 * Reads the preconditions of a write, or returns `undefined` when the write has no preconditions. `If-Modified-Since` is for reads alone.
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
 * Checks that the store can keep an existing object.
 *
 * @throws StorageError `Unsupported` that says what to do.
 */
export function assertCreateOnly({ provider }: FileStorage, key: string): void {
  if (provider.supports.ifNoneMatch) return;
  const reason = `${JSON.stringify(provider.name)} does not support create-only writes: set overwrite: true if each key is new`;
  throw new StorageError("Unsupported", reason, { operation: "put", provider: provider.name, key });
}

/** The condition of a write, as a storage takes it. */
export type WriteCondition = Pick<StoragePutOptions, "ifMatch" | "ifNoneMatch">;

/**
 * Returns the condition of a put. It joins the preconditions of the request with the create-only rule of the application.
 *
 * @param isCreateOnly - True when existing objects must stay.
 * @throws HttpError 412 when the object is not the one that the request names, 409 when it may not be replaced.
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
      "the key already has an object, and the options do not allow to replace it",
    );
  return { ifMatch: etag };
}

/**
 * Returns the condition of a delete.
 *
 * @throws HttpError 412 when the object is not the one that the request names.
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
 * Returns the provider's ETag of the object that the request names; `undefined` when there is no object, and the request allows that.
 *
 * @throws HttpError 412 when the object is not the one that the request names.
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
