import type { Cloud } from "./cloud.js";
import { Refusal } from "./refusal.js";
import { isSame, isSigned, stringToSign, type Fields } from "./signature.js";

const LIFE_SECONDS = 3600;

/**
 * Refuses a request without a valid signature, or with an expired signature. The order of the checks is the same as at
 * Cloudinary.
 */
export function assertSigned(cloud: Cloud, fields: Fields, authorization: string | undefined): void {
  if (authorization !== undefined) return assertBasic(cloud, authorization);
  assertSignature(cloud, fields);
  assertFresh(cloud, Number(text(fields, "timestamp")));
}

export function assertSignature(cloud: Cloud, fields: Fields): void {
  for (const name of ["timestamp", "api_key", "signature"]) {
    if (text(fields, name) === "") throw new Refusal(400, `Missing required parameter - ${name}`);
  }
  assertKey(cloud, text(fields, "api_key"));
  if (!isSigned(fields, cloud.apiSecret, cloud.algorithm)) {
    const signed = stringToSign(fields, 2);
    throw new Refusal(401, `Invalid Signature ${text(fields, "signature")}. String to sign - '${signed}'.`);
  }
}

/**
 * Refuses a request whose authorization does not contain the account's key and secret. The Admin API has no signatures.
 */
export function assertBasic({ apiKey, apiSecret }: Cloud, authorization: string | undefined): void {
  if (authorization === undefined) throw new Refusal(401, "Missing authorization");
  const [key = "", secret = ""] = Buffer.from(authorization.replace(/^Basic /, ""), "base64")
    .toString()
    .split(":");
  if (key !== apiKey) throw new Refusal(401, `Unknown API key ${key}`);
  if (!isSame(secret, apiSecret)) throw new Refusal(401, "Invalid api_secret");
}

function assertKey({ apiKey }: Cloud, key: string): void {
  if (key !== apiKey) throw new Refusal(401, `Unknown API key ${key}`);
}

export function assertFresh({ now }: Cloud, timestamp: number): void {
  if (!Number.isFinite(timestamp)) throw new Refusal(400, "Invalid timestamp");
  if (now() / 1000 - timestamp <= LIFE_SECONDS) return;
  const reported = new Date(timestamp * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " +0000");
  throw new Refusal(400, `Stale request - reported time is ${reported} which is more than 1 hour ago`);
}

function text(fields: Fields, name: string): string {
  return String(fields[name] ?? "");
}
