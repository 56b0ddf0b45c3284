import {
  StorageError,
  isStorageError,
  type CopyOptions,
  type ObjectInfo,
  type Operation,
  type PutOptions,
} from "@stowage/core/provider";
import { ask, etagOf, placeFor, type Account } from "./account.js";
import type { AssetAnswer } from "./client.js";
import { infoWithType } from "./content-type.js";
import { assertSendable, toContext, type Facts } from "./facts.js";
import { findAsset } from "./head.js";

/** A write for which Cloudinary itself fetches the bytes. */
interface Fetching {
  readonly account: Account;
  readonly operation: Operation;
  readonly key: string;
  readonly facts: Facts;
  readonly overwrite: boolean;
  readonly signal: AbortSignal | undefined;
  readonly beforeCommit: (() => void) | undefined;
}

/**
 * The time, in seconds, within which Cloudinary must begin to fetch the source of a copy. The answer to an import may
 * take this much longer than other answers.
 */
const FETCH_SECONDS = 3600;

/** The minimum speed at which Cloudinary is expected to fetch, in bytes per millisecond. */
const BYTES_PER_MS = 8 * 1024;

/** Duplicates an asset inside Cloudinary: Cloudinary fetches the asset's download URL and stores a new asset. */
export async function copyObject(
  account: Account,
  from: string,
  to: string,
  { ifNoneMatch, sourceIfMatch, writeId, signal, beforeCommit }: CopyOptions,
): Promise<ObjectInfo> {
  const source = await findAsset(account, from, "copy", signal);
  if (sourceIfMatch !== undefined && etagOf(source) !== sourceIfMatch) {
    const reason = `the object's ETag is ${etagOf(source)}, not ${sourceIfMatch}`;
    throw new StorageError("PreconditionFailed", reason, {
      operation: "copy",
      provider: account.name,
      key: from,
    });
  }
  const { contentType, cacheControl, contentDisposition, metadata } = await infoWithType(
    account,
    from,
    source,
  );
  const fetching: Fetching = {
    account,
    operation: "copy",
    key: to,
    facts: { contentType, cacheControl, contentDisposition, metadata, writeId },
    overwrite: ifNoneMatch === undefined,
    signal,
    beforeCommit,
  };
  const asset = await fetchOwn(fetching, source);
  if (asset.md5 === source.md5 && asset.size === source.size) return await infoWithType(account, to, asset);
  const reason = "the bytes of the copy differ from the object: the object was replaced during the copy";
  throw new StorageError("Integrity", reason, {
    operation: "copy",
    provider: account.name,
    key: to,
    applied: "yes",
    // A second attempt would copy the right bytes. But a create-only copy must not be retried, because it would find the object
    // of its own first attempt.
    retryable: ifNoneMatch === undefined,
  });
}

/**
 * Makes Cloudinary fetch the source from the origin, because the CDN may have an old copy. If Cloudinary refuses to fetch from
 * the origin, makes Cloudinary fetch the source from the CDN.
 */
async function fetchOwn(fetching: Fetching, source: AssetAnswer): Promise<AssetAnswer> {
  const { account } = fetching;
  const expiresAt = account.client.now() + FETCH_SECONDS;
  const extraMs = Math.ceil(source.size / BYTES_PER_MS);
  try {
    return await fetchUrl(fetching, await account.client.downloadUrl(source, { expiresAt }), extraMs);
  } catch (error) {
    const isUnfetched = isStorageError(error, "Unavailable") && error.status === 400;
    if (!isUnfetched) throw error;
    const { version, format } = source;
    return await fetchUrl(fetching, await account.client.deliveryUrl(source, { version, format }), extraMs);
  }
}

/** Makes Cloudinary fetch a URL, such as a signed URL of a bucket, and store the bytes under a key. */
export async function importObject(
  account: Account,
  key: string,
  url: string,
  options: PutOptions,
): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  assertSendable(account, key, "importFrom", options);
  const fetching: Fetching = {
    account,
    operation: "importFrom",
    key,
    facts: options,
    overwrite: options.ifNoneMatch === undefined,
    signal: options.signal,
    beforeCommit: options.beforeCommit,
  };
  // Any other text is refused: the SDK could read a file of this machine, and Cloudinary could read from a bucket.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw failure(fetching, "InvalidArgument", "the URL must be an http or https URL");
  }
  const asset = await fetchUrl(fetching, url, FETCH_SECONDS * 1000);
  return await infoWithType(account, key, asset);
}

async function fetchUrl(fetching: Fetching, file: string, extraMs: number): Promise<AssetAnswer> {
  const { account, operation, key, facts, overwrite, signal, beforeCommit } = fetching;
  const request = {
    ...placeFor(account, key, operation),
    context: toContext(facts),
    overwrite,
    file,
    extraMs,
  };
  const attempted = { operation, key, writes: true };
  const { asset, existing } = await ask(account, attempted, () =>
    account.client.upload(request, { signal, beforeCommit }),
  );
  if (existing) throw failure(fetching, "AlreadyExists", "the key already has an object");
  if (asset !== undefined) return asset;
  throw failure(fetching, "Unavailable", "Cloudinary stored nothing");
}

function failure(
  { account, operation, key }: Fetching,
  code: "AlreadyExists" | "InvalidArgument" | "Unavailable",
  reason: string,
): StorageError {
  return new StorageError(code, reason, { operation, provider: account.name, key });
}
