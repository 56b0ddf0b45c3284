import { types } from "node:util";
import { isStorageError, withErrorFacts } from "../contract/errors.js";
import type { Body, GetResult, StorageProvider } from "../contract/provider.js";
import { bytesBody, streamBody } from "./body.js";
import { guardResult } from "./guard.js";
import type { CopyOptions } from "../contract/call-options.js";
import { headersOf, type ObjectInfo } from "../contract/object.js";

/** Reads an object from one provider and writes it to another, with its headers and metadata. */
export async function copyThrough(
  source: StorageProvider,
  target: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { signal, onEvent, ifNoneMatch, sourceIfMatch, writeId, beforeCommit } = options;
  const result = guardResult(await source.get(from, { signal, onEvent, ifMatch: sourceIfMatch }), source);
  const { metadata } = result.info;
  try {
    return await target.put(to, bodyOf(result), {
      signal,
      onEvent,
      ifNoneMatch,
      ...headersOf(result.info),
      metadata: target.supports.metadata ? metadata : undefined,
      writeId,
      beforeCommit,
    });
  } catch (error) {
    throw sourceFailure(error);
  } finally {
    if (!types.isUint8Array(result.body)) result.body.destroy();
  }
}

/**
 * Returns the error that a failed copy reports. If the source could not be read, returns the read error, with the
 * operation `copy`. A `SourceError` would wrongly blame the caller: the caller of a copy passes no body.
 */
export function sourceFailure(error: unknown): unknown {
  if (!isStorageError(error, "SourceError") || !isStorageError(error.cause)) return error;
  return withErrorFacts(error.cause, { operation: "copy", applied: "no" });
}

/** Makes a body from an object that was read, so that the object can be written elsewhere. */
export function bodyOf({ body, info }: GetResult, provider: string = info.provider): Body {
  const context = { key: info.key, provider };
  if (types.isUint8Array(body)) return bytesBody(body, undefined, context);
  return streamBody(body, info.size, context);
}
