import { S3Client } from "@aws-sdk/client-s3";
import { createStorage, contentDisposition, isStorageError, type SignUploadOptions } from "@stowage/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DIALECTS, type DialectName } from "../server/dialect.js";
import { s3 } from "../s3.js";
import type { S3Options } from "../s3-options.js";

const CREDENTIALS = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
const NOW = new Date("2026-11-20T12:34:56.789Z");

function provider(options: Partial<S3Options> = {}): ReturnType<typeof s3> {
  return s3({ bucket: "videos", region: "eu-central-1", credentials: CREDENTIALS, ...options });
}

async function sign(options: SignUploadOptions, key = "a/b.mp4", of: Partial<S3Options> = {}) {
  const upload = await createStorage(provider(of)).signUpload(key, options);
  return { upload, query: Object.fromEntries(new URL(upload.url).searchParams) };
}

async function codeOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  return await Promise.resolve(promise).then(
    () => "resolved",
    (error: unknown) => (isStorageError(error) ? error.code : error),
  );
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a signed URL", () => {
  it("has the key, its life, and nothing else", async () => {
    const url = new URL(await createStorage(provider()).signedUrl("a b/é+.mp4", { expiresInSeconds: 60 }));
    expect(url.host + url.pathname).toBe("videos.s3.eu-central-1.amazonaws.com/a%20b/%C3%A9%2B.mp4");
    const { "X-Amz-Signature": signature, ...query } = Object.fromEntries(url.searchParams);
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    expect(query).toEqual({
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
      "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20261120/eu-central-1/s3/aws4_request",
      "X-Amz-Date": "20261120T123456Z",
      "X-Amz-Expires": "60",
      "X-Amz-SignedHeaders": "host",
      "x-id": "GetObject",
    });
  });

  it("lasts an hour when nobody says", async () => {
    const url = new URL(await createStorage(provider()).signedUrl("a"));
    expect(url.searchParams.get("X-Amz-Expires")).toBe("3600");
  });

  it("may have the answer say another type, name and cache", async () => {
    const options = {
      contentType: "text/plain; charset=utf-8",
      cacheControl: "private, max-age=60",
      contentDisposition: contentDisposition("attachment", 'Zoë "1"/2\r\n.txt'),
    };
    const { searchParams } = new URL(await createStorage(provider()).signedUrl("a", options));
    expect(searchParams.get("response-content-type")).toBe("text/plain; charset=utf-8");
    expect(searchParams.get("response-cache-control")).toBe("private, max-age=60");
    expect(searchParams.get("response-content-disposition")).toBe(
      `attachment; filename="Zo_ _1__2.txt"; filename*=UTF-8''Zo%C3%AB%20%221%22_2.txt`,
    );
  });

  it("is the same for as long as it is asked to be, and works to the end of its life all that time", async () => {
    const storage = createStorage(provider());
    const options = { expiresInSeconds: 600, stableForSeconds: 300 };
    const first = await storage.signedUrl("a", options);
    expect(new URL(first).searchParams.get("X-Amz-Date")).toBe("20261120T123000Z");
    expect(new URL(first).searchParams.get("X-Amz-Expires")).toBe("900");
    vi.setSystemTime(new Date("2026-11-20T12:34:59.999Z"));
    expect(await storage.signedUrl("a", options)).toBe(first);
    vi.setSystemTime(new Date("2026-11-20T12:35:00Z"));
    expect(await storage.signedUrl("a", options)).not.toBe(first);
  });

  it("is for the address that clients see", async () => {
    const endpoints = { endpoint: "http://minio:9000", publicEndpoint: "https://files.example.com" };
    const own = provider(endpoints);
    const url = await createStorage(own).signedUrl("a");
    expect(url).toMatch(/^https:\/\/files\.example\.com\/videos\/a\?/);
    expect(own.locate(url)?.key).toBe("a");
    expect(own.locate("http://minio:9000/videos/a")?.key).toBe("a");
  });

  it("may be for Amazon's accelerated addresses, and those of IPv6", async () => {
    const hosts = async (options: Partial<S3Options>): Promise<string> =>
      new URL(await createStorage(provider(options)).signedUrl("a")).host;
    expect(await hosts({ accelerate: true })).toBe("videos.s3-accelerate.amazonaws.com");
    expect(await hosts({ dualstack: true })).toBe("videos.s3.dualstack.eu-central-1.amazonaws.com");
    const both = { accelerate: true, dualstack: true };
    expect(await hosts(both)).toBe("videos.s3-accelerate.dualstack.amazonaws.com");
  });

  it.each([0, -1, 1.5, 7 * 24 * 60 * 60 + 1, Number.NaN])(
    "for %d seconds is InvalidArgument",
    async (expiresInSeconds) => {
      expect(await codeOf(provider().signedUrl?.("a", { expiresInSeconds }))).toBe("InvalidArgument");
      expect(await codeOf(createStorage(provider()).signedUrl("a", { expiresInSeconds }))).toBe(
        "InvalidArgument",
      );
    },
  );

  it("of seven days and some more to be stable is InvalidArgument", async () => {
    const options = { expiresInSeconds: 7 * 24 * 60 * 60, stableForSeconds: 1 };
    expect(await codeOf(createStorage(provider()).signedUrl("a", options))).toBe("InvalidArgument");
  });
});

