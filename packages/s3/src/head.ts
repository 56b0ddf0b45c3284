import {
  clock,
  StorageError,
  isStorageError,
  type HeadOptions,
  type ObjectInfo,
} from "@stowage/core/provider";
import { S3FailureError } from "./server/client.js";
import { ask, infoOf, type Store } from "./store.js";

/** The time, in milliseconds, after which the existence of a bucket must be confirmed again. */
const BUCKET_TRUST_MS = 60_000;

export async function headObject(
  store: Store,
  key: string,
  { signal }: HeadOptions,
  versionId?: string,
): Promise<ObjectInfo> {
  const attempted = { operation: "head", key, signal, action: "s3:GetObject" } as const;
  try {
    return infoOf(
      store,
      key,
      await ask(store, attempted, () => store.client.headObject({ key, versionId }, { signal })),
    );
  } catch (error) {
    throw await explainMissing(store, { operation: "head", key, signal, versionId }, error);
  }
}

/** A failed read. Either the object is missing, or access was denied. */
interface Missed {
  readonly operation: "head" | "get" | "copy";
  readonly key: string;
  readonly signal: AbortSignal | undefined;
  readonly versionId: string | undefined;
}

/**
 * Returns the error to throw if an object is missing or access to it was denied. The answer to a HEAD has no body. So a
 * missing object looks like a missing bucket, and missing permissions look like wrong credentials. In addition, if the
 * credentials may not list the bucket, the server denies access to missing objects. A listing of the key distinguishes
 * these cases. If the credentials may not list, a read of one byte distinguishes the cases.
 */
export async function explainMissing(store: Store, missed: Missed, error: unknown): Promise<unknown> {
  const isDenied = isStorageError(error, "PermissionDenied");
  const isAbsent = isStorageError(error, "NotFound") && missed.operation !== "get";
  if (!isDenied && !isAbsent) return error;
  if (isAbsent && clock.now() - store.bucketSeenAt < BUCKET_TRUST_MS) return error;
  try {
    return store.canList ? await askListing(store, missed, error) : await askOneByte(store, missed, error);
  } catch (failure) {
    // The second request was denied, so its answer says nothing about the bucket. A `NotFound` from the first request
    // is therefore returned unchanged.
    if (isStorageError(failure, "PermissionDenied"))
      return isAbsent ? error : withoutListing(store, missed, error);
    return decides(failure, isAbsent) ? failure : error;
  }
}

/**
 * Tells whether the failure of the second request explains the problem better than the failure of the first request.
 */
function decides(failure: unknown, isAbsent: boolean): boolean {
  const isMisconfigured = isStorageError(failure, "Misconfigured");
  // A failure without a status does not come from a server. It comes from a mocked client that does not support
  // listings.
  if (isMisconfigured && failure.status === undefined) return false;
  return isAbsent || isMisconfigured || isStorageError(failure, "Unauthenticated");
}

async function askListing(store: Store, missed: Missed, error: StorageError): Promise<StorageError> {
  const { operation, key, signal, versionId } = missed;
  const attempted = { operation, key, signal, action: "s3:ListBucket" } as const;
  const request = { prefix: key, limit: 1 };
  const { objects } = await ask(store, attempted, () => store.client.listObjects(request, { signal }));
  store.bucketSeenAt = clock.now();
  // In a listing of all keys with this prefix, the key that equals the prefix comes first.
  const isThere = versionId !== undefined || objects[0]?.key === key;
  return error.code === "NotFound" || isThere ? error : notFound(store, missed, error);
}

/**
 * Reads one byte, because the answer to a refused GET contains an error code. Without the permission to list, S3
 * answers `AccessDenied` even for an object that does not exist. If the refusal names a permission other than
 * `s3:ListBucket`, the object exists.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
async function askOneByte(store: Store, missed: Missed, error: StorageError): Promise<StorageError> {
  const { operation, key, signal, versionId } = missed;
  const attempted = { operation, key, signal, action: "s3:GetObject" } as const;
  const request = { key, versionId, range: "bytes=0-0" };
  let isHidden = false;
  const reading = ask(store, attempted, async () => {
    try {
      (await store.client.getObject(request, { signal })).body.destroy();
    } catch (failure) {
      isHidden = versionId === undefined && isDenialOfAbsence(failure);
      throw failure;
    }
  });
  const failure = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isHidden || isStorageError(failure, "NotFound")) {
    store.bucketSeenAt = clock.now();
    return error.code === "NotFound" ? error : notFound(store, missed, error);
  }
  if (failure === undefined || isStorageError(failure, "InvalidRange")) return error;
  throw failure;
}

function isDenialOfAbsence(failure: unknown): boolean {
  if (!(failure instanceof S3FailureError)) return false;
  const { code, status, deniedAction = LIST } = failure.failure;
  return status === 403 && code === "AccessDenied" && deniedAction === LIST;
}

const LIST = "s3:ListBucket";

function notFound({ name: provider }: Store, { operation, key }: Missed, error: StorageError): StorageError {
  const { status, requestId } = error;
  const facts = { operation, provider, key, status, requestId };
  return new StorageError("NotFound", "there is no such object", facts);
}

/**
 * Returns an error that asks for the permission to list. In nearly all cases the credentials lack this permission:
 * without it, S3 denies access to objects that do not exist.
 */
function withoutListing({ name: provider, bucket, canList }: Store, missed: Missed, error: unknown): unknown {
  if (!canList || missed.versionId !== undefined || !isStorageError(error)) return error;
  const { operation, key } = missed;
  const { status, requestId, cause } = error;
  const reason =
    "access was denied: the object does not exist, or the credentials may not read it. To tell these cases apart, the credentials need " +
    `s3:ListBucket in the bucket ${JSON.stringify(bucket)}; or set canList: false`;
  const facts = { operation, provider, key, status, requestId, cause, mayBeAbsent: true };
  return new StorageError("PermissionDenied", reason, facts);
}
