/** S3 by hand: what a client costs that does nothing but sign and send. */
import { createHash, createHmac } from "node:crypto";
import { transportFor } from "./raw-transports.mjs";

const REGION = "us-east-1";
const UNSIGNED = "UNSIGNED-PAYLOAD";

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export class RawClient {
  #transport;
  #signsBodies;
  #host;
  #credentials;
  #bucket;
  #signingKey = { day: "", key: undefined };

  /**
   * @param options.transport - `"undici"` or `"http"`, for Node's own.
   * @param options.signsBodies - Bodies in memory are hashed and signed.
   */
  constructor({ endpoint, credentials, bucket }, { transport = "undici", signsBodies = false } = {}) {
    this.#transport = transportFor(transport, endpoint);
    this.#signsBodies = signsBodies;
    this.#host = new URL(endpoint).host;
    this.#credentials = credentials;
    this.#bucket = bucket;
  }

  /** @returns `{ statusCode, headers, body }`, with a body as undici has it; an answer that is no success throws. */
  async request(method, key, { query = "", body, headers = {} } = {}) {
    const path = `/${this.#bucket}${key === "" ? "" : `/${key.split("/").map(encodeURIComponent).join("/")}`}`;
    const isBytes = body === undefined || typeof body === "string" || body instanceof Uint8Array;
    const hash =
      this.#signsBodies && isBytes
        ? createHash("sha256")
            .update(body ?? "")
            .digest("hex")
        : UNSIGNED;
    const signed = this.#sign(method, path, query, headers, hash);
    const answer = await this.#transport.request({
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers: signed,
      body,
    });
    if (answer.statusCode < 300) return answer;
    throw Object.assign(new Error(await answer.body.text()), { status: answer.statusCode });
  }

  close() {
    return this.#transport.close();
  }

  #sign(method, path, query, extra, hash) {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const headers = { ...extra, host: this.#host, "x-amz-content-sha256": hash, "x-amz-date": time };
    const names = Object.keys(headers).toSorted();
    const list = names.join(";");
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
    const canonical = [method, path, canonicalQuery(query), lines, list, hash].join("\n");
    const day = time.slice(0, 8);
    const scope = `${day}/${REGION}/s3/aws4_request`;
    const digest = createHash("sha256").update(canonical).digest("hex");
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`;
    const signature = createHmac("sha256", this.#keyOf(day)).update(text).digest("hex");
    const credential = `${this.#credentials.accessKeyId}/${scope}`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${list}, Signature=${signature}`;
    return { ...headers, authorization };
  }

  #keyOf(day) {
    if (this.#signingKey.day === day) return this.#signingKey.key;
    const steps = [day, REGION, "s3", "aws4_request"];
    const first = `AWS4${this.#credentials.secretAccessKey}`;
    const key = steps.reduce((secret, step) => createHmac("sha256", secret).update(step).digest(), first);
    this.#signingKey = { day, key };
    return key;
  }
}

function canonicalQuery(query) {
  const pairs = query === "" ? [] : query.split("&").map((pair) => (pair.includes("=") ? pair : `${pair}=`));
  return pairs.toSorted().join("&");
}

export async function createBucket(place) {
  const client = new RawClient(place);
  const { body } = await client.request("PUT", "");
  await body.dump();
  await client.close();
}
