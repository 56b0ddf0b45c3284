import type { FileStorage } from "@stowage/core";
import type { HttpRequest } from "../wire/http-request.js";
import { deleteConditionOf } from "./write-conditions.js";

/**
 * Removes an object if the conditions of the request hold.
 *
 * @throws HttpError 412 if the conditions do not hold; StorageError as `storage.delete` throws it.
 */
export async function remove(storage: FileStorage, key: string, request: HttpRequest): Promise<void> {
  const { headers, signal } = request;
  await storage.delete(key, { ...(await deleteConditionOf(storage, key, headers)), signal });
}
