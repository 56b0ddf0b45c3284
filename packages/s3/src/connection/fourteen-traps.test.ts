// Fourteen things that clients of S3 without the SDK lose. Both wires keep all of them.
import { createStorage, isStorageError, type FileStorage } from "@stowage/core";
import { crc32 } from "node:zlib";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { s3 } from "../s3.js";
import type { S3Options } from "../s3-options.js";
import { smallServer, type Seen, type SmallServer } from "../small-server.test-support.js";
import { refusalOf } from "./verified.test-support.js";

const KEYS = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface World {
  readonly server: SmallServer;
  readonly storage: FileStorage;
  readonly objects: Map<string, Buffer>;
}

interface Rules {
  readonly options?: Partial<S3Options>;
  /** The server's time. */
  readonly now?: () => number;
  readonly secrets?: () => typeof KEYS & { readonly sessionToken?: string };
  /** Answers instead of the server. Returns true if it has answered. */
  readonly instead?: (seen: Seen) => boolean;
}

describe.each(["own", "sdk"] as const)("the wire %s", (wire) => {
  /** A server that checks every signature, and misbehaves as a test says. */
  async function world({
    options = {},
    now = Date.now,
    secrets = () => KEYS,
    instead = () => false,
  }: Rules = {}): Promise<World> {
    const objects = new Map<string, Buffer>();
    const server = await smallServer((seen) => {
      seen.response.setHeader("date", new Date(now()).toUTCString());
      const refusal = refusalOf(seen, secrets(), now());
      if (refusal !== undefined) return seen.fail(403, refusal);
      if (!instead(seen)) answer(seen, objects);
    });
    const provider = s3({
      ...server.options,
      credentials: KEYS,
      dialect: "aws",
      unsignedPayload: true,
      ...options,
      wire,
    });
    const storage = createStorage(provider, { retry: { attempts: 4, baseMs: 1, rateLimitedBaseMs: 1 } });
    closers.push(
      () => storage.close(),
      async () => await server[Symbol.asyncDispose](),
    );
    return { server, storage, objects };
  }

  it("1. sends and signs the token of temporary credentials", async () => {
    const temporary = { ...KEYS, sessionToken: "token/with+odd=characters" };
    const { storage } = await world({ options: { credentials: temporary }, secrets: () => temporary });
    await storage.put("a", "abc");
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("2. renews credentials that end", async () => {
    let round = 0;
    const current = (): typeof KEYS & { sessionToken: string } => ({ ...KEYS, sessionToken: `t${round}` });
    const credentials = async (): Promise<object> => {
      round++;
      return { ...current(), expiration: new Date(Date.now() + 60_000) };
    };
    const { storage } = await world({ options: { credentials: credentials as never }, secrets: current });
    await storage.put("a", "abc");
    await storage.put("a", "abc");
    expect(round).toBeGreaterThan(1);
  });

  it("3. signs every key right, and every key arrives as it is", async () => {
    const { storage, objects } = await world();
    const keys = [
      "a b",
      "a+b",
      "a%2Fb",
      "a&b=c",
      "ä/ß/中",
      "😀",
      "a'(b)*!",
      "x%",
      "tab%20",
      "0012",
      "a:b@c;d,e",
      "~",
      "a#b?c",
      '"',
    ];
    for (const key of keys) await storage.put(key, key);
    expect([...objects.keys()]).toEqual(keys);
    for (const key of keys) expect(await (await storage.get(key)).text()).toBe(key);
  });

  it("4. corrects a clock that is an hour off", async () => {
    const { storage } = await world({ now: () => Date.now() + HOUR_MS });
    await storage.put("a", "abc");
    expect((await storage.head("a")).size).toBe(3);
  });

  it("5. tries again after 503 SlowDown", async () => {
    let left = 2;
    const { storage } = await world({
      instead: ({ fail }) => left > 0 && (left--, fail(503, "SlowDown"), true),
    });
    await storage.put("a", "abc");
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("6. reads again when the connection was cut before the answer", async () => {
    let left = 2;
    const { storage } = await world({
      instead: ({ method, response }) => method === "GET" && left > 0 && (left--, response.destroy(), true),
    });
    await storage.put("a", "abc");
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("7. names the region of a bucket that is elsewhere", async () => {
    const { storage } = await world({
      instead: ({ send }) => (
        send(301, { "x-amz-bucket-region": "eu-west-1" }, "<Error><Code>PermanentRedirect</Code></Error>"),
        true
      ),
    });
    const error = await failed(storage.put("a", "abc"));
    expect(error).toMatchObject({
      code: "Misconfigured",
      message: expect.stringContaining("eu-west-1") as string,
    });
  });

  it.each([
    ["8. completion", (storage: FileStorage) => storage.put("a", Buffer.alloc(6 * MIB)), "uploadId"],
    ["9. copy", (storage: FileStorage) => storage.copy("a", "b"), "copy"],
  ])("%s: an error inside a success is an error", async (_title, call, marker) => {
    const { storage } = await world({
      instead: ({ method, query, headers, send }) => {
        const isMeant =
          marker === "copy"
            ? headers["x-amz-copy-source"] !== undefined
            : method === "POST" && query.has("uploadId");
        if (isMeant) send(200, {}, "\n<Error><Code>InternalError</Code></Error>");
        return isMeant;
      },
    });
    await storage.put("a", "abc");
    expect(await failed(call(storage))).toMatchObject({ code: "Unavailable" });
  });

  it("10. fails when a body is cut off half way, and cannot be continued", async () => {
    const { storage } = await world({
      instead: ({ method, response }) => {
        if (method !== "GET") return false;
        response.writeHead(200, { etag: '"e"', "content-length": "1000" });
        response.write(Buffer.alloc(500), () => void response.destroy());
        return true;
      },
    });
    expect(await failed(storage.get("a"))).toMatchObject({ code: "Unavailable" });
  });

  it("11. fails when a body does not have its stored checksum", async () => {
    const asked: unknown[] = [];
    const { storage } = await world({
      options: { objects: { checksum: "crc32" } },
      instead: ({ method, headers, send }) => {
        if (method === "GET") asked.push(headers["x-amz-checksum-mode"]);
        if (method === "GET")
          send(200, { etag: '"e"', "content-length": "3", "x-amz-checksum-crc32": crc32Of("abc") }, "abd");
        return method === "GET";
      },
    });
    expect(await failed(storage.get("a"))).toMatchObject({ code: "Integrity" });
    expect(new Set(asked)).toEqual(new Set(["ENABLED"]));
  });

  it("12. gives listed keys back as they are", async () => {
    const keys = ["0012", "1e3", "true", "a&b", "a b", "trail ", "é", "x<y>", "0x10", "null"];
    const contents = keys.map(
      (key) => `<Contents><Key>${encodeURIComponent(key)}</Key><Size>1</Size></Contents>`,
    );
    const { storage } = await world({
      instead: ({ method, query, send }) => {
        const isListing = method === "GET" && query.has("list-type");
        const body = `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`;
        if (isListing) send(200, {}, body);
        return isListing;
      },
    });
    const found: string[] = [];
    for await (const { key } of storage.list()) found.push(key);
    expect(found).toEqual(keys);
  });

  it("13. stores a stream of unknown length", async () => {
    const { storage, objects } = await world();
    const bytes = Buffer.from(Array.from({ length: 12 * MIB }, (_, index) => index % 251));
    await storage.put(
      "a",
      Readable.from([bytes.subarray(0, 7 * MIB), bytes.subarray(7 * MIB)], { objectMode: false }),
    );
    expect(objects.get("a")?.equals(bytes)).toBe(true);
  });

  it("14. frees the request of an aborted call at once", async () => {
    const controller = new AbortController();
    let isClosed: (() => void) | undefined;
    const closed = new Promise<void>((resolve) => (isClosed = resolve));
    const { storage } = await world({
      instead: ({ response }) => {
        response.once("close", () => isClosed?.());
        controller.abort("stop");
        return true;
      },
    });
    expect(await failed(storage.head("a", { signal: controller.signal }))).toBe("stop");
    await closed;
  });
});

async function failed(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    () => "the call succeeded",
    (error: unknown) => error,
  );
  expect(isStorageError(outcome) || outcome === "stop").toBe(true);
  return outcome;
}

function crc32Of(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString("base64");
}

const parts = new Map<number, Buffer>();

/** A server that keeps objects, and one upload in parts. */
function answer(seen: Seen, objects: Map<string, Buffer>): void {
  const { method, key, query, headers, body, send, fail } = seen;
  if (method === "POST" && query.has("uploads")) {
    parts.clear();
    return send(
      200,
      {},
      "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>",
    );
  }
  if (method === "PUT" && query.has("partNumber")) {
    parts.set(Number(query.get("partNumber")), body);
    return send(200, { etag: `"${query.get("partNumber")}"` });
  }
  if (method === "POST" && query.has("uploadId")) {
    const all = [...parts].toSorted(([a], [b]) => a - b).map(([, part]) => part);
    objects.set(key, Buffer.concat(all));
    return send(200, {}, '<CompleteMultipartUploadResult><ETag>"w-2"</ETag></CompleteMultipartUploadResult>');
  }
  if (method === "PUT" && headers["x-amz-copy-source"] === undefined) objects.set(key, body);
  if (method === "PUT") return send(200, { etag: '"e"' });
  if (method === "DELETE") return send(204);
  const found = objects.get(key);
  if (found === undefined) return fail(404, "NoSuchKey");
  send(200, { etag: '"e"', "content-length": String(found.byteLength) }, method === "HEAD" ? "" : found);
}
