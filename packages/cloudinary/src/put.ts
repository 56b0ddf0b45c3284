import {
  clock,
  headersOf,
  StorageError,
  fillParts,
  isStorageError,
  withErrorFacts,
  withTries,
  type Body,
  type ObjectInfo,
  type PutOptions,
  type TryOptions,
} from "@stowage/core/provider";
import { createHash, randomUUID, type Hash } from "node:crypto";
import { ask, infoOf, placeFor, type Account } from "./account.js";
import type { AssetAnswer, ChunkPlace } from "./client.js";
import { withType } from "./content-type.js";
import { largestIn } from "./errors.js";
import { assertSendable, toContext, uploadIdIn } from "./facts.js";
import type { AssetPlace } from "./mapping.js";

/** The state of one put, while its body is being sent. */
interface Upload {
  readonly account: Account;
  readonly key: string;
  readonly place: AssetPlace;
  readonly options: PutOptions;
  readonly context: string;
  readonly md5: Hash;
  /** The length that was declared, in bytes. */
  readonly total: number | undefined;
  /** The number of bytes that have been taken from the body. */
  size: number;
  /** The number of sent bytes in the last report. It never becomes smaller. */
  reported: number;
  /** The id that identifies this upload. */
  readonly id: string;
  /** `true` if the body is sent in chunks. */
  isChunked: boolean;
}

export async function putObject(
  account: Account,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  assertSendable(account, key, "put", options);
  const id = randomUUID();
  const upload: Upload = {
    account,
    key,
    id,
    place: placeFor(account, key, "put"),
    options,
    context: toContext(options, id),
    md5: createHash("md5"),
    total: body.size,
    size: 0,
    reported: 0,
    isChunked: false,
  };
  assertTaken(upload, body.size ?? 0);
  const asset = await sendBody(upload, body);
  await assertIntact(upload, asset);
  options.onProgress?.({ loaded: upload.size, total: upload.size });
  return await withType({ ...infoOf(account, key, asset), ...factsOf(options) }, asset);
}

function factsOf(options: PutOptions): Partial<ObjectInfo> {
  const { metadata, writeId } = options;
  const isEmpty = metadata === undefined || Object.keys(metadata).length === 0;
  return {
    ...headersOf(options),
    writeId,
    metadata: isEmpty ? undefined : { ...metadata },
  };
}

/**
 * Sends a body. A body that fits into a chunk is sent in one request. A larger body is sent in several requests, one
 * after the other. So only one chunk at a time is in memory.
 */
async function sendBody(upload: Upload, body: Body): Promise<AssetAnswer> {
  const last =
    body.bytes === undefined ? await sendStream(upload, body) : await sendBytes(upload, body.bytes);
  if (last.byteLength === 0) {
    throw refuse(upload, "Unsupported", "Cloudinary does not store empty files");
  }
  upload.md5.update(last);
  upload.size += last.byteLength;
  assertTaken(upload, upload.size);
  if (upload.isChunked) return await sendAgain(upload, last, lastChunk(upload, last));
  // The caller can retry the put of a replayable body. The bytes of a one-shot body exist only here, so this code retries the
  // request itself.
  return body.replayable ? await sendOnce(upload, last) : await sendAgain(upload, last, undefined);
}

/**
 * Sends all chunks of the bytes except the last.
 *
 * @returns The last chunk, which has not been sent.
 */
async function sendBytes(upload: Upload, bytes: Uint8Array): Promise<Uint8Array> {
  const { chunkBytes } = upload.account.settings;
  let at = 0;
  for (; bytes.byteLength - at > chunkBytes; at += chunkBytes) {
    await sendChunk(upload, bytes.subarray(at, at + chunkBytes));
  }
  return bytes.subarray(at);
}

/**
 * Sends all chunks of a stream except the last.
 *
 * @returns The last chunk, which has not been sent.
 */
async function sendStream(upload: Upload, body: Body): Promise<Uint8Array> {
  const { chunkBytes } = upload.account.settings;
  const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, body.size ?? chunkBytes));
  return await fillParts(
    body.open(),
    upload.options.signal,
    () => buffer,
    (chunk) => sendChunk(upload, chunk),
  );
}

/** The facts about the request that makes an asset visible. The errors of this request contain these facts. */
const WRITING = { operation: "put", writes: true } as const;

async function sendOnce(upload: Upload, file: Uint8Array): Promise<AssetAnswer> {
  const { account, key } = upload;
  return await ask(account, { ...WRITING, key }, () => send(upload, file, undefined));
}

function lastChunk({ id, size }: Upload, file: Uint8Array): ChunkPlace {
  return { uploadId: id, offset: size - file.byteLength, total: size };
}

async function sendChunk(upload: Upload, file: Uint8Array): Promise<void> {
  const { account, key, options } = upload;
  const offset = upload.size;
  upload.md5.update(file);
  upload.size += file.byteLength;
  assertTaken(upload, upload.size);
  const chunk = { uploadId: upload.id, offset, total: undefined };
  upload.isChunked = true;
  // The asset becomes visible only when the last chunk has arrived.
  const attempted = { operation: "put", key, writes: false } as const;
  const sending = (): Promise<unknown> => ask(account, attempted, () => sendPiece(upload, file, chunk));
  await withTries(options.signal, sending, triesOf(upload));
}

/** Returns the caller's settings for retries. During a pause, the upload reports that it is still active. */
function triesOf(upload: Upload): TryOptions {
  return { tries: upload.options.tries, onPause: () => report(upload, 0) };
}

