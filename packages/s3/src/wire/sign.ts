import crypto, { createHash, createHmac } from "node:crypto";

/** The hash of a body that is not signed. TLS or a checksum protects such a body. */
export const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

const ALGORITHM = "AWS4-HMAC-SHA256";

/** The keys with which a request is signed. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The parts of a request that its signature covers. */
export interface Signable {
  readonly method: string;
  /** The path in the form in which it is sent. */
  readonly path: string;
  /** The query in the form in which it is sent, with its names in order. */
  readonly query: string;
  /** The headers, with lower-case names. The signer adds its own headers. */
  readonly headers: Record<string, string>;
  /** The hash of the body in hexadecimal, or {@link UNSIGNED_PAYLOAD}. */
  readonly payloadHash: string;
}

/** Adds the headers of a signature to a request. */
export type Sign = (request: Signable, keys: Keys, time: number) => void;

/** The headers that proxies may change. A signature leaves them out. */
const UNSIGNED_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cache-control",
  "connection",
  "expect",
  "from",
  "keep-alive",
  "max-forwards",
  "pragma",
  "referer",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "x-amzn-trace-id",
]);

/** Node's hash in one call, which takes half the time for a short text. Bun lacks it. */
const hashOnce = crypto.hash as typeof crypto.hash | undefined;

/** Returns the SHA-256 of bytes in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return hashOnce === undefined
    ? createHash("sha256").update(bytes).digest("hex")
    : hashOnce("sha256", bytes);
}

/**
 * Makes a signer for one region. It keeps the key that is derived from the secret, because the derived key is the same for a
 * whole day.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function createSigner(region: string, service = "s3"): Sign {
  let derived: { readonly secret: string; readonly day: string; readonly key: Buffer } | undefined;
  const keyOf = (secret: string, day: string): Buffer => {
    if (derived?.secret !== secret || derived.day !== day) {
      const key = [day, region, service, "aws4_request"].reduce<Buffer | string>(hmac, `AWS4${secret}`);
      derived = { secret, day, key: key as Buffer };
    }
    return derived.key;
  };
  return (request, { accessKeyId, secretAccessKey, sessionToken }, time) => {
    const { headers } = request;
    const date = timestampOf(time);
    const day = date.slice(0, 8);
    headers["x-amz-date"] = date;
    if (sessionToken !== undefined && sessionToken !== "") headers["x-amz-security-token"] = sessionToken;
    headers["x-amz-content-sha256"] = request.payloadHash;
    const { names, text } = canonicalRequest(request);
    const scope = `${day}/${region}/${service}/aws4_request`;
    const signed = `${ALGORITHM}\n${date}\n${scope}\n${sha256(text)}`;
    const signature = createHmac("sha256", keyOf(secretAccessKey, day)).update(signed).digest("hex");
    headers["authorization"] =
      `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  };
}

function canonicalRequest({ method, path, query, headers, payloadHash }: Signable): {
  readonly names: string;
  readonly text: string;
} {
  const names = Object.keys(headers)
    .filter((name) => !UNSIGNED_HEADERS.has(name))
    .sort();
  let lines = "";
  for (const name of names) lines += `${name}:${trimmed(headers[name] ?? "")}\n`;
  const signed = names.join(";");
  return { names: signed, text: `${method}\n${path}\n${query}\n${lines}\n${signed}\n${payloadHash}` };
}

/** Returns a header's value with every run of spaces replaced by one space. */
function trimmed(value: string): string {
  const text = value.trim();
  return /\s\s|[^\S ]/.test(text) ? text.replaceAll(/\s+/g, " ") : text;
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

let lastSecond = Number.NaN;
let lastTimestamp = "";

/** Returns a time in the form that signatures use, such as `20261130T201500Z`. Keeps the text of the last second. */
function timestampOf(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastTimestamp = new Date(second * 1000).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
  }
  return lastTimestamp;
}
