import {
  StorageError,
  headersOf,
  type Operation,
  type SignUploadOptions,
  type SignedUpload,
  type SignedUrlOptions,
} from "@stowage/core/provider";
import { placeFor, type Account } from "./account.js";
import { assertSendable, toContext } from "./facts.js";

/** The lifetime of a signature, in seconds. @see https://cloudinary.com/documentation/authentication_signatures */
const SIGNATURE_SECONDS = 3600;

const DOWNLOAD_SECONDS = 3600;
const DOWNLOAD_SECONDS_MAX = 7 * 24 * 3600;
const UPLOAD_SECONDS = 900;

/** Returns a URL of the download endpoint. Unlike a signed URL of the CDN, this URL expires. */
export async function signedUrl(account: Account, key: string, options: SignedUrlOptions): Promise<string> {
  options.signal?.throwIfAborted();
  const { expiresInSeconds = DOWNLOAD_SECONDS, stableForSeconds = 0 } = options;
  const refuse = refusing(account, key, "signedUrl");
  const place = placeFor(account, key, "signedUrl");
  const { contentDisposition: _contentDisposition, ...others } = headersOf(options);
  if (Object.values(others).some((value) => value !== undefined)) {
    const reason =
      "a link to Cloudinary cannot set the content type, encoding, language or caching of the answer";
    throw refuse("Unsupported", reason);
  }
  const isAttachment = /^attachment$/i.test(options.contentDisposition ?? "attachment");
  if (!isAttachment) throw refuse("Unsupported", 'contentDisposition must be absent or exactly "attachment"');
  if (expiresInSeconds > DOWNLOAD_SECONDS_MAX) {
    const reason = `expiresInSeconds must be at most ${DOWNLOAD_SECONDS_MAX}, not ${expiresInSeconds}`;
    throw refuse("InvalidArgument", reason);
  }
  const now = account.client.now();
  const signedAt = stableForSeconds === 0 ? now : now - (now % stableForSeconds);
  const expiresAt = signedAt + expiresInSeconds + stableForSeconds;
  const attachment = options.contentDisposition !== undefined;
  return await account.client.downloadUrl(place, { signedAt, expiresAt, attachment });
}

/** The upload options that a signature does not cover. */
const UNBOUND = ["contentLength", "maxBytes"] as const;

/**
 * Returns a form, or a PUT with all fields in its query, with which a client uploads straight to Cloudinary.
 * Cloudinary's signature covers the key and the facts, but not the length.
 */
export async function signUpload(
  account: Account,
  key: string,
  options: SignUploadOptions,
): Promise<SignedUpload> {
  options.signal?.throwIfAborted();
  assertSendable(account, key, "signUpload", options);
  const { expiresInSeconds = UPLOAD_SECONDS, ifNoneMatch, onEvent } = options;
  const refuse = refusing(account, key, "signUpload");
  const place = placeFor(account, key, "signUpload");
  if (expiresInSeconds > SIGNATURE_SECONDS) {
    const reason = `expiresInSeconds must be at most ${SIGNATURE_SECONDS}, not ${expiresInSeconds}: a signature of Cloudinary is valid for one hour`;
    throw refuse("InvalidArgument", reason);
  }
  if (ifNoneMatch !== undefined) {
    throw refuse(
      "Unsupported",
      "a signed upload cannot be create-only: Cloudinary answers 200 even when it drops the upload",
    );
  }
  for (const option of UNBOUND) {
    if (options[option] === undefined) continue;
    onEvent?.({ type: "ignored", operation: "signUpload", provider: account.name, key, option });
  }
  const now = account.client.now();
  // A signature expires an hour after its timestamp. With an earlier timestamp it expires sooner.
  const timestamp = now - SIGNATURE_SECONDS + expiresInSeconds;
  const request = { context: toContext(options), overwrite: true, timestamp };
  const { url, fields } = await account.client.signUpload(place, request);
  const expiresAt = new Date((now + expiresInSeconds) * 1000);
  if (account.settings.signedUploads !== "put")
    return { key, method: "POST", url, headers: {}, fields, expiresAt };
  const query = new URLSearchParams(fields).toString();
  const headers = options.contentType === undefined ? {} : { "content-type": options.contentType };
  return { key, method: "PUT", url: `${url}?${query}`, headers, expiresAt };
}

type Refusing = (code: "Unsupported" | "InvalidArgument", reason: string) => StorageError;

function refusing({ name: provider }: Account, key: string, operation: Operation): Refusing {
  return (code, reason) => new StorageError(code, reason, { operation, provider, key });
}
