import {
  StorageError,
  assertKey,
  encodeKeyPath,
  knownNames,
  nonEmptyText,
  type SignedUrlOptions,
  type StorageProvider,
} from "@stowage/core/provider";
import type * as Signer from "@aws-sdk/cloudfront-signer";
import { createPrivateKey } from "node:crypto";
import { OWN } from "../own-provider.js";
import { sdkPackage } from "../sdk/packages.js";
import type { Store } from "../store.js";
import type { CloudFrontKey } from "./cloudfront-key.js";

/** The limits of a CloudFront link: the time for which the link works, and the addresses that may use the link. */
export interface CloudFrontLimits {
  /**
   * The time for which the link works, in seconds.
   *
   * @default 3,600
   */
  readonly expiresInSeconds?: number | undefined;
  /**
   * The time at which the link begins to work.
   *
   * @default now
   */
  readonly startsAt?: Date | undefined;
  /**
   * The IP address or the range of addresses that may use the link, such as `"203.0.113.0/24"`.
   *
   * @default none: every address
   */
  readonly ipAddress?: string | undefined;
}

const EXPIRES_SECONDS = 60 * 60;

/** @throws TypeError for a key that cannot sign, and for a key without `publicBaseUrl`. */
export function assertCloudFront(key: CloudFrontKey | undefined, publicBaseUrl: string | undefined): void {
  if (key === undefined) return;
  knownNames("s3: cloudFront", key, { keyPairId: true, privateKey: true });
  if (typeof key.keyPairId !== "string" || key.keyPairId === "") {
    throw new TypeError("s3: cloudFront.keyPairId must be the id of a public key");
  }
  if (!isPrivateKey(key.privateKey))
    throw new TypeError("s3: cloudFront.privateKey must be a private RSA key in PEM format");
  if (publicBaseUrl !== undefined) return;
  throw new TypeError("s3: cloudFront needs publicBaseUrl, the address of the distribution");
}

