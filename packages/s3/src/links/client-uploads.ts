import {
  StorageError,
  contentTypeOf,
  linkedController,
  type CallOptions,
  type MultipartUploads,
  type UploadedPart,
} from "@stowage/core/provider";
import { abandon, createOnServer, isUploadGone } from "../upload/created-upload.js";
import type { NumberedPart } from "../server/client.js";
import { completeUpload } from "../upload/complete.js";
import { assertEncrypted } from "../upload/encrypted.js";
import { toEtag } from "../server/etag.js";
import { toFields } from "../server/facts.js";
import { headObject } from "../head.js";
import { UPLOAD_SECONDS, assertKeyless } from "./links.js";
import { tagAgain } from "../upload/part-upload.js";
import { PARTS_MAX } from "../upload/parts.js";
import { endOf, signingOf } from "./signing.js";
import { ask, type Store } from "../store.js";

const ACTION = "s3:PutObject";
const NO_FIELDS = { metadata: {} };

/**
 * Returns the functions with which clients can upload an object in parts. A client, such as a browser, sends the parts
 * straight to the server.
 */
export function clientUploads(store: Store): MultipartUploads {
  return {
    create: (key, options) => create(store, key, options),
    signPart: (key, upload, options) => signPart(store, key, upload, options),
    listParts: async (key, { uploadId }, { signal }) => {
      const attempted = {
        operation: "multipart",
        key,
        signal,
        action: "s3:ListMultipartUploadParts",
      } as const;
      const send = ask(store, attempted, () => store.client.listParts({ key, uploadId }, { signal }));
      const parts = await send.catch(explainGone(store, key));
      return parts.map(({ partNumber, etag, size }) => ({ partNumber, size, etag: toEtag(etag) ?? etag }));
    },
    complete: (key, upload, options) => complete(store, key, upload, options),
    abort: (key, { uploadId }, options) => abort(store, key, uploadId, options),
  };
}

type Arguments<Name extends keyof MultipartUploads> = Parameters<MultipartUploads[Name]>;

async function create(
  store: Store,
  key: string,
  { signal, ...options }: Arguments<"create">[1],
): ReturnType<MultipartUploads["create"]> {
  assertKeyless(store, { operation: "multipart", key });
  const contentType = options.contentType ?? (await contentTypeOf(key));
  const fields = toFields(options, contentType, store.objects.contentEncoding);
  const call = { operation: "multipart", key } as const;
  // The upload is begun without a checksum, because clients send no checksums. If an upload is begun with a checksum, Amazon
  // refuses parts without one.
  const request = { key, fields, checksums: false };
  signal?.throwIfAborted();
  const created = await createOnServer(store, call, request);
  const { uploadId } = created;
  const remove = (): Promise<void> => abandon({ store, uploadId, write: call });
  await assertEncrypted(store, call, created, remove);
  if (signal?.aborted === true) {
    await remove();
    throw signal.reason;
  }
  return { uploadId };
}

async function signPart(
  store: Store,
  key: string,
  { uploadId, partNumber }: Arguments<"signPart">[1],
  { contentLength, expiresInSeconds }: Arguments<"signPart">[2],
): ReturnType<MultipartUploads["signPart"]> {
  const call = { operation: "multipart", key } as const;
  if (!Number.isSafeInteger(partNumber) || partNumber < 1 || partNumber > PARTS_MAX) {
    const reason = `partNumber must be a whole number from 1 to ${PARTS_MAX}, not ${String(partNumber)}`;
    throw new StorageError("InvalidArgument", reason, { ...call, provider: store.name });
  }
  const signing = await signingOf(store, call, { expiresInSeconds, defaultSeconds: UPLOAD_SECONDS });
  const request = { key, uploadId, partNumber, contentLength };
  const signed = await ask(store, { ...call, action: ACTION }, () => store.signer.signPart(request, signing));
  return { key, method: "PUT", ...signed, expiresAt: endOf(signing) };
}

async function complete(
  store: Store,
  key: string,
  { uploadId, parts }: Arguments<"complete">[1],
  { signal, ifNoneMatch }: Arguments<"complete">[2],
): ReturnType<MultipartUploads["complete"]> {
  const { controller: stop, unlink } = linkedController(signal);
  const write = {
    operation: "multipart",
    key,
    fields: NO_FIELDS,
    conditions: { ifNoneMatch },
    options: { signal, ifNoneMatch },
  } as const;
  try {
    const done = completeUpload({ store, write, uploadId, stop, parts: inOrder(parts) });
    await done.catch(explainGone(store, key));
    await tagAgain(store, key, stop.signal);
    return await headObject(store, key, { signal });
  } finally {
    unlink();
  }
}

/**
 * Aborts an upload. Also removes parts that arrive late, as a failed put does. Throws if the server refuses to abort the
 * upload.
 */
async function abort(store: Store, key: string, uploadId: string, { signal }: CallOptions): Promise<void> {
  const attempted = {
    operation: "multipart",
    key,
    signal,
    action: "s3:AbortMultipartUpload",
    writes: true,
  } as const;
  try {
    await ask(store, attempted, () => store.client.abortUpload({ key, uploadId }, { signal }));
  } catch (error) {
    if (isUploadGone(error)) return;
    throw error;
  }
  const upload = { store, uploadId, write: { key, operation: "multipart" } } as const;
  // Clients may still be sending parts.
  await abandon(upload, { isMoving: true, isAborted: true });
}

/** Returns the parts sorted by their numbers, because some servers refuse any other order. */
function inOrder(parts: readonly UploadedPart[]): readonly NumberedPart[] {
  return parts
    .map(({ partNumber, etag }) => ({ partNumber, etag: toEtag(etag) ?? etag }))
    .toSorted((left, right) => left.partNumber - right.partNumber);
}

/**
 * Returns a handler that turns the failure for a missing upload into `NotFound`. A missing upload is not a problem of the
 * server: the client may have ended the upload itself.
 */
function explainGone({ name: provider }: Store, key: string): (error: unknown) => never {
  return (error) => {
    if (!isUploadGone(error) || error.applied === "unknown") throw error;
    const reason = "there is no such upload: it was completed, aborted or never begun";
    throw new StorageError("NotFound", reason, { operation: "multipart", provider, key, cause: error });
  };
}
