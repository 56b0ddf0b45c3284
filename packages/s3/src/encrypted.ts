import { StorageError, type Operation } from "@stowage/core";
import type { WriteAnswer } from "./client.js";
import { isUnknown } from "./object-options.js";
import { ask, type Store } from "./store.js";

/** The call that has asked for encryption. */
interface Asked {
  readonly operation: Operation;
  readonly key: string;
}

/**
 * A server that does not know what it is asked for stores objects as they are, and says nothing: what it answers
 * has to name the encryption.
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
  await undo();
  const reason = `the server ignores encryption of the type "${wanted}", and would keep the object readable`;
  throw new StorageError("Unsupported", reason, { operation, provider, key });
}

/**
 * Before the first object goes to a server of which nothing is known, an upload is begun there that nobody sees:
 * its answer tells whether the server encrypts.
 */
export async function tryEncryption(
  store: Store,
  asked: Asked,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (store.objects.encryption === undefined || store.encrypts || !isUnknown(store.dialect)) return;
  const { key } = asked;
  const attempted = { ...asked, signal, action: "s3:PutObject" } as const;
  const request = { key, fields: { metadata: {} }, checksums: false };
  const created = await ask(store, attempted, () => store.client.createUpload(request, { signal }));
  const { uploadId } = created;
  const remove = { ...asked, action: "s3:AbortMultipartUpload" } as const;
  await ask(store, remove, () => store.client.abortUpload({ key, uploadId }, {}));
  await assertEncrypted(store, asked, created, async () => {});
  store.encrypts = true;
}