function isPrivateKey(pem: unknown): boolean {
  try {
    return createPrivateKey(pem as string).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

/**
 * Signs a link that begins with the distribution's address instead of the bucket's address. The link works for the same
 * time as a signed link to the bucket.
 */
export async function signWithCloudFront(
  { places }: Store,
  key: string,
  cloudFront: CloudFrontKey,
  options: SignedUrlOptions,
): Promise<string> {
  const { expiresInSeconds = EXPIRES_SECONDS, stableForSeconds = 0 } = options;
  const step = Math.max(stableForSeconds, 1) * 1000;
  const signedAt = Math.floor(Date.now() / step) * step;
  const dateLessThan = new Date(signedAt + (expiresInSeconds + stableForSeconds) * 1000);
  const { getSignedUrl } = await cloudFrontSigner();
  const url = withAnswer(places.publicUrl(key), options);
  if (!url.includes("*")) return getSignedUrl({ ...cloudFront, url, dateLessThan });
  // The signer gets a policy, because it signs a policy unchanged. In a URL, the signer would decode the encoded
  // asterisk, and CloudFront would treat the asterisk as a wildcard.
  const DateLessThan = { "AWS:EpochTime": Math.floor(dateLessThan.getTime() / 1000) };
  const Statement = [{ Resource: literal(url), Condition: { DateLessThan } }];
  return getSignedUrl({ ...cloudFront, policy: JSON.stringify({ Statement }) });
}

/** Encodes the asterisks in a URL. A key may contain asterisks, but CloudFront treats an asterisk as a wildcard. */
function literal(url: string): string {
  return url.replaceAll("*", "%2A");
}

/**
 * Puts the headers that the caller asks for into the query of a URL. If the distribution forwards the query to S3, S3
 * sends these headers with its answer.
 */
function withAnswer(text: string, headers: SignedUrlOptions): string {
  const url = new URL(text);
  for (const [name, value] of Object.entries({
    "response-cache-control": headers.cacheControl,
    "response-content-disposition": headers.contentDisposition,
    "response-content-encoding": headers.contentEncoding,
    "response-content-language": headers.contentLanguage,
    "response-content-type": headers.contentType,
  })) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

/**
 * Signs a CloudFront link with a custom policy. For example, such a link can work only for some addresses, or only after a
 * certain time.
 *
 * @param provider - A provider that `s3()` returned and that has the option `cloudFront`.
 * @throws TypeError for a provider that `s3()` did not return.
 * @throws StorageError `InvalidKey`, `InvalidArgument`.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
 */
export async function cloudFrontUrl(
  provider: StorageProvider,
  key: string,
  limits: CloudFrontLimits = {},
): Promise<string> {
  const { store, keyPrefix } = OWN.require(provider, "cloudFrontUrl");
  assertKey(key, "signedUrl", store.name);
  const url = literal(store.places.publicUrl(keyPrefix + key));
  const { getSignedUrl } = await cloudFrontSigner();
  return getSignedUrl({ ...keyOf(store), policy: policyFor(store, "cloudFrontUrl", url, limits) });
}

/**
 * Signs cookies that let a browser read everything below a prefix, such as the playlists and the segments of one video.
 * Returns the names and values of the cookies. Set them for the distribution's domain.
 *
 * @param provider - A provider that `s3()` returned and that has the option `cloudFront`.
 * @param prefix - A prefix that ends with `/`; `""` for the whole bucket.
 * @throws TypeError for a provider that `s3()` did not return.
 * @throws StorageError `InvalidKey`, `InvalidArgument`.
 * @example
 * ```ts
 * const cookies = await cloudFrontCookies(provider, "videos/42/hls/", { expiresInSeconds: 7200 });
 * for (const [name, value] of Object.entries(cookies)) response.cookie(name, value, { domain: ".example.com" });
 * ```
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
 */
export async function cloudFrontCookies(
  provider: StorageProvider,
  prefix: string,
  limits: CloudFrontLimits = {},
): Promise<Readonly<Record<string, string>>> {
  const { store, keyPrefix } = OWN.require(provider, "cloudFrontCookies");
  if (prefix !== "") assertKey(prefix.replace(/\/$/, ""), "signedUrl", store.name);
  if (prefix !== "" && !prefix.endsWith("/")) throw invalid(store, 'the prefix does not end with "/"');
  const url = `${store.places.publicUrl("")}${literal(encodeKeyPath(keyPrefix + prefix))}*`;
  const { getSignedCookies } = await cloudFrontSigner();
  const cookies = getSignedCookies({
    ...keyOf(store),
    policy: policyFor(store, "cloudFrontCookies", url, limits),
  });
  return Object.fromEntries(Object.entries(cookies).map(([name, value]) => [name, String(value)]));
}

function keyOf(store: Store): CloudFrontKey {
  if (store.cloudFront !== undefined) return store.cloudFront;
  throw invalid(store, "the provider has no key for CloudFront: set the option cloudFront");
}

function policyFor(store: Store, caller: string, resource: string, limits: CloudFrontLimits): string {
  knownNames(caller, limits, { expiresInSeconds: true, startsAt: true, ipAddress: true });
  const { expiresInSeconds = EXPIRES_SECONDS, startsAt, ipAddress } = limits;
  if (!Number.isSafeInteger(expiresInSeconds) || expiresInSeconds < 1) {
    throw invalid(
      store,
      `expiresInSeconds must be a whole number of seconds, at least 1, not ${String(expiresInSeconds)}`,
    );
  }
  if (ipAddress !== undefined)
    nonEmptyText(caller, "ipAddress", ipAddress, "an IP address or a range of IP addresses");
  const begin = startsAt === undefined ? Date.now() : Number(Object(startsAt).valueOf());
  if (!Number.isFinite(begin)) throw invalid(store, "startsAt must be a valid Date");
  const Condition = {
    DateLessThan: { "AWS:EpochTime": Math.floor(begin / 1000) + expiresInSeconds },
    ...(startsAt !== undefined && { DateGreaterThan: { "AWS:EpochTime": Math.floor(begin / 1000) } }),
    ...(ipAddress !== undefined && { IpAddress: { "AWS:SourceIp": ipAddress } }),
  };
  return JSON.stringify({ Statement: [{ Resource: resource, Condition }] });
}

function invalid({ name: provider }: Store, reason: string): StorageError {
  return new StorageError("InvalidArgument", reason, { operation: "signedUrl", provider });
}

async function cloudFrontSigner(): Promise<typeof Signer> {
  return await sdkPackage("@aws-sdk/cloudfront-signer", () => import("@aws-sdk/cloudfront-signer"));
}
