import {
  StorageError,
  contentTypeOf,
  headersOf,
  type Operation,
  type SignUploadOptions,
  type SignedUpload,
  type SignedUrlOptions,
} from "@stowage/core/provider";
import { signWithCloudFront } from "./cloudfront.js";
import { tryEncryption } from "../upload/encrypted.js";
import { toFields } from "../server/facts.js";
import { endOf, signingOf } from "./signing.js";
import { ask, type Store } from "../store.js";

const ACTION = "s3:PutObject";
const DOWNLOAD_SECONDS = 60 * 60;
/** The default time limit for a client to begin an upload, in seconds. */
export const UPLOAD_SECONDS: number = 15 * 60;

/**
 * The maximum number of bytes that one request can store.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
const PUT_BYTES_MAX = 5 * 1024 ** 3;

export async function signedUrl(store: Store, key: string, options: SignedUrlOptions): Promise<string> {
  const call = { operation: "signedUrl", key } as const;
  assertKeyless(store, call);
  const { cloudFront } = store;
  if (cloudFront !== undefined) return await signWithCloudFront(store, key, cloudFront, options);
  const signing = await signingOf(store, call, { ...options, defaultSeconds: DOWNLOAD_SECONDS });
  const request = { key, answer: headersOf(options) };
  return await ask(store, { ...call, action: "s3:GetObject" }, () => store.signer.signGet(request, signing));
}

/**
 * Signs an upload. If the length is known, the upload is a PUT, and its signature is valid only for that length.
 * Otherwise the upload is a form with a policy.
 */
export async function signUpload(
  store: Store,
  key: string,
  options: SignUploadOptions,
): Promise<SignedUpload> {
  const call = { operation: "signUpload", key } as const;
  assertKeyless(store, call);
  if (store.objects.lock !== undefined) {
    throw refused(
      store,
      key,
      "an object with a lock needs a digest of its bytes, but the digest is not known before the upload",
    );
  }
  await tryEncryption(store, call, options.signal);
  const { contentLength } = options;
  return contentLength === undefined
    ? await signForm(store, key, options)
    : await signPut(store, key, { ...options, contentLength });
}

async function signPut(
  store: Store,
  key: string,
  { contentLength, ifNoneMatch, ...options }: SignUploadOptions & { readonly contentLength: number },
): Promise<SignedUpload> {
  assertSize(store, key, contentLength);
  const { call, fields, signing } = await prepare(store, key, options);
  const request = { key, fields, contentLength, ifNoneMatch };
  const { url, headers } = await ask(store, call, () => store.signer.signPut(request, signing));
  return { key, method: "PUT", url, headers, expiresAt: endOf(signing) };
}

/** Prepares everything that a PUT and a form have in common: the call, the headers and the times of the signature. */
async function prepare(store: Store, key: string, options: SignUploadOptions) {
  const call = { operation: "signUpload", key } as const;
  const contentType = options.contentType ?? (await contentTypeOf(key));
  const fields = toFields(options, contentType, store.objects.contentEncoding);
  const signing = await signingOf(store, call, { ...options, defaultSeconds: UPLOAD_SECONDS });
  return { call: { ...call, action: ACTION }, fields, signing };
}

async function signForm(store: Store, key: string, options: SignUploadOptions): Promise<SignedUpload> {
  const { maxBytes = 0, ifNoneMatch } = options;
  if (!store.dialect.postPolicy) {
    throw refused(
      store,
      key,
      "the server cannot limit the size of an upload: give contentLength instead of maxBytes",
    );
  }
  if (!store.dialect.postHeaders && hasHeaders(store, options)) {
    throw refused(
      store,
      key,
      "the server ignores the headers of a form: give contentLength instead of maxBytes",
    );
  }
  if (ifNoneMatch !== undefined) {
    throw refused(store, key, "a form does not support ifNoneMatch: give contentLength instead of maxBytes");
  }
  // The server replaces this text with the name of the client's file.
  if (key.includes(FILE_NAME))
    throw refused(store, key, `a form cannot upload to a key that contains ${FILE_NAME}`);
  assertSize(store, key, maxBytes);
  const { call, fields, signing } = await prepare(store, key, options);
  const form = await ask(store, call, () => store.signer.signPost({ key, fields, maxBytes }, signing));
  return { key, method: "POST", headers: {}, expiresAt: endOf(signing), ...form };
}

/** Tells whether an upload has headers besides its content type. Every form keeps the content type. */
function hasHeaders({ objects }: Store, options: SignUploadOptions): boolean {
  const { contentType: _contentType, ...others } = headersOf(options);
  return [...Object.values(others), objects.contentEncoding].some((value) => value !== undefined);
}

const FILE_NAME = "${filename}";

/**
 * Refuses to sign links for objects that are encrypted with a customer's key. A link cannot contain the key. A signed
 * request can contain the key, but the request would reveal the key to the client.
 */
export function assertKeyless(
  { objects, name: provider }: Store,
  call: { readonly operation: Operation; readonly key: string },
): void {
  if (objects.encryption?.type !== "customer") return;
  const reason =
    "an object that is encrypted with your own key needs the key in every request, and a link cannot contain the key";
  throw new StorageError("Unsupported", reason, { ...call, provider });
}

function assertSize(store: Store, key: string, bytes: number): void {
  if (bytes <= PUT_BYTES_MAX) return;
  const reason = `one request can store at most ${PUT_BYTES_MAX} bytes: use multipart`;
  throw new StorageError("TooLarge", reason, { operation: "signUpload", provider: store.name, key });
}

function refused(store: Store, key: string, reason: string): StorageError {
  return new StorageError("Unsupported", reason, { operation: "signUpload", provider: store.name, key });
}