describe("credentials that end", () => {
  const endingIn = (seconds: number): Partial<S3Options> => ({
    credentials: async () => ({
      ...CREDENTIALS,
      sessionToken: "token",
      expiration: new Date(NOW.getTime() + seconds * 1000),
    }),
  });

  it("end a link before its time when nobody said how long it works", async () => {
    const url = new URL(await createStorage(provider(endingIn(1800))).signedUrl("a"));
    expect(url.searchParams.get("X-Amz-Expires")).toBe("1800");
    expect(url.searchParams.get("X-Amz-Security-Token")).toBe("token");
    const { upload } = await sign({ contentLength: 1 }, "a", endingIn(600));
    expect(upload.expiresAt).toEqual(new Date("2026-11-20T12:44:56Z"));
  });

  it("make a longer life InvalidArgument", async () => {
    const link = createStorage(provider(endingIn(1800))).signedUrl("a", { expiresInSeconds: 3600 });
    await expect(link).rejects.toThrow(/the credentials expire in 1800 seconds/);
  });

  it("that have ended are Unauthenticated", async () => {
    expect(await codeOf(createStorage(provider(endingIn(-1))).signedUrl("a"))).toBe("Unauthenticated");
  });
});

describe("a signed PUT", () => {
  it("binds type, length, headers, metadata and condition, and says what to send", async () => {
    const { upload, query } = await sign({
      contentType: "video/mp4",
      contentLength: 5,
      cacheControl: "no-cache",
      contentDisposition: "inline",
      metadata: { title: "Ärger", camera: "2" },
      ifNoneMatch: "*",
    });
    expect(upload).toMatchObject({
      key: "a/b.mp4",
      method: "PUT",
      expiresAt: new Date("2026-11-20T12:49:56Z"),
      headers: {
        "cache-control": "no-cache",
        "content-disposition": "inline",
        "content-length": "5",
        "content-type": "video/mp4",
        "if-none-match": "*",
        "x-amz-meta-camera": "2",
        "x-amz-meta-stowage-metadata-0": "title=%C3%84rger",
      },
    });
    expect(query["X-Amz-SignedHeaders"]).toBe(["host", ...Object.keys(upload.headers)].toSorted().join(";"));
    expect(query["X-Amz-Expires"]).toBe("900");
  });

  it("binds the type of the key's extension when nobody says another", async () => {
    const { upload } = await sign({ contentLength: 5 });
    expect(upload.headers).toEqual({ "content-length": "5", "content-type": "video/mp4" });
  });

  it("can be of an empty object", async () => {
    expect((await sign({ contentLength: 0 })).upload.headers["content-length"]).toBe("0");
  });

  it("comes also when a bound is given: the length is exact", async () => {
    expect((await sign({ contentLength: 5, maxBytes: 10 })).upload.method).toBe("PUT");
  });
});

describe("a signed form", () => {
  it("binds type, size, headers and metadata", async () => {
    const { upload } = await sign({ maxBytes: 1000, contentType: "image/png", metadata: { camera: "2" } });
    expect(upload).toMatchObject({ key: "a/b.mp4", method: "POST", headers: {} });
    expect(upload.url).toBe("https://videos.s3.eu-central-1.amazonaws.com/");
    const { Policy = "", ...fields } = upload.fields ?? {};
    const policy = JSON.parse(Buffer.from(Policy, "base64").toString()) as {
      conditions: unknown[];
      expiration: string;
    };
    expect(policy.expiration).toBe("2026-11-20T12:49:56Z");
    expect(policy.conditions).toContainEqual(["content-length-range", 0, 1000]);
    for (const [name, value] of [
      ["Content-Type", "image/png"],
      ["x-amz-meta-camera", "2"],
      ["key", "a/b.mp4"],
      ["bucket", "videos"],
    ] as const) {
      expect(fields[name]).toBe(value);
      expect(policy.conditions).toContainEqual({ [name]: value });
    }
  });

  it.each([
    ["for a key that a server would fill in", "a/${filename}", {}, {}],
    ["with a condition", "a", { ifNoneMatch: "*" }, {}],
    ["where the server has none", "a", {}, { dialect: "r2" }],
  ] as const)("%s is Unsupported", async (_title, key, options, of) => {
    expect(await codeOf(sign({ maxBytes: 10, ...options }, key, of))).toBe("Unsupported");
  });
});

