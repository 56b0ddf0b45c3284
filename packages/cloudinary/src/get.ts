import {
  StorageError,
  cutStretch,
  resolveRange,
  resumingBody,
  type GetOptions,
  type GetResult,
  type Inspection,
  type ServedRange,
} from "@stowage/core/provider";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { ask, etagOf, type Account } from "./account.js";
import type { AssetAnswer, OpenAnswer } from "./client.js";
import { infoWithType } from "./content-type.js";
import { findAsset } from "./head.js";

/** An object that is being read. */
interface Reading {
  readonly account: Account;
  readonly key: string;
  readonly asset: AssetAnswer;
  readonly signal: AbortSignal | undefined;
}

export async function getObject(account: Account, key: string, options: GetOptions): Promise<GetResult> {
  const { signal, ifMatch } = options;
  const asset = await findAsset(account, key, "get", signal);
  const info = await infoWithType(account, key, asset);
  if (ifMatch !== undefined && ifMatch !== info.etag) {
    const reason = `the object's ETag is ${info.etag}, not ${ifMatch}`;
    throw new StorageError("PreconditionFailed", reason, { operation: "get", provider: account.name, key });
  }
  const range = options.range && resolveRange(options.range, info.size, { key, provider: account.name });
  const reading: Reading = { account, key, asset, signal };
  const { offset, length } = range ?? { offset: 0, length: info.size };
  const source = await (range === undefined ? openWhole(reading) : openStretch(reading, range, signal));
  const body = resumingBody(source, info, {
    size: length,
    openAt: (done, stop) =>
      openStretch(reading, { offset: offset + done, length: length - done, size: info.size }, stop),
    inspect: range === undefined ? comparing(reading) : undefined,
    idle: account.client.idle,
    signal,
  });
  return { info, range, body };
}

/**
 * Opens the whole object at the origin. The CDN may have an older copy. This can happen even under the same version, if two
 * versions were made in one second.
 */
async function openWhole(reading: Reading): Promise<Readable> {
  const answer = await openDownload(reading, undefined, reading.signal);
  return isOfSize(answer, reading.asset) ? answer.body : drop(answer, reading);
}

/**
 * Opens a range of the object. The first request goes to the CDN, because the CDN supports ranges. If the CDN fails or has a
 * copy of a different version, the second request goes to the origin. If the origin sends the whole object, the range is cut
 * out of the object.
 */
async function openStretch(
  reading: Reading,
  range: ServedRange,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const header = `bytes=${range.offset}-${range.offset + range.length - 1}`;
  const copy = await openDelivery(reading, header, signal);
  if (copy !== undefined && isServed(copy, range) && copy.etag === etagOf(reading.asset)) return copy.body;
  copy?.body.destroy();
  const answer = await openDownload(reading, header, signal);
  const isWhole = answer.status === 200 && isOfSize(answer, reading.asset);
  if (!isWhole && !isServed(answer, range)) return drop(answer, reading);
  try {
    await assertSame(reading, signal);
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
  return isWhole ? cut(answer.body, range) : answer.body;
}

function isOfSize({ contentLength }: OpenAnswer, { size }: AssetAnswer): boolean {
  return contentLength === undefined || contentLength === size;
}

function drop({ body }: OpenAnswer, reading: Reading): never {
  body.destroy();
  throw changed(reading);
}

/**
 * Checks that the object has not changed since its facts were read. The origin does not say which version it sends, and a range
 * has no digest. So the object is looked up again after the bytes have begun to arrive. If the object is still unchanged, the
 * bytes belong to the right version.
 */
async function assertSame({ account, key, asset }: Reading, signal: AbortSignal | undefined): Promise<void> {
  const now = await findAsset(account, key, "get", signal);
  if (etagOf(now) !== etagOf(asset) || now.version !== asset.version) throw changed({ account, key });
}

async function openDelivery(
  { account, asset }: Reading,
  range: string,
  signal: AbortSignal | undefined,
): Promise<OpenAnswer | undefined> {
  const { client } = account;
  const { version, format } = asset;
  const url = await client.deliveryUrl(asset, { version, format });
  try {
    return await client.open(url, { range, signal });
  } catch {
    // The CDN does not deliver some formats. So only the answer of the origin decides.
    signal?.throwIfAborted();
    return undefined;
  }
}

/** The lifetime of a URL that is used immediately, in seconds. */
const SOON_SECONDS = 600;

async function openDownload(
  { account, key, asset }: Reading,
  range: string | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenAnswer> {
  const { client } = account;
  const expiresAt = client.now() + SOON_SECONDS;
  const url = await client.downloadUrl(asset, { expiresAt });
  return await ask(account, { operation: "get", key, writes: false }, () =>
    client.open(url, { range, signal }),
  );
}

function isServed({ status, contentRange }: OpenAnswer, { offset, length, size }: ServedRange): boolean {
  return status === 206 && contentRange === `bytes ${offset}-${offset + length - 1}/${size}`;
}

/** Reads the whole object and returns the requested range. */
function cut(source: Readable, range: ServedRange): Readable {
  const body = Readable.from(cutStretch(source, range), { objectMode: false });
  return body.once("close", () => source.destroy());
}

/**
 * Returns an inspection that compares the bytes of a whole object with its MD5. Returns `undefined` if the asset has no
 * MD5.
 */
function comparing({ account, key, asset }: Reading): Inspection | undefined {
  if (asset.md5 === undefined) return undefined;
  const hash = createHash("md5");
  return {
    update: (bytes) => void hash.update(bytes),
    end: () => {
      if (hash.digest("hex") !== asset.md5) throw changed({ account, key });
    },
  };
}

function changed({ account, key }: Pick<Reading, "account" | "key">): StorageError {
  const reason = "the object was replaced while it was read";
  return new StorageError("Unavailable", reason, { operation: "get", provider: account.name, key });
}
