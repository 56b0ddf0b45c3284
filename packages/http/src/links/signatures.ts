import { isSame, macOf } from "./mac.js";

/** A secret with which links are signed. */
export interface SigningKey {
  /** The name of the key: 1 to 64 characters of `A-Z a-z 0-9 - _`. The name is part of every link. */
  readonly id: string;
  /** A secret of at least 32 bytes that cannot be guessed, such as `randomBytes(32).toString("base64")`. */
  readonly secret: string | Uint8Array;
}

/**
 * The keys for signed links. The first key signs new links, and links with any of the keys are accepted. To change the
 * key, first add the new key at the end of the array on every server. Then move the new key to the front. Remove the
 * old key when its last link has expired.
 */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]];

/** The purpose of a link. A link for reading cannot be used to write. */
export type Purpose = "get" | "put";

/**
 * The maximum lifetime of a link, in seconds: 7 days, as with S3.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html
 */
export const EXPIRES_SECONDS_MAX = 604_800;

const SECRET_BYTES_MIN = 32;
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;
const EXPIRES = /^\d{1,12}$/;
/**
 * The name of this signature scheme. The name is part of every signature. So a later scheme cannot be mistaken for this one.
 */
const SCHEME = "stowage-http-1";

/** The parameters that a link may have in addition to the parameters of its signature. */
const PARAMETERS: Readonly<Record<Purpose, readonly string[]>> = {
  get: [
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
  ],
  put: [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "create-only",
    "max-bytes",
    "metadata",
  ],
};
const EXPIRES_NAME = "expires";
const KEY_ID_NAME = "key-id";
const SIGNATURE_NAME = "signature";

/** The parameters of a link, by name. */
export type Parameters = ReadonlyMap<string, string>;

/** The permission that a signed link contains. */
export interface Grant {
  readonly parameters: Parameters;
  /** The time at which the link expires, in whole seconds since 1970. */
  readonly expires: number;
}

/**
 * Checks signing keys.
 *
 * @throws TypeError for keys that are not safe.
 */
export function checkKeys(caller: string, keys: SigningKeys): void {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new TypeError(`${caller}: keys must be an array of { id, secret }; the first key signs`);
  }
  const ids = new Set<unknown>();
  for (const { id, secret } of keys as readonly Partial<SigningKey>[]) {
    if (typeof id !== "string" || !KEY_ID.test(id)) {
      throw new TypeError(
        `${caller}: the id of a key must have 1 to 64 characters of A-Z, a-z, 0-9, "-" and "_"`,
      );
    }
    if (ids.has(id)) throw new TypeError(`${caller}: two keys have the id "${id}"`);
    ids.add(id);
    const bytes = typeof secret === "string" ? Buffer.byteLength(secret) : (secret?.byteLength ?? 0);
    if (bytes < SECRET_BYTES_MIN) {
      throw new TypeError(
        `${caller}: the secret of key "${id}" must have at least ${SECRET_BYTES_MIN} bytes, not ${bytes}`,
      );
    }
  }
}

/** Returns the query of a signed link. */
export function sign(
  [key]: SigningKeys,
  purpose: Purpose,
  objectKey: string,
  expires: number,
  given: Readonly<Record<string, string | undefined>>,
): string {
  const parameters = new Map([
    [EXPIRES_NAME, String(expires)],
    [KEY_ID_NAME, key.id],
  ]);
  for (const [name, value] of Object.entries(given)) if (value !== undefined) parameters.set(name, value);
  parameters.set(SIGNATURE_NAME, signatureOf(key, purpose, objectKey, parameters));
  return [...parameters].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
}

/** Tells whether a query looks like the query of a signed link. In that case only the signature decides about the request. */
export function isSigned(query: string): boolean {
  return query.split("&").some((pair) => decode(pair.split("=", 1)[0] ?? "") === SIGNATURE_NAME);
}

/**
 * Checks a signed link. The refusal is the same for every fault: an unknown or repeated parameter, an unknown signing key, or a wrong time,
 * purpose, key or signature.
 *
 * @param now - The current time, in milliseconds since 1970.
 * @returns The permission, or `undefined` if the link is refused.
 */
export function verify(
  keys: SigningKeys,
  purpose: Purpose,
  objectKey: string,
  query: string,
  now: number,
): Grant | undefined {
  const parameters = parametersOf(query, purpose);
  const key = keys.find(({ id }) => id === parameters?.get(KEY_ID_NAME));
  const expires = parameters?.get(EXPIRES_NAME) ?? "";
  if (parameters === undefined || key === undefined || !EXPIRES.test(expires)) return undefined;
  const expected = signatureOf(key, purpose, objectKey, parameters);
  if (!isSame(expected, parameters.get(SIGNATURE_NAME) ?? "")) return undefined;
  const left = Number(expires) - now / 1000;
  return left > 0 && left <= EXPIRES_SECONDS_MAX ? { parameters, expires: Number(expires) } : undefined;
}

/** Reads a query strictly. @returns The parameters, or `undefined` if a parameter is malformed, unknown or repeated. */
function parametersOf(query: string, purpose: Purpose): Map<string, string> | undefined {
  const known = [EXPIRES_NAME, KEY_ID_NAME, SIGNATURE_NAME, ...PARAMETERS[purpose]];
  const parameters = new Map<string, string>();
  for (const pair of query.split("&")) {
    const [name = "", encoded, ...more] = pair.split("=");
    const value = decode(encoded ?? "%");
    if (value === undefined || more.length > 0 || !known.includes(name) || parameters.has(name))
      return undefined;
    parameters.set(name, value);
  }
  return parameters;
}

/** Computes the signature of a link. */
function signatureOf(
  { secret }: SigningKey,
  purpose: Purpose,
  objectKey: string,
  parameters: Parameters,
): string {
  const rest = [...parameters]
    .filter(([name]) => name !== SIGNATURE_NAME)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return macOf(secret, [SCHEME, purpose, objectKey, rest]);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
