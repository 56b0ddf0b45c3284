/** S3 by hand on undici: what a client costs that does nothing but sign and send. */
import { createHash, createHmac } from "node:crypto";
import { Pool } from "undici";

const REGION = "us-east-1";
const UNSIGNED = "UNSIGNED-PAYLOAD";

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export class RawClient {
  #pool;
  #host;
  #credentials;
  #bucket;
  #signingKey = { day: "", key: undefined };

  constructor({ endpoint, credentials, bucket }) {
    this.#pool = new Pool(endpoint, { connections: 64, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    this.#host = new URL(endpoint).host;
    this.#credentials = credentials;
    this.#bucket = bucket;
  }

  /** @returns undici's answer; one that is no success throws. */
  async request(method, key, { query = "", body, headers = {} } = {}) {
    const path = `/${this.#bucket}${key === "" ? "" : `/${key.split("/").map(encodeURIComponent).join("/")}`}`;
    const signed = this.#sign(method, path, query, headers);
    const answer = await this.#pool.request({
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers: signed,
      body,
      // Else undici closes the connection after every HEAD.
      reset: false,
    });
    if (answer.statusCode < 300) return answer;
    throw Object.assign(new Error(await answer.body.text()), { status: answer.statusCode });
  }

  close() {
    return this.#pool.close();
  }

  #sign(method, path, query, extra) {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const headers = { ...extra, host: this.#host, "x-amz-content-sha256": UNSIGNED, "x-amz-date": time };
    const names = Object.keys(headers).toSorted();
    const list = names.join(";");
    const lines = names.map((name) => `${name}:${headers[name]}\n`).join("");
    const canonical = [method, path, canonicalQuery(query), lines, list, UNSIGNED].join("\n");
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
