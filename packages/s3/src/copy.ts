import { types } from "node:util";
import {
  StorageError,
  headersOf,
  isStorageError,
  toBody,
  type CopyOptions,
  type ObjectInfo,
} from "@stowage/core/provider";
import type { CopyRequest, ObjectAnswer, WriteAnswer } from "./server/client.js";
import { assertEncrypted, removing, tryEncryption } from "./upload/encrypted.js";
import { toEtag } from "./server/etag.js";
import { fromHeaders, toFields } from "./server/facts.js";
import { getObject } from "./get.js";
import { explainMissing } from "./head.js";
import { partSizeFor } from "./upload/parts.js";
import { writeTags } from "./upload/tags.js";
import { ask, infoOf, writing, type Store } from "./store.js";
import { uploadBody } from "./upload/upload.js";
import { finishParts, startPart, tagAgain, uploading, type Part } from "./upload/part-upload.js";
import type { Write } from "./upload/write.js";

/** An object to copy, in this store or in a different store on the same server. */
interface CopySource {
  readonly store: Store;
  readonly key: string;
}

/**
 * Copies an object on the server, or through this process if the server cannot do so. The copy gets the write id of
 * this call, not the write id of its source.
 */
export async function copyObject(
  store: Store,
  from: CopySource,
  to: string,
  { signal, ifNoneMatch, sourceIfMatch, writeId, tries, beforeCommit }: CopyOptions,
): Promise<ObjectInfo> {
  assertCondition(store, to, ifNoneMatch);
  await tryEncryption(store, { operation: "copy", key: to }, signal);
  const source = await readFacts(from, signal);
  assertSource(from, source, sourceIfMatch);
  const fields = fieldsOf(source, writeId);
  const write: Write = {
    operation: "copy",
    key: to,
    fields,
    conditions: { ifNoneMatch },
    options: { signal, ifNoneMatch, tries, beforeCommit },
  };
  if (ifNoneMatch !== undefined && !store.dialect.conditionalCopy) {
    return await copyThrough(store, from, write, source);
  }
  const request = {
    from: { bucket: from.store.bucket, key: from.key, encryption: from.store.objects.encryption },
    key: to,
    fields,
    ifNoneMatch,
    ifSourceMatch: source.etag,
  };
  const copying =
    source.size > COPY_BYTES_MAX
      ? copyInParts(store, write, request, source.size)
      : copyWhole(store, write, request);
  const answer = await copying.catch((error: unknown) => {
    // Ceph 16 cannot copy an object that is encrypted with a customer's key.
    if (isStorageError(error, "Unsupported") && error.status === 501) return undefined;
    throw error;
  });
  if (answer === undefined) return await copyThrough(store, from, write, source);
  if (source.size > COPY_BYTES_MAX) await keepTags(store, from, write);
  return {
    ...infoOf(store, to, { ...source, ...fields, ...answer }),
    etag: toEtag(answer.etag),
    lastModified: undefined,
  };
}

/** Refuses a condition that this server ignores both for copies and for puts. */
function assertCondition(
  { dialect, name: provider }: Store,
  key: string,
  ifNoneMatch: "*" | undefined,
): void {
  if (ifNoneMatch === undefined || dialect.conditionalCopy || dialect.conditionalPut) return;
  const reason = "the server may ignore the condition of a create-only copy, so the copy was not sent";
  throw new StorageError("Unsupported", reason, { operation: "copy", provider, key });
}

async function readFacts({ store, key }: CopySource, signal: AbortSignal | undefined): Promise<ObjectAnswer> {
  const attempted = { operation: "copy", key, signal, action: "s3:GetObject" } as const;
  try {
    return await ask(store, attempted, () => store.client.headObject({ key }, { signal }));
  } catch (error) {
    throw await explainMissing(store, { operation: "copy", key, signal, versionId: undefined }, error);
  }
}

async function copyWhole(store: Store, write: Write, request: CopyRequest): Promise<WriteAnswer> {
  const { signal, beforeCommit } = write.options;
  const answer = await ask(store, writing(write, signal), () =>
    store.client.copyObject(request, { signal, beforeCommit }),
  );
  const { key } = write;
  await assertEncrypted(store, write, answer, removing(store, key, answer));
  // Ceph does not store the tags that a copy request sets.
  await tagAgain(store, key, signal);
  return answer;
}

function assertSource(
  { store, key }: CopySource,
  { etag }: ObjectAnswer,
  expected: string | undefined,
): void {
  if (expected === undefined || toEtag(etag) === expected) return;
  const reason = `the object's ETag is ${toEtag(etag)}, not ${expected}`;
  throw new StorageError("PreconditionFailed", reason, { operation: "copy", provider: store.name, key });
}

function fieldsOf(source: ObjectAnswer, writeId: string | undefined): ReturnType<typeof toFields> {
  const { contentType = "application/octet-stream" } = source;
  const { metadata } = fromHeaders(source.metadata);
  return toFields({ ...headersOf(source), metadata, writeId }, contentType);
}

/**
 * The maximum number of bytes that one request can copy.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
const COPY_BYTES_MAX = 5 * 1024 ** 3;
const COPY_PART_BYTES = 256 * 1024 ** 2;

/** Lets the server copy a large object in parts. Several parts are copied at the same time. */
async function copyInParts(
  store: Store,
  write: Write,
  request: CopyRequest,
  size: number,
): Promise<WriteAnswer> {
  const { from, ifSourceMatch } = request;
  const partSizeBytes = partSizeFor(size, COPY_PART_BYTES);
  const { answer } = await uploading(store, write, { size, partSizeBytes }, async (upload) => {
    for (let offset = 0; offset < size; offset += partSizeBytes) {
      const length = Math.min(partSizeBytes, size - offset);
      const send: Part["send"] = (place, { signal }) =>
        store.client.copyPart({ ...place, from, ifSourceMatch, offset, length }, { signal });
      await startPart(upload, { length, send });
    }
    return await finishParts(upload);
  });
  return answer;
}

/**
 * Copies an object through this process. This is needed in two cases: the server honours the condition only for a put, or the
 * server cannot copy the object.
 */
async function copyThrough(
  store: Store,
  from: CopySource,
  write: Write,
  { etag }: ObjectAnswer,
): Promise<ObjectInfo> {
  const { key, fields, options } = write;
  const { signal } = options;
  const { info, body } = await getObject(from.store, from.key, { signal, ifMatch: toEtag(etag) });
  const source = await toBody(body, { size: info.size, key: from.key, provider: store.name });
  try {
    const { answer, size } = await uploadBody(store, write, source);
    await keepTags(store, from, write);
    return infoOf(store, key, { ...fields, size, ...answer });
  } finally {
    if (!types.isUint8Array(body)) body.destroy();
  }
}

/** Gives a copy the tags of its source. The server itself keeps the tags only if it copies the object in one request. */
async function keepTags(store: Store, from: CopySource, { key, options }: Write): Promise<void> {
  const { signal } = options;
  if (store.objects.tags !== undefined || !store.dialect.tags || !from.store.dialect.tags) return;
  const attempted = { operation: "copy", key: from.key, signal, action: "s3:GetObjectTagging" } as const;
  const reading = ask(store, attempted, () => from.store.client.readTags({ key: from.key }, { signal }));
  // If the credentials may not read tags, the copy gets no tags. The result of a copy by one request is the same.
  const tags = await reading.catch((error: unknown) => {
    if (isStorageError(error, "PermissionDenied")) return {};
    throw error;
  });
  if (Object.keys(tags).length > 0) await writeTags(store, { key, tags }, signal);
}
