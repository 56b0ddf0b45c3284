import {
  isStorageError,
  knownNames,
  type CallOptions,
  type StorageError,
  type StorageProvider,
} from "@stowage/core/provider";
import { randomUUID } from "node:crypto";
import type { Conditions, PutRequest } from "./server/client.js";
import { DIALECTS, type Dialect } from "./server/dialect.js";
import { bareEtag } from "./server/etag.js";
import { OWN } from "./own-provider.js";
import { abandon } from "./upload/created-upload.js";
import { ask, type Store } from "./store.js";
import { timedStore } from "./server/timed-client.js";

/** The store and the key of one probe. */
interface Probing {
  readonly store: Store;
  readonly signal: AbortSignal | undefined;
  /** A key with a random part, so that the probe does not touch other objects. */
  readonly key: string;
}

/**
 * Finds out which features of S3 a server supports. The result is a value for the option `dialect` of `s3`. Tests four
 * features: conditions, which some servers silently ignore; the form of ETags in conditions; checksums; and the digest
 * that batch deletes need.
 *
 * Writes, copies and deletes two objects of a few bytes under a random key, and leaves nothing behind. Features that
 * cannot be tested with a few bytes count as missing. The result is plain JSON. Probe once and keep the result: a
 * server does not change from day to day.
 *
 * @param provider - A provider that `s3()` returned.
 * @throws TypeError for a provider that `s3()` did not return.
 * @throws StorageError as a put does.
 * @example
 * ```ts
 * const where = { bucket: "videos", endpoint: "https://s3.example.com" };
 * const dialect = await probe(s3(where));
 * const provider = s3({ ...where, dialect });
 * ```
 */
export async function probe(
  provider: StorageProvider,
  options: Pick<CallOptions, "signal"> = {},
): Promise<Dialect> {
  knownNames("probe", options, { signal: true });
  const { signal } = options;
  const { store: own, keyPrefix } = OWN.require(provider, "probe");
  const client = own.open(AS_IT_IS);
  const store = timedStore({ ...own, client });
  const probing = { store, signal, key: `${keyPrefix}stowage-probe-${randomUUID()}` };
  try {
    const bareIfMatch = await wantsBareIfMatch(probing);
    return {
      ...DIALECTS.generic,
      name: "probed",
      checksum: (await verifiesCrc32(probing)) ? "crc32" : "none",
      conditionalPut: await keepsConditions(probing, bareIfMatch, put),
      conditionalComplete: await keepsConditions(probing, bareIfMatch, putInParts),
      conditionalCopy: await keepsConditionsOfCopy(probing),
      conditionalDelete: await keepsConditionsOfDelete(probing, bareIfMatch),
      bareIfMatch,
      deletesWithMd5: !(await deletesManyWithoutMd5(probing)),
    };
  } finally {
    await remove(probing, probing.key);
    await remove(probing, copyOf(probing));
    client.close();
  }
}

/**
 * The dialect of the probe. It turns off all workarounds for weak servers, so the probe sees the server as it is.
 */
const AS_IT_IS: Dialect = { ...DIALECTS.generic, deletesWithMd5: false };

const BODY = Buffer.from("stowage");
const FIELDS = { contentType: "text/plain", metadata: {} };

/** An ETag that the object of the probe does not have. */
const OTHER_ETAG = '"00000000000000000000000000000000"';

function copyOf({ key }: Probing): string {
  return `${key}-copy`;
}

async function put(probing: Probing, more: Partial<PutRequest>): Promise<string> {
  const { store, signal, key } = probing;
  const request = { key, body: BODY, fields: FIELDS, ...more };
  const attempted = { operation: "put", key, signal, action: "s3:PutObject" } as const;
  const { etag } = await ask(store, attempted, () => store.client.putObject(request, { signal }));
  return etag ?? "";
}

async function remove({ store, signal }: Probing, key: string, ifMatch?: string): Promise<void> {
  const attempted = { operation: "delete", key, signal, action: "s3:DeleteObject" } as const;
  await ask(store, attempted, () => store.client.deleteObject({ key, ifMatch }, { signal }));
}

/**
 * Tells whether the server refuses a request. Throws every other failure, because it leaves the question open.
 */
