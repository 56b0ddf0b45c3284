import { StorageError, isStorageError, withErrorFacts } from "../contract/errors.js";
import type { Body, GetResult, StorageProvider } from "../contract/provider.js";
import { bytesBody, streamBody } from "./body.js";
import { guardResult } from "./guard.js";
import type { CopyOptions } from "../contract/call-options.js";
import type { ObjectInfo } from "../contract/object.js";

/** Copies inside the provider where it can, else through this process, with headers and metadata. */
export async function copyObject(
  provider: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  if (options.ifNoneMatch !== undefined && !provider.supports.ifNoneMatch) {
    throw new StorageError("Unsupported", "the provider does not support create-only writes", {
      operation: "copy",
      provider: provider.name,
      key: to,
    });
  }
  if (provider.copy !== undefined) return await provider.copy(from, to, options);
  return await copyThrough(provider, provider, from, to, options);
}

/** Reads from one provider and writes to another what it read, facts included. */
export async function copyThrough(
  source: StorageProvider,
  target: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { signal, onEvent, ifNoneMatch, sourceIfMatch, writeId } = options;
  const result = guardResult(await source.get(from, { signal, onEvent, ifMatch: sourceIfMatch }), source);
  const { contentType, cacheControl, contentDisposition, metadata } = result.info;
  try {
    return await target.put(to, bodyOf(result), {
      signal,
      onEvent,
      ifNoneMatch,
      contentType,
      cacheControl,
      contentDisposition,
      metadata: target.supports.metadata ? metadata : undefined,
      writeId,
    });
  } catch (error) {
    throw sourceFailure(error);
  } finally {
    if (!(result.body instanceof Uint8Array)) result.body.destroy();
  }
}

/** The body of a copy is no caller's: what went wrong with it is what the source says. */
export function sourceFailure(error: unknown): unknown {
  if (!isStorageError(error, "SourceError") || !isStorageError(error.cause)) return error;
  return withErrorFacts(error.cause, { operation: "copy", applied: "no" });
}

/** What was read, to be written elsewhere. */
export function bodyOf({ body, info }: GetResult, provider: string = info.provider): Body {
  const context = { key: info.key, provider };
  if (body instanceof Uint8Array) return bytesBody(body, undefined, context);
  return streamBody(body, info.size, context);
}

/** Copies, then deletes the source. */
export async function moveObject(
  provider: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { signal, onEvent } = options;
  const source = await provider.head(from, { signal, onEvent });
  if (from === to) return source;
  // What is written to the source meanwhile is not to be deleted with it.
  const { etag } = source;
  const info = await copyObject(provider, from, to, { sourceIfMatch: etag, ...options });
  try {
    const ifMatch = provider.supports.conditionalDelete ? etag : undefined;
    await provider.delete(from, { signal, onEvent, ifMatch });
  } catch (error) {
    if (!isStorageError(error)) throw error;
    throw withErrorFacts(error, { operation: "move", applied: "yes" });
  }
  return info;
}
