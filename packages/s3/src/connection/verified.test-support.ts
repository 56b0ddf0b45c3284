import { createHash, createHmac } from "node:crypto";
import type { Seen } from "../small-server.test-support.js";

interface Secrets {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The difference between the clocks that S3 accepts, in milliseconds. */
const SKEW_MS_MAX = 15 * 60_000;

/**
 * Returns the code with which S3 refuses a request, or `undefined` for a request that is signed right. Computes the signature of
 * what has arrived, with code that shares nothing with the package.
 *
 * @param now - The server's time.
 */
export function refusalOf(
  { method, headers, body, response }: Seen,
  secrets: Secrets,
  now: number,
): string | undefined {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      headers.authorization ?? "",
    );
  if (given === null) return "AccessDenied";
  const [, keyId, day = "", region = "", names = "", signature] = given;
  const date = String(headers["x-amz-date"]);
  if (keyId !== secrets.accessKeyId) return "InvalidAccessKeyId";
  if (headers["x-amz-security-token"] !== secrets.sessionToken) return "InvalidToken";
  if (hasUnsigned(headers, names)) return "AccessDenied";
  if (Math.abs(timeOf(date) - now) > SKEW_MS_MAX) return "RequestTimeTooSkewed";
  const hash = String(headers["x-amz-content-sha256"]);
  if (hash !== "UNSIGNED-PAYLOAD" && hash !== sha256(body)) return "XAmzContentSHA256Mismatch";
  const [path = "", query = ""] = String(response.req.url).split("?");
  const signed = names
    .split(";")
    .map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, " ")}\n`);
  const canonical = [method, path, sorted(query), signed.join(""), names, hash].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join("\n");
  const right = createHmac("sha256", keyFor(secrets, day, region))
    .update(text)
    .digest("hex");
  return right === signature ? undefined : "SignatureDoesNotMatch";
}

function keyFor({ secretAccessKey }: Secrets, day: string, region: string): Buffer | string {
  return [day, region, "s3", "aws4_request"].reduce<Buffer | string>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
}

/** Tells whether a header of S3 is not signed. */
function hasUnsigned(headers: Seen["headers"], names: string): boolean {
  const signed = new Set(names.split(";"));
  return Object.keys(headers).some(
    (name) => (name.startsWith("x-amz-") || name === "host") && !signed.has(name),
  );
}

function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function sorted(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .toSorted()
    .join("&");
}

function timeOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