async function refuses(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return false;
  } catch (error) {
    if (isStorageError(error) && isAnswer(error)) return true;
    throw error;
  }
}

function isAnswer({ status = 0 }: StorageError): boolean {
  return (status >= 400 && status < 500 && status !== 429) || status === 501;
}

/**
 * Tells whether the server refuses a request because of its condition. A status of 501 does not count, because it means
 * that the server has no conditions.
 */
async function refusesFor(condition: Promise<unknown>): Promise<boolean> {
  try {
    await condition;
    return false;
  } catch (error) {
    if (!isStorageError(error) || !isAnswer(error)) throw error;
    return error.code === "PreconditionFailed" || error.status === 409;
  }
}

async function wantsBareIfMatch(probing: Probing): Promise<boolean> {
  const etag = await put(probing, {});
  if (!(await refuses(put(probing, { ifMatch: etag })))) return false;
  return !(await refuses(put(probing, { ifMatch: bareEtag(etag) })));
}

function shaped(etag: string, bareIfMatch: boolean): string | undefined {
  return bareIfMatch ? bareEtag(etag) : etag;
}

/**
 * Tells whether the server refuses a kind of write if the condition does not hold, and accepts the write if the
 * condition holds.
 */
async function keepsConditions(
  probing: Probing,
  bareIfMatch: boolean,
  write: (probing: Probing, conditions: Conditions) => Promise<unknown>,
): Promise<boolean> {
  const etag = await put(probing, {});
  if (!(await refusesFor(write(probing, { ifNoneMatch: "*" })))) return false;
  if (!(await refusesFor(write(probing, { ifMatch: shaped(OTHER_ETAG, bareIfMatch) })))) return false;
  if (await refuses(write(probing, { ifMatch: shaped(etag, bareIfMatch) }))) return false;
  await remove(probing, probing.key);
  return !(await refuses(write(probing, { ifNoneMatch: "*" })));
}

async function putInParts({ store, signal, key }: Probing, conditions: Conditions): Promise<void> {
  const { client } = store;
  const call = { signal };
  const attempted = { operation: "put", key, signal, action: "s3:PutObject" } as const;
  const { uploadId } = await ask(store, attempted, () => client.createUpload({ key, fields: FIELDS }, call));
  try {
    const part = { key, uploadId, partNumber: 1, body: BODY };
    const answer = await ask(store, attempted, () => client.uploadPart(part, call));
    const complete = { key, uploadId, parts: [{ ...answer, partNumber: 1 }], ...conditions };
    await ask(store, attempted, () => client.completeUpload(complete, call));
  } catch (error) {
    await abandon({ store, uploadId, write: { key, operation: "put" } });
    throw error;
  }
}

async function keepsConditionsOfCopy(probing: Probing): Promise<boolean> {
  const { store, signal, key } = probing;
  const to = copyOf(probing);
  const attempted = { operation: "copy", key: to, signal, action: "s3:PutObject" } as const;
  const request = { from: { bucket: store.bucket, key }, key: to, fields: FIELDS };
  const copy = (ifNoneMatch?: "*"): Promise<unknown> =>
    ask(store, attempted, () => store.client.copyObject({ ...request, ifNoneMatch }, { signal }));
  await put(probing, {});
  await copy();
  return await refusesFor(copy("*"));
}

async function keepsConditionsOfDelete(probing: Probing, bareIfMatch: boolean): Promise<boolean> {
  await put(probing, {});
  return await refusesFor(remove(probing, probing.key, shaped(OTHER_ETAG, bareIfMatch)));
}

/** Tells whether the server verifies a CRC32. Sends a body with a wrong CRC32, which the server must refuse. */
async function verifiesCrc32(probing: Probing): Promise<boolean> {
  return await refuses(put(probing, { digest: { algorithm: "crc32", value: "AAAAAA==" } }));
}

async function deletesManyWithoutMd5(probing: Probing): Promise<boolean> {
  const { store, signal, key } = probing;
  await put(probing, {});
  const attempted = { operation: "deleteMany", signal, action: "s3:DeleteObject" } as const;
  return !(await refuses(ask(store, attempted, () => store.client.deleteObjects([key], { signal }))));
}
