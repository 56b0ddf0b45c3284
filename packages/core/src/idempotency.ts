import { createHash } from "node:crypto";
import { consume } from "./abort.js";
import { StorageError, isStorageError } from "./errors.js";
import type { Body, ObjectInfo, PutOptions, StorageProvider } from "./provider.js";
import { replayable } from "./replayable.js";

const KEY_LENGTH_MAX = 200;
const KEY_DIGEST_LENGTH = 32;

/**
 * Puts an object once for each idempotency key: the write id names the key and the digest of the bytes, so
 * a repetition recognises what the first one wrote.
 *
 * @throws StorageError `Conflict` when the key was used with other bytes.
 */
export async function putOnce(
  provider: StorageProvider,
  key: string,
  body: Body,
  options: PutOptions,
  idempotencyKey: string,
): Promise<ObjectInfo> {
  const owner = ownerOf(provider, key, idempotencyKey);
  const kept = replayable(body, { maxBytes: Number.POSITIVE_INFINITY });
  try {
    const writeId = `${owner}:${await digestOf(kept, options.signal)}`;
    if (!kept.replayable) {
      throw new StorageError("OutOfSpace", "the body could not be kept to compute its digest", {
        operation: "put",
        provider: provider.name,
        key,
      });
    }
    const before = await findOwn(provider, key, owner, writeId, options);
    if (before !== undefined) return before;
    return await provider.put(key, kept, { ...options, writeId }).catch(async (error: unknown) => {
      // Two puts of one idempotency key at once: the loser of a create-only race finds its twin's object.
      if (!isStorageError(error, "AlreadyExists")) throw error;
      const twin = await findOwn(provider, key, owner, writeId, options);
      if (twin !== undefined) return twin;
      throw error;
    });
  } finally {
    await kept.release();
  }
}

function ownerOf(provider: StorageProvider, key: string, idempotencyKey: string): string {
  if (typeof idempotencyKey !== "string" || idempotencyKey === "" || idempotencyKey.length > KEY_LENGTH_MAX) {
    throw new TypeError(`idempotencyKey is a string of 1 to ${KEY_LENGTH_MAX} characters`);
  }
  if (!provider.supports.metadata) {
    throw new StorageError("Unsupported", "the provider cannot remember idempotency keys", {
      operation: "put",
      provider: provider.name,
      key,
    });
  }
  return createHash("sha256").update(idempotencyKey).digest("hex").slice(0, KEY_DIGEST_LENGTH);
}

async function digestOf(body: Body, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  if (body.bytes !== undefined) return hash.update(body.bytes).digest("hex");
  await consume(body.open(), signal, (chunk) => void hash.update(chunk));
  return hash.digest("hex");
}

async function findOwn(
  provider: StorageProvider,
  key: string,
  owner: string,
  writeId: string,
  { signal, onEvent }: PutOptions,
): Promise<ObjectInfo | undefined> {
  const info = await provider.head(key, { signal, onEvent }).catch((error: unknown) => {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  });
  if (info?.writeId === writeId) return info;
  if (info?.writeId?.startsWith(`${owner}:`) !== true) return undefined;
  throw new StorageError("Conflict", "the idempotency key was used with other bytes", {
    operation: "put",
    provider: provider.name,
    key,
  });
}
