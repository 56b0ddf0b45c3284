import {
  StorageError,
  onAbort,
  resolveRange,
  resumingBody,
  type ByteRange,
  type GetOptions,
  type GetResult,
  type Inspection,
  type ObjectInfo,
  type ServedRange,
} from "@stowage/core/provider";
import type { Readable } from "node:stream";
import { readBody } from "./connection/read-body.js";
import type { GetAnswer, ObjectAnswer } from "./server/client.js";
import { startDigest } from "./server/digest.js";
import { explainMissing } from "./head.js";
import { ask, comparable, infoOf, type Store } from "./store.js";

export async function getObject(
  store: Store,
  key: string,
  options: GetOptions,
  versionId?: string,
): Promise<GetResult> {
  const { signal, range, ifMatch } = options;
  const attempted = {
    operation: "get",
    key,
    signal,
    action: "s3:GetObject",
    condition: "PreconditionFailed",
  } as const;
  const request = {
    key,
    versionId,
    range: range && headerOf(range),
    ifMatch: comparable(store, ifMatch),
  };
  const asked = ask(store, attempted, () => store.client.getObject(request, { signal }));
  const answer = await asked.catch(async (error: unknown) => {
    throw await explainMissing(store, { operation: "get", key, signal, versionId }, error);
  });
  try {
    signal?.throwIfAborted();
    const served = range && servedRange(store, key, range, answer);
    const info = infoOf(store, key, served === undefined ? answer : { ...answer, size: served.size });
    const { offset, length } = served ?? { offset: 0, length: info.size };
    const compare = served === undefined ? comparing(store, key, answer.digest) : undefined;
    if (length <= SMALL_BYTES) {
      const bytes = await readSmall(store, key, answer.body, length, signal);
      compare?.update(bytes);
      compare?.end();
      return { info, range: served, body: bytes };
    }
    const body = resumingBody(answer.body, info, {
      size: length,
      aheadBytes: AHEAD_BYTES,
      openAt: (done, stop) =>
        openRest(store, { ...info, versionId }, { offset: offset + done, length: length - done }, stop),
      inspect: compare,
      idle: store.client.idle,
      signal,
    });
    return { info, range: served, body };
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
}

/**
 * The number of bytes that are buffered for the reader. If the buffer were smaller, the connection would pause after every
 * chunk.
 */
const AHEAD_BYTES = 512 * 1024;

/**
 * The maximum size, in bytes, of a body that is read into memory as a whole, without a stream. For such a small body,
 * setting up a stream takes longer than reading the bytes.
 */
const SMALL_BYTES = 64 * 1024;

async function readSmall(
  store: Store,
  key: string,
  source: Readable,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const unlink = onAbort(signal, () => void source.destroy());
  try {
    const bytes = await readBody(source, Number.POSITIVE_INFINITY);
    if (bytes.byteLength === length) return bytes;
  } catch (cause) {
    signal?.throwIfAborted();
    throw cutError(store, key, cause);
  } finally {
    unlink();
  }
  signal?.throwIfAborted();
  throw cutError(store, key, undefined);
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-byte-ranges */
function headerOf(range: ByteRange): string {
  const {
    suffix,
    offset = 0,
    length,
  }: { suffix?: number; offset?: number; length?: number | undefined } = range;
  if (suffix !== undefined) return `bytes=-${suffix}`;
  return `bytes=${offset}-${length === undefined ? "" : offset + length - 1}`;
}

/**
 * Returns the range that the server sends, and the size of the whole object. Throws if the server does not send the requested
 * range. For example, the server may send the whole object.
 */
function servedRange(store: Store, key: string, range: ByteRange, answer: GetAnswer): ServedRange {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.contentRange ?? "") ?? [];
  const size = Number(total);
  const wantedRange = resolveRange(range, total === undefined ? answer.size : size, {
    key,
    provider: store.name,
  });
  const isServed =
    Number(first) === wantedRange.offset && Number(last) === wantedRange.offset + wantedRange.length - 1;
  if (isServed) return wantedRange;
  throw new StorageError("Unsupported", "the server sent a different range than the requested one", {
    operation: "get",
    provider: store.name,
    key,
  });
}

/** Opens the rest of an object after a read was interrupted. The ETag makes sure that the rest belongs to the same version. */
async function openRest(
  store: Store,
  { key, etag, versionId }: Pick<ObjectInfo, "key" | "etag"> & { readonly versionId: string | undefined },
  rest: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): Promise<Readable> {
  const attempted = {
    operation: "get",
    key,
    action: "s3:GetObject",
    condition: "PreconditionFailed",
  } as const;
  const request = { key, versionId, range: headerOf(rest), ifMatch: comparable(store, etag) };
  const answer = await ask(store, attempted, () => store.client.getObject(request, { signal }));
  try {
    servedRange(store, key, rest, answer);
    return answer.body;
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
}

/**
 * Returns an inspection that compares the bytes of a whole object with the server's digest. Returns `undefined` if
 * there is no digest.
 */
function comparing(
  { name: provider }: Store,
  key: string,
  digest: ObjectAnswer["digest"],
): Inspection | undefined {
  if (digest === undefined) return undefined;
  const digesting = startDigest(digest.algorithm);
  return {
    update: digesting.update,
    end: () => {
      if (digesting.value() === digest.value) return;
      const reason = `the received bytes differ from the object: the ${digest.algorithm} does not match`;
      throw new StorageError("Integrity", reason, { operation: "get", provider, key });
    },
  };
}

function cutError({ name: provider }: Store, key: string, cause: unknown): StorageError {
  return new StorageError("Unavailable", "the connection was cut while the object was read", {
    operation: "get",
    provider,
    key,
    cause,
  });
}
