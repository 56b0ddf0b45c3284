import { StorageError } from "@stowage/core/provider";
import type { WriteAnswer } from "../server/client.js";
import { isUnknown } from "../server/object-options.js";
import { abandon, createOnServer } from "./created-upload.js";
import type { Write } from "./write.js";
import type { Store } from "../store.js";

/** The call that has requested encryption. */
type Asked = Pick<Write, "operation" | "key">;

/**
 * Checks that an answer names the requested encryption. A server that does not know the encryption silently stores
 * objects without it.
 *
 * @param undo - Removes what was stored.
 * @throws StorageError `Unsupported`.
 */
export async function assertEncrypted(
  { objects, name: provider }: Store,
  { operation, key }: Asked,
  { encryption }: Pick<WriteAnswer, "encryption">,
  undo: () => Promise<unknown>,
): Promise<void> {
  const wanted = objects.encryption?.type;
  if (wanted === undefined || wanted === encryption) return;
  const ignores = `the server ignores encryption of the type "${wanted}"`;
  try {
    await undo();
  } catch (cause) {
    const left = `${ignores}, and the object that it stored without encryption could not be removed`;
    throw new StorageError("Unsupported", left, { operation, provider, key, applied: "yes", cause });
  }
  throw new StorageError("Unsupported", `${ignores}, and would store the object without encryption`, {
    operation,
    provider,
    key,
  });
}

const REMOVE_MS = 15_000;

/**
 * Returns a function that removes an object that was stored without encryption. It is better to have no object than an object
 * that the wrong people can read.
 */
export function removing({ client }: Store, key: string, { versionId }: WriteAnswer): () => Promise<void> {
  return () => client.deleteObject({ key, versionId }, { signal: AbortSignal.timeout(REMOVE_MS) });
}

/**
 * Tests whether an unknown server encrypts. Called before the first object is sent to the server. Begins an invisible upload,
 * reads the server's answer, and removes the upload.
 */
export async function tryEncryption(
  store: Store,
  { operation, key }: Asked,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (store.objects.encryption === undefined || store.encrypts || !isUnknown(store.dialect)) return;
  signal?.throwIfAborted();
  const write = { operation, key };
  const created = await createOnServer(store, write, { key, fields: { metadata: {} }, checksums: false });
  await abandon({ store, uploadId: created.uploadId, write });
  await assertEncrypted(store, write, created, async () => {});
  store.encrypts = true;
  signal?.throwIfAborted();
}
