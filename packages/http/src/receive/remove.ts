import type { FileStorage } from "@stowage/core";
import { HttpError } from "../wire/http-error.js";
import type { HttpRequest } from "../wire/http-request.js";
import { judge, parsePreconditions } from "../serve/preconditions.js";
import { validatorsOf } from "../serve/validators.js";

/**
 * Removes an object, when the conditions of the request hold.
 *
 * @throws HttpError 412 when they do not; StorageError as `storage.delete` throws.
 */
export async function remove(storage: FileStorage, key: string, request: HttpRequest): Promise<void> {
  const { headers, signal } = request;
  const conditions = parsePreconditions(headers);
  if (conditions === undefined) return await storage.delete(key, { signal });
  const info = await storage.find(key, { signal });
  const isMet =
    info === undefined
      ? conditions.ifMatch === undefined
      : judge(conditions, validatorsOf(storage, info)) === "proceed";
  if (!isMet) throw new HttpError(412, "PreconditionFailed", "its conditions do not hold");
  const isExact = conditions.ifMatch !== undefined && storage.provider.supports.conditionalDelete;
  await storage.delete(key, { signal, ifMatch: isExact ? info?.etag : undefined });
}
