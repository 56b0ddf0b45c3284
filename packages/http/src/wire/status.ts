import { isStorageError, type StorageErrorCode } from "@stowage/core";
import { isHttpError, toldError } from "./http-error.js";

/**
 * The HTTP status of each error code. If the client cannot correct a failure, the status is 500 or above. Examples of
 * such failures are wrong credentials of the server and a full disk.
 */
const STATUS: Readonly<Record<StorageErrorCode, number>> = {
  NotFound: 404,
  AlreadyExists: 409,
  PreconditionFailed: 412,
  NotModified: 304,
  InvalidKey: 404,
  InvalidRange: 416,
  InvalidArgument: 400,
  Unsupported: 501,
  Misconfigured: 500,
  Unauthenticated: 500,
  PermissionDenied: 500,
  TooLarge: 413,
  OutOfSpace: 507,
  RateLimited: 503,
  Unavailable: 503,
  Timeout: 504,
  Integrity: 502,
  Archived: 409,
  SourceError: 400,
  PartialWrite: 500,
  Conflict: 409,
  Unknown: 500,
};

/**
 * Returns the HTTP status for an error: 404 for `NotFound`, 413 for `TooLarge`, 503 for `Unavailable`. An `HttpError` has its
 * own status, and an error of Express, Koa or Fastify keeps its 4xx status. Any other error, and every failure that the client
 * cannot correct, is 500 or above.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-status-codes
 */
export function httpStatus(error: unknown): number {
  const told = toldError(error);
  if (isHttpError(told)) return told.status;
  return isStorageError(told) ? STATUS[told.code] : (frameworkStatus(told) ?? 500);
}

/**
 * Returns the status of an error that a framework has made for its client. Such errors are the errors of Fastify, and
 * the errors of `http-errors` that have `expose: true`. Koa, Express and body parsers throw errors of `http-errors`.
 * The status of any other error is ignored, because it may come from a server that this process has called.
 *
 * @see https://github.com/jshttp/http-errors#error-properties
 * @see https://fastify.dev/docs/latest/Reference/Errors/
 */
function frameworkStatus(error: unknown): number | undefined {
  const { expose, code, statusCode, status } = Object(error) as Readonly<Record<string, unknown>>;
  const isForClients = expose === true || (typeof code === "string" && code.startsWith("FST_"));
  const found = statusCode ?? status;
  if (!isForClients || typeof found !== "number" || !Number.isInteger(found)) return undefined;
  return found >= 400 && found < 500 ? found : undefined;
}
