import { copyThrough } from "../body/copy-through.js";
import type { CopyOptions } from "../contract/call-options.js";
import { StorageError, isStorageError, withErrorFacts } from "../contract/errors.js";
import type { ObjectInfo } from "../contract/object.js";
import type { StorageProvider } from "../contract/provider.js";

/**
 * Copies an object with its headers and metadata. If the provider can copy, it copies internally. Otherwise the bytes go through
 * this process.
 */
export async function copyObject(
  provider: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  assertCreates(provider, "copy", to, options);
  if (provider.copy !== undefined) return await provider.copy(from, to, options);
  return await copyThrough(provider, provider, from, to, options);
}

function assertCreates(
  { name, supports }: StorageProvider,
  operation: "copy" | "move",
  key: string,
  { ifNoneMatch }: CopyOptions,
): void {
  if (ifNoneMatch === undefined || supports.ifNoneMatch) return;
  const reason = "the provider does not support create-only writes";
  throw new StorageError("Unsupported", reason, { operation, provider: name, key });
}

/** Moves an object inside the provider if the provider can move. Otherwise copies the object and then deletes the source. */
export async function moveObject(
  provider: StorageProvider,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { signal, onEvent } = options;
  assertCreates(provider, "move", to, options);
  if (from !== to && provider.move !== undefined) return await provider.move(from, to, options);
  const source = await provider.head(from, { signal, onEvent });
  if (from === to) return source;
  // A new object that is written to the source key in the meantime must not be deleted.
  const { etag } = source;
  const info = await copyObject(provider, from, to, {
    ...options,
    sourceIfMatch: options.sourceIfMatch ?? etag,
  });
  try {
    const ifMatch = provider.supports.conditionalDelete ? etag : undefined;
    await provider.delete(from, { signal, onEvent, ifMatch });
  } catch (error) {
    if (!isStorageError(error)) throw error;
    throw withErrorFacts(error, { operation: "move", applied: "yes" });
  }
  return info;
}
