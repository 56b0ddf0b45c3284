import {
  StorageError,
  contentTypeOf,
  encodeKeyPath,
  intercept,
  knownNames,
  nonEmptyText,
  type ObjectHeaders,
  type Operation,
  type SignUploadOptions,
  type SignedUpload,
  type SignedUrlOptions,
  type StorageProvider,
} from "@stowage/core/provider";
import { EXPIRES_SECONDS_MAX, checkKeys, sign, type SigningKeys } from "./signatures.js";

/** The options of {@link signed}. */
export interface SignedOptions {
  /** The address of the handler, without a slash at the end: `"https://example.com/files"`. */
  readonly baseUrl: string;
  readonly keys: SigningKeys;
}

const LINK_SECONDS = 3600;
const UPLOAD_SECONDS = 900;

/**
 * Adds signed links and signed uploads to a provider without them, such as a local disk. The links lead to a handler
 * that `createHandler` made with the same `keys`.
 *
 * A signature covers the purpose, the key and every parameter. A signed upload is a PUT. The link fixes the type, the length or the maximum length,
 * and the headers that are stored.
 *
 * @throws TypeError for options that are wrong.
 * @example
 * ```ts
 * const keys = [{ id: "2026", secret: process.env["LINK_SECRET"] ?? "" }] as const;
 * const storage = createStorage(signed(local({ root: "/srv/uploads" }), { baseUrl: "https://example.com/files", keys }));
 * const handler = createHandler(storage, { basePath: "/files", keys, authorize: () => false });
 * ```
 */
export function signed(inner: StorageProvider, options: SignedOptions): StorageProvider {
  knownNames("signed", options, { baseUrl: true, keys: true });
  const { keys } = options;
  checkKeys("signed", keys);
  const baseUrl = checkBase(options.baseUrl);
  const addressOf = (key: string): string => `${baseUrl}/${encodeKeyPath(key)}`;
  const passing = intercept(inner, {
    type: "signed",
    promises: [`links are signed for ${baseUrl}`],
  });
  return {
    ...passing,
    signedUrl: async (key, given) => `${addressOf(key)}?${signGet(inner, keys, key, given)}`,
    signUpload: async (key, given) => await signPut(inner, keys, key, given, addressOf(key)),
  };
}

function checkBase(baseUrl: string): string {
  nonEmptyText("signed", "baseUrl", baseUrl, "a URL such as https://example.com/files");
  const isAddress = URL.canParse(baseUrl) && /^https?:\/\//.test(baseUrl) && !/[?#]/.test(baseUrl);
  if (!isAddress)
    throw new TypeError(
      `signed: baseUrl must be an http:// or https:// URL without a query or fragment, not "${baseUrl}"`,
    );
  return baseUrl.replace(/\/+$/, "");
}

function signGet(inner: StorageProvider, keys: SigningKeys, key: string, options: SignedUrlOptions): string {
  const { expiresInSeconds = LINK_SECONDS, stableForSeconds = 0 } = options;
  assertLife(inner, key, "signedUrl", expiresInSeconds + stableForSeconds);
  const now = nowSeconds();
  const from = stableForSeconds === 0 ? now : now - (now % stableForSeconds) + stableForSeconds;
  const overrides = Object.entries(headerParameters(options)).map(([name, value]) => [
    `response-${name}`,
    value,
  ]);
  return sign(keys, "get", key, from + expiresInSeconds, Object.fromEntries(overrides));
}

async function signPut(
  inner: StorageProvider,
  keys: SigningKeys,
  key: string,
  options: SignUploadOptions,
  address: string,
): Promise<SignedUpload> {
  const { contentLength, maxBytes, metadata, ifNoneMatch, expiresInSeconds = UPLOAD_SECONDS } = options;
  assertLife(inner, key, "signUpload", expiresInSeconds);
  const contentType = options.contentType ?? (await contentTypeOf(key));
  const expires = nowSeconds() + expiresInSeconds;
  const query = sign(keys, "put", key, expires, {
    ...headerParameters({ ...options, contentType }),
    "content-length": contentLength?.toString(),
    "max-bytes": maxBytes?.toString(),
    "create-only": ifNoneMatch === "*" ? "yes" : undefined,
    metadata: metadata === undefined ? undefined : JSON.stringify(metadata),
  });
  const headers = {
    "content-type": contentType,
    ...(contentLength !== undefined && { "content-length": String(contentLength) }),
  };
  return { key, method: "PUT", url: `${address}?${query}`, headers, expiresAt: new Date(expires * 1000) };
}

/** Returns the headers with their HTTP names. */
function headerParameters(options: ObjectHeaders): Record<string, string | undefined> {
  const { contentType, contentEncoding, contentLanguage, cacheControl, contentDisposition } = options;
  return {
    "cache-control": cacheControl,
    "content-disposition": contentDisposition,
    "content-encoding": contentEncoding,
    "content-language": contentLanguage,
    "content-type": contentType,
  };
}

function assertLife({ name }: StorageProvider, key: string, operation: Operation, seconds: number): void {
  if (seconds <= EXPIRES_SECONDS_MAX) return;
  const reason = `expiresInSeconds and stableForSeconds together must be at most ${EXPIRES_SECONDS_MAX} seconds, not ${seconds}`;
  throw new StorageError("InvalidArgument", reason, { operation, provider: name, key });
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