/**
 * Reports how many bytes have been sent. If bytes are sent again, the number stays the same, but the report shows that the
 * upload is still active.
 */
function report(upload: Upload, sent: number): void {
  upload.reported = Math.max(upload.reported, sent);
  upload.options.onProgress?.({ loaded: upload.reported, total: upload.total });
}

/** Sends the request that makes the asset visible. Retries the request if it fails. */
async function sendAgain(
  upload: Upload,
  file: Uint8Array,
  chunk: ChunkPlace | undefined,
): Promise<AssetAnswer> {
  const { account, key, options } = upload;
  let isUnknown = false;
  const attempt = async (): Promise<AssetAnswer> => {
    try {
      return await ask(account, { ...WRITING, key }, () => send(upload, file, chunk));
    } catch (error) {
      // A later attempt may be refused because an earlier attempt took effect.
      isUnknown ||= isStorageError(error) && error.applied === "unknown";
      if (!isUnknown || !isStorageError(error)) throw error;
      const found = await findUpload(upload);
      if (found?.isOurs === true) return found.asset;
      throw found === undefined ? withErrorFacts(error, { applied: "unknown" }) : error;
    }
  };
  return await withTries(options.signal, attempt, triesOf(upload));
}

interface Found {
  readonly asset: AssetAnswer;
  /** `true` if this upload made the asset. */
  readonly isOurs: boolean;
}

/** Returns the asset that is stored under the key now, or `undefined` if the lookup fails. */
async function findUpload({ account, place, id, options }: Upload): Promise<Found | undefined> {
  try {
    const asset = await account.client.explicit(place, { signal: options.signal });
    return { asset, isOurs: uploadIdIn(asset.context) === id };
  } catch {
    options.signal?.throwIfAborted();
    return undefined;
  }
}

async function send(upload: Upload, file: Uint8Array, chunk: ChunkPlace | undefined): Promise<AssetAnswer> {
  const { asset, existing } = await sendPiece(upload, file, chunk, upload.options.beforeCommit);
  if (existing) throw refuse(upload, "AlreadyExists", "the key already has an object");
  if (asset !== undefined) return asset;
  throw refuse(upload, "Unavailable", "Cloudinary still waits for chunks, although all chunks were sent");
}

/** The minimum speed at which Cloudinary is expected to process a finished upload, in bytes per millisecond. */
const BYTES_PER_MS = 32 * 1024;

/**
 * Sends the whole file or one chunk of it. If Cloudinary's answer names the size limit of the plan, this limit is
 * remembered.
 *
 * @param beforeCommit - Given only for the request that makes the asset visible.
 */
async function sendPiece(
  upload: Upload,
  file: Uint8Array,
  chunk: ChunkPlace | undefined,
  beforeCommit?: () => void,
) {
  const { account, place, context, options } = upload;
  const before = chunk?.offset ?? 0;
  try {
    return await account.client.upload(
      {
        ...place,
        context,
        overwrite: options.ifNoneMatch === undefined,
        file,
        chunk,
        extraMs: Math.ceil(upload.size / BYTES_PER_MS),
        onSent: (sent) => report(upload, before + sent),
      },
      { signal: options.signal, beforeCommit },
    );
  } catch (error) {
    const most = largestIn(error);
    if (most !== undefined) account.learnt.set(place.resourceType, { most, at: clock.now() });
    throw error;
  }
}

/**
 * The time for which a size limit from an answer is used, in milliseconds. A plan may change, so the limit is forgotten
 * after that time.
 */
const LEARNT_MS = 600_000;

/** Refuses to send a body that is larger than the known limit of the plan. */
function assertTaken(upload: Upload, size: number): void {
  const { account, place } = upload;
  const learnt = account.learnt.get(place.resourceType);
  const isKnown = learnt !== undefined && clock.now() - learnt.at < LEARNT_MS;
  const most = Math.min(account.settings.objectBytesMax, isKnown ? learnt.most : Infinity);
  if (size > most)
    throw refuse(upload, "TooLarge", `the body has more than the ${most} bytes that the plan allows`);
}

/**
 * Checks that Cloudinary stored the bytes that were sent, and deletes the asset if they differ. Some accounts are set up to
 * change uploaded images.
 */
async function assertIntact(upload: Upload, asset: AssetAnswer): Promise<void> {
  const { account, place, key, md5, size } = upload;
  const sent = md5.digest("hex");
  const isThere = asset.publicId === place.publicId && asset.resourceType === place.resourceType;
  if (isThere && asset.size === size && (asset.md5 === undefined || asset.md5 === sent)) return;
  const { signal } = upload.options;
  // A later upload may have replaced the asset.
  const found = isThere ? await findUpload(upload) : { asset, isOurs: true };
  if (found?.isOurs === true) await account.client.destroy(asset, { signal }).catch(() => {});
  const what = isThere
    ? `bytes that differ from the bytes that were sent (stored: ${asset.size}, sent: ${size})`
    : "the bytes under a different id";
  const reason = `Cloudinary stored ${what}; the asset was removed`;
  throw new StorageError("Integrity", reason, {
    operation: "put",
    provider: account.name,
    key,
    applied: "unknown",
    retryable: false,
  });
}

function refuse(
  { account, key }: Upload,
  code: "AlreadyExists" | "Unsupported" | "TooLarge" | "Unavailable",
  reason: string,
): StorageError {
  return new StorageError(code, reason, { operation: "put", provider: account.name, key });
}
