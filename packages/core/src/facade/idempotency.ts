import { createHash } from "node:crypto";
import { consume } from "../kit/abort.js";
import { sha256Of } from "../body/digest.js";
import { StorageError, isStorageError } from "../contract/errors.js";
import type { Body, StorageProvider } from "../contract/provider.js";
import { replayable } from "../body/replayable.js";
import type { ObjectInfo } from "../contract/object.js";
import type { PutOptions } from "../contract/call-options.js";

const KEY_LENGTH_MAX = 200;
const KEY_DIGEST_LENGTH = 32;

/** One put that must take effect only once. */
interface Once {
  readonly provider: StorageProvider;
  readonly key: string;
  readonly body: Body;
  readonly options: PutOptions;
  /** The prefix that all write ids of this idempotency key share. */
  readonly owner: string;
  readonly writeId: string;
}

/**
 * Puts an object only once for each idempotency key. The write id contains the idempotency key (hashed) and the digest of the
 * bytes, so a repeated put recognises the object that the first put wrote.
 *
 * @throws StorageError `Conflict` if the idempotency key was already used with different bytes.
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
      throw new StorageError(
        "OutOfSpace",
        "the body could not be saved to a temporary file, which idempotencyKey needs",
        {
          operation: "put",
          provider: provider.name,
          key,
        },
      );
    }
    return await putOrFind({ provider, key, body: kept, options, owner, writeId });
  } finally {
    await kept.release();
  }
}

/** The number of times that a put is tried with a condition if other writes are faster. After that, the put writes without a condition. */
const ROUNDS_MAX = 5;

/**
 * Replaces only the object that was read before. If another write was faster, reads the object again, because the other write may
 * have been the same put.
 */
async function putOrFind(once: Once): Promise<ObjectInfo> {
  const { provider, key, body, options, writeId } = once;
  for (let round = 1; ; round++) {
    const found = await find(once);
    if (found?.writeId === writeId) return found;
    const condition = round > ROUNDS_MAX ? undefined : conditionOn(once, found);
    try {
      return await provider.put(key, body, { ...options, ...condition, writeId });
    } catch (error) {
      if (!isOvertaken(error)) throw error;
      if (condition !== undefined) continue;
      const twin = await find(once);
      if (twin?.writeId === writeId) return twin;
      throw error;
    }
  }
}

function isOvertaken(error: unknown): boolean {
  return isStorageError(error, "AlreadyExists") || isStorageError(error, "PreconditionFailed");
}

/**
 * Returns the condition that the object has not changed since it was read. Returns `undefined` if the caller has given a
 * condition, or if the provider does not support such conditions.
 */
function conditionOn(
  { provider: { supports }, options }: Once,
  found: ObjectInfo | undefined,
): Pick<PutOptions, "ifMatch" | "ifNoneMatch"> | undefined {
  if (options.ifMatch !== undefined || options.ifNoneMatch !== undefined) return undefined;
  if (found === undefined) {
    return supports.ifNoneMatch && supports.ifNoneMatchOnMultipart ? { ifNoneMatch: "*" } : undefined;
  }
  return supports.ifMatch && found.etag !== undefined ? { ifMatch: found.etag } : undefined;
}

function ownerOf(provider: StorageProvider, key: string, idempotencyKey: string): string {
  if (typeof idempotencyKey !== "string" || idempotencyKey === "" || idempotencyKey.length > KEY_LENGTH_MAX) {
    throw new TypeError(`idempotencyKey must be a string of 1 to ${KEY_LENGTH_MAX} characters`);
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
  if (body.bytes !== undefined) return await sha256Of(body.bytes);
  const hash = createHash("sha256");
  await consume(body.open(), signal, (chunk) => void hash.update(chunk));
  return hash.digest("hex");
}

/**
 * Returns the facts of the object that the key has now. @throws StorageError `Conflict` if the same idempotency key wrote this
 * object with different bytes.
 */
async function find({ provider, key, options, owner, writeId }: Once): Promise<ObjectInfo | undefined> {
  const { signal, onEvent } = options;
  const info = await provider.head(key, { signal, onEvent }).catch((error: unknown) => {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  });
  if (info?.writeId === writeId || info?.writeId?.startsWith(`${owner}:`) !== true) return info;
  throw new StorageError("Conflict", "the idempotency key was already used with different bytes", {
    operation: "put",
    provider: provider.name,
    key,
  });
}