describe("an upload that cannot be signed", () => {
  it.each([
    [{}, "InvalidArgument"],
    [{ contentLength: -1 }, "InvalidArgument"],
    [{ maxBytes: 0 }, "InvalidArgument"],
    [{ contentLength: 11, maxBytes: 10 }, "InvalidArgument"],
    [{ contentLength: 1, contentType: "text" }, "InvalidArgument"],
    [{ contentLength: 1, expiresInSeconds: 0 }, "InvalidArgument"],
    [{ contentLength: 1, metadata: { "a b": "c" } }, "InvalidArgument"],
    [{ contentLength: 5 * 1024 ** 3 + 1 }, "TooLarge"],
    [{ maxBytes: 5 * 1024 ** 3 + 1 }, "TooLarge"],
  ])("%j is %s", async (options, code) => {
    expect(await codeOf(sign(options))).toBe(code);
  });

  it("with a condition that the server would ignore is Unsupported", async () => {
    expect(await codeOf(sign({ contentLength: 1, ifNoneMatch: "*" }, "a", { dialect: "swift" }))).toBe(
      "Unsupported",
    );
  });
});

describe("whatever is signed", () => {
  const CASES = (Object.keys(DIALECTS) as DialectName[]).flatMap((dialect) => [
    [dialect, "a provider's own client", {}] as const,
    [
      dialect,
      "an application's client",
      { client: new S3Client({ region: "eu-central-1", credentials: CREDENTIALS }) },
    ] as const,
  ]);

  it.each(CASES)(
    "for %s by %s binds type and length, and no checksum of an empty body",
    async (dialect, _title, of) => {
      const options = { dialect, endpoint: "https://s3.example.com", ...of };
      const storage = createStorage(provider(options));
      const { upload, query } = await sign({ contentLength: 5, contentType: "image/png" }, "a", options);
      expect(query["X-Amz-SignedHeaders"]).toBe("content-length;content-type;host");
      expect(upload.headers).toEqual({ "content-length": "5", "content-type": "image/png" });
      const part = await storage.multipart?.signPart("a", { uploadId: "u", partNumber: 1 });
      const urls = [upload.url, part?.url, await storage.signedUrl("a")];
      for (const url of urls) expect(url).not.toMatch(/checksum|AAAAAA/i);
      const form = sign({ maxBytes: 5, contentType: "image/png" }, "a", options);
      if (!DIALECTS[dialect].postPolicy) expect(await codeOf(form)).toBe("Unsupported");
      else expect((await form).upload.fields?.["Content-Type"]).toBe("image/png");
    },
  );
});

describe("a part for a client", () => {
  it("binds the upload, the number and the length", async () => {
    const { multipart } = createStorage(provider());
    const upload = { uploadId: "u/1", partNumber: 10_000 };
    const part = await multipart?.signPart("a", upload, { contentLength: 7, expiresInSeconds: 60 });
    const query = Object.fromEntries(new URL(part?.url ?? "").searchParams);
    expect(query).toMatchObject({
      partNumber: "10000",
      uploadId: "u/1",
      "X-Amz-Expires": "60",
      "X-Amz-SignedHeaders": "content-length;host",
    });
    expect(part).toMatchObject({ key: "a", method: "PUT", headers: { "content-length": "7" } });
  });

  it.each([0, 10_001, 1.5, -1])("numbered %d is InvalidArgument", async (partNumber) => {
    const part = createStorage(provider()).multipart?.signPart("a", { uploadId: "u", partNumber });
    expect(await codeOf(part)).toBe("InvalidArgument");
    const own = provider().multipart?.signPart("a", { uploadId: "u", partNumber }, {});
    expect(await codeOf(own)).toBe("InvalidArgument");
  });
});
