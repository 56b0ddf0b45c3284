import { SignatureV4 } from "@smithy/signature-v4";
import { createHash, createHmac, type BinaryLike } from "node:crypto";
import { encodePath, encodeQuery } from "./encode.js";
import { createRandom, type Random } from "./random.test-support.js";
import { createSigner, sha256, UNSIGNED_PAYLOAD, type Keys } from "./sign.js";

/** Node's hashes, in the form that the SDK's signer takes. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: BinaryLike) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }

  update(bytes: BinaryLike): void {
    this.#hash.update(bytes);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

const PLAIN: readonly string[] = Array.from("abcXYZ019-_ .");
const HEADERS = [
  "range",
  "if-match",
  "content-type",
  "content-length",
  "cache-control",
  "x-amz-meta-one",
  "x-amz-meta-two",
  "x-amz-acl",
  "user-agent",
  "expect",
] as const;
const PARAMETERS = ["list-type", "prefix", "uploadId", "partNumber", "delete", "max-keys"] as const;

interface Request {
  readonly method: string;
  readonly key: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly payloadHash: string;
}

function randomRequest(random: Random): Request {
  const query: Record<string, string> = {};
  for (let left = random.below(4); left > 0; left--) query[random.pick(PARAMETERS)] = random.text(12);
  const headers: Record<string, string> = {
    host: random.pick(["b.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000"]),
  };
  for (let left = random.below(6); left > 0; left--) headers[random.pick(HEADERS)] = random.text(20, PLAIN);
  return {
    method: random.pick(["GET", "HEAD", "PUT", "POST", "DELETE"]),
    key: random.text(24).replace(/^\/+/, ""),
    query,
    headers,
    payloadHash: random.pick([UNSIGNED_PAYLOAD, sha256(random.text(10))]),
  };
}

/**
 * Signs random requests by this package and by the SDK's signer.
 *
 * @returns The first request whose headers differ, or `undefined`.
 */
export async function firstDifference(count: number, seed: number): Promise<object | undefined> {
  const random = createRandom(seed);
  for (let number = 0; number < count; number++) {
    const request = randomRequest(random);
    const region = random.pick(["us-east-1", "eu-west-1", "auto"]);
    const keys: Keys = {
      accessKeyId: `AKIA${random.text(8, PLAIN).trim()}`,
      secretAccessKey: `s${random.text(30)}`,
      ...(random.below(2) === 0 && { sessionToken: `t${random.text(40, PLAIN).trim()}` }),
    };
    const time = new Date(1_700_000_000_000 + random.below(1e9) * 1000);
    const path = `/${encodePath(request.key)}`;
    const own = { ...request.headers };
    const query = encodeQuery(Object.entries(request.query));
    const { method, payloadHash } = request;
    createSigner(region)({ method, path, query, headers: own, payloadHash }, keys, time.getTime());
    const signer = new SignatureV4({
      service: "s3",
      region,
      credentials: keys,
      sha256: Sha256 as never,
      uriEscapePath: false,
      applyChecksum: true,
    });
    const plain = {
      method,
      path,
      query: request.query,
      protocol: "https:",
      hostname: "localhost",
      headers: { ...request.headers, "x-amz-content-sha256": payloadHash },
    };
    const theirs = (await signer.sign(plain as never, { signingDate: time })) as unknown as Pick<
      Request,
      "headers"
    >;
    for (const [name, value] of Object.entries(theirs.headers)) {
      if (own[name] !== value) return { request, name, value, own: own[name] };
    }
  }
  return undefined;
}
