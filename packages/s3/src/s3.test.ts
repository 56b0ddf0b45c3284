import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { ERROR_CODES, createStorage, type StorageError, type StorageErrorCode } from "@stowage/core";
import { toBody, type ListOptions } from "@stowage/core/provider";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { broken, mocked, refusal, takeUploads } from "./mocked.test-support.js";
import { s3 } from "./s3.js";
import type { S3Options } from "./s3-options.js";

async function failed(call: Promise<unknown>): Promise<StorageError> {
  return await call.then(
    () => expect.unreachable("the call succeeded"),
    (error: unknown) => error as StorageError,
  );
}

describe("an error of the server", () => {
  const CASES: readonly (readonly [StorageErrorCode, Error, applied: string])[] = [
    ["NotFound", refusal("NoSuchKey", 404), "no"],
    ["Misconfigured", refusal("NoSuchBucket", 404), "no"],
    ["Misconfigured", refusal("PermanentRedirect", 301, { "x-amz-bucket-region": "eu-west-1" }), "no"],
    ["Misconfigured", refusal("AuthorizationHeaderMalformed", 400), "no"],
    ["PermissionDenied", refusal("AccessDenied", 403), "no"],
    ["PermissionDenied", refusal("Unknown", 403), "no"],
    ["Unauthenticated", refusal("InvalidAccessKeyId", 403), "no"],
    ["Unauthenticated", refusal("SignatureDoesNotMatch", 403), "no"],
    ["Unauthenticated", refusal("ExpiredToken", 400), "no"],
    ["RateLimited", refusal("SlowDown", 503), "no"],
    ["RateLimited", refusal("Unknown", 429), "no"],
    ["Unavailable", refusal("InternalError", 500), "unknown"],
    ["Unavailable", refusal("ServiceUnavailable", 503), "unknown"],
    ["Unavailable", broken("ECONNRESET"), "unknown"],
    ["Unavailable", broken("ECONNREFUSED"), "no"],
    ["Unavailable", broken("ENOTFOUND"), "no"],
    ["TooLarge", refusal("EntityTooLarge", 400), "no"],
    ["OutOfSpace", refusal("QuotaExceeded", 403), "no"],
    ["Integrity", refusal("BadDigest", 400), "no"],
    ["Unsupported", refusal("NotImplemented", 501), "no"],
    ["Unsupported", refusal("KeyTooLongError", 400), "no"],
    ["Unknown", refusal("SomethingNew", 418), "no"],
  ];

  it.each(CASES)("is %s for a put: %s", async (code, error, applied) => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejects(error);
    const shown = await failed(provider.put("a", await toBody("x"), {}));
    expect(shown).toMatchObject({ code, applied, provider: "s3", operation: "put", key: "a" });
    expect(shown.retryable).toBe(ERROR_CODES[code].retryable);
  });

  it.each(CASES)("is %s for a get, which changes nothing: %s", async (code, error) => {
    const { mock, provider } = mocked();
    mock.on(GetObjectCommand).rejects(error);
    expect(await failed(provider.get("a", {}))).toMatchObject({ code, applied: "no" });
  });

  it("names the permission that is missing", async () => {
    const { mock, provider } = mocked();
    mock.on(DeleteObjectCommand).rejects(refusal("AccessDenied", 403));
    expect((await failed(provider.delete("a", {}))).message).toBe(
      'Cannot delete "a": access was denied; the credentials need s3:DeleteObject in the bucket "videos"',
    );
  });

  it("names the region of a bucket that is elsewhere", async () => {
    const { mock, provider } = mocked();
    mock
      .on(GetObjectCommand)
      .rejects(refusal("PermanentRedirect", 301, { "x-amz-bucket-region": "eu-west-1" }));
    expect((await failed(provider.get("a", {}))).message).toContain('the bucket is in "eu-west-1"');
  });

  it("carries the server's own wish to wait", async () => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejects(refusal("SlowDown", 503, { "retry-after": "7" }));
    expect(await failed(provider.put("a", await toBody("x"), {}))).toMatchObject({
      retryAfterMs: 7000,
      requestId: "R1",
      status: 503,
    });
  });

  it("is Archived for an object that must be restored first", async () => {
    const { mock, provider } = mocked();
    mock.on(GetObjectCommand).rejects(refusal("InvalidObjectState", 403));
    expect(await failed(provider.get("a", {}))).toMatchObject({ code: "Archived" });
  });

  it("about the clock is asked again once", async () => {
    const { mock, provider } = mocked();
    mock
      .on(HeadObjectCommand)
      .rejectsOnce(refusal("RequestTimeTooSkewed", 403))
      .resolves({ ETag: '"e"', ContentLength: 1 });
    expect((await provider.head("a", {})).etag).toBe('"e"');
  });
});

describe("what the SDK finds missing", () => {
  it.each([
    ["Misconfigured", "Region is missing", /AWS_REGION/],
    ["Unauthenticated", "Resolved credential object is not valid", /AWS_ACCESS_KEY_ID/],
  ])("is %s, and says what to set", async (code, message, cure) => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejects(new Error(message));
    const shown = await failed(provider.put("a", await toBody("x"), {}));
    expect(shown).toMatchObject({ code, applied: "no", retryable: false });
    expect(shown.message).toMatch(cure);
  });
});

describe("a success that makes no sense", () => {
  it("is Unavailable: something else answers at the endpoint", async () => {
    const { mock, provider } = mocked();
    mock
      .on(GetObjectCommand)
      .resolves({ $metadata: { httpStatusCode: 200 }, Body: Readable.from("<html>") as never });
    mock.on(HeadObjectCommand).resolves({ $metadata: { httpStatusCode: 200 } });
    mock.on(ListObjectsV2Command).resolves({ $metadata: { httpStatusCode: 200 } });
    mock.on(PutObjectCommand).resolves({ $metadata: { httpStatusCode: 200 } });
    mock.on(DeleteObjectCommand).resolves({ $metadata: { httpStatusCode: 200 } });
    expect(await failed(provider.delete("a", {}))).toMatchObject({ code: "Unavailable" });
    expect(await failed(provider.head("a", {}))).toMatchObject({ code: "Unavailable" });
    expect(await failed(provider.get("a", {}))).toMatchObject({ code: "Unavailable" });
    expect(await failed(provider.list({}))).toMatchObject({ code: "Unavailable" });
    expect(await failed(provider.put("a", await toBody("x"), {}))).toMatchObject({
      code: "Unavailable",
      applied: "unknown",
    });
  });
});

describe("a HEAD that says too little", () => {
  it("is Misconfigured when it is the bucket that is missing", async () => {
    const { mock, provider } = mocked();
    mock.on(HeadObjectCommand).rejects(refusal("NotFound", 404));
    mock.on(ListObjectsV2Command).rejects(refusal("NoSuchBucket", 404));
    expect(await failed(provider.head("a", {}))).toMatchObject({ code: "Misconfigured" });
  });

  it("is Unauthenticated when it is the secret that is wrong", async () => {
    const { mock, provider } = mocked();
    mock.on(HeadObjectCommand).rejects(refusal("Unknown", 403));
    mock.on(ListObjectsV2Command).rejects(refusal("SignatureDoesNotMatch", 403));
    expect(await failed(provider.head("a", {}))).toMatchObject({ code: "Unauthenticated" });
  });

  it("is NotFound when the bucket is there, which is asked once a minute", async () => {
    const { mock, provider } = mocked();
    mock.on(HeadObjectCommand).rejects(refusal("NotFound", 404));
    mock.on(ListObjectsV2Command).resolves({ IsTruncated: false });
    for (let round = 0; round < 3; round++) {
      expect(await failed(provider.head("a", {}))).toMatchObject({ code: "NotFound" });
    }
    expect(mock.commandCalls(ListObjectsV2Command)).toHaveLength(1);
  });

  it("is NotFound when the credentials may not list", async () => {
    const { mock, provider } = mocked();
    mock.on(HeadObjectCommand).rejects(refusal("NotFound", 404));
    mock.on(ListObjectsV2Command).rejects(refusal("AccessDenied", 403));
    expect(await failed(provider.head("a", {}))).toMatchObject({ code: "NotFound" });
  });
});

describe("deleteMany", () => {
  it("takes 2,500 keys by three requests, and tells the failure of each key", async () => {
    const { mock, provider } = mocked();
    mock.on(DeleteObjectsCommand).callsFake(({ Delete }: { Delete: { Objects: { Key: string }[] } }) => ({
      Deleted: Delete.Objects.filter(({ Key }) => !Key.endsWith("7")),
      Errors: Delete.Objects.filter(({ Key }) => Key.endsWith("7")).map(({ Key }) => ({
        Key,
        Code: "AccessDenied",
      })),
    }));
    const keys = Array.from({ length: 2500 }, (_, index) => `k${index}`);
    const failures = (await provider.deleteMany?.(keys, {})) ?? [];
    expect(
      mock.commandCalls(DeleteObjectsCommand).map(({ args }) => args[0].input.Delete?.Objects?.length),
    ).toEqual([1000, 1000, 500]);
    expect(failures.map(({ key }) => key)).toEqual(keys.filter((key) => key.endsWith("7")));
    expect(failures[0]?.error).toMatchObject({ code: "PermissionDenied", key: "k7" });
  });

  it("fails for keys that the answer does not name", async () => {
    const { mock, provider } = mocked();
    mock.on(DeleteObjectsCommand).resolves({ Deleted: [{ Key: "a" }], $metadata: { httpStatusCode: 200 } });
    expect(await provider.deleteMany?.(["a", "b"], {})).toMatchObject([
      { key: "b", error: { code: "Unavailable", applied: "unknown" } },
    ]);
  });

  it("counts a key that was missing as gone", async () => {
    const { mock, provider } = mocked();
    mock.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: "a", Code: "NoSuchKey" }] });
    expect(await provider.deleteMany?.(["a"], {})).toEqual([]);
  });
});

describe("a listing", () => {
  it("decodes what servers encode, each in its way", async () => {
    const { mock, provider } = mocked();
    mock.on(ListObjectsV2Command).resolves({
      IsTruncated: false,
      EncodingType: "url",
      Contents: [{ Key: "a+b%2Bc%20d%C3%A9", Size: 1, ETag: '"e"' }],
      CommonPrefixes: [{ Prefix: "x+y/" }],
    });
    const { objects, prefixes } = await provider.list({ delimiter: "/" });
    expect([objects[0]?.key, prefixes]).toEqual(["a b+c dé", ["x y/"]]);
  });

  it("reports keys of others that break the rules for keys, and lists the rest", async () => {
    const { mock, provider } = mocked();
    mock.on(ListObjectsV2Command).resolves({
      IsTruncated: false,
      EncodingType: "url",
      Contents: ["a", "folder/", "x//y", "b%0Ac", "../d"].map((Key) => ({ Key, Size: 0, ETag: '"e"' })),
      CommonPrefixes: [{ Prefix: "p/" }, { Prefix: "q//" }],
    });
    const { objects, prefixes, skipped } = await provider.list({});
    expect(objects.map(({ key }) => key)).toEqual(["a"]);
    expect(prefixes).toEqual(["p/"]);
    expect(skipped).toEqual([
      { key: "folder/", reason: 'the key ends with "/"' },
      { key: "x//y", reason: 'the key contains "//"' },
      { key: "b\nc", reason: "the key contains the character U+000A" },
      { key: "../d", reason: "a segment of the key contains only dots or spaces" },
      { key: "q//", reason: 'the key ends with "/"' },
    ]);
  });
});

describe("a copy", () => {
  it("of more than 5 GiB goes in parts, with the facts of its source but its write id", async () => {
    const { mock, provider } = mocked();
    takeUploads(mock);
    const size = 6 * 1024 ** 3;
    const Metadata = { title: "x", "stowage-write-id": "W-1" };
    mock
      .on(HeadObjectCommand)
      .resolves({ ETag: '"source"', ContentLength: size, ContentType: "video/mp4", Metadata });
    mock.on(UploadPartCopyCommand).resolves({ CopyPartResult: { ETag: '"part"' } });
    mock.on(GetObjectTaggingCommand).resolves({ TagSet: [{ Key: "a", Value: "b" }] });
    mock.on(PutObjectTaggingCommand).resolves({});
    expect(await provider.copy?.("a b+%.mp4", "b.mp4", {})).toMatchObject({ size, contentType: "video/mp4" });
    const parts = mock.commandCalls(UploadPartCopyCommand).map(({ args }) => args[0].input);
    expect(parts).toHaveLength(24);
    expect(parts[1]).toMatchObject({
      CopySource: "videos/a%20b%2B%25.mp4",
      CopySourceIfMatch: '"source"',
      CopySourceRange: `bytes=${256 * 1024 ** 2}-${512 * 1024 ** 2 - 1}`,
    });
    expect(mock.commandCalls(CreateMultipartUploadCommand)[0]?.args[0].input).toMatchObject({
      ContentType: "video/mp4",
      Metadata: { title: "x" },
    });
    expect(mock.commandCalls(CopyObjectCommand)).toHaveLength(0);
    const [tagging] = mock.commandCalls(PutObjectTaggingCommand);
    expect(tagging?.args[0].input).toMatchObject({
      Key: "b.mp4",
      Tagging: { TagSet: [{ Key: "a", Value: "b" }] },
    });
  });
});

describe("what must not be read by a key that may list", () => {
  it.each([
    ["is not there", [], "NotFound"],
    ["is not there, but others with its name before theirs", [{ Key: "a.txt" }], "NotFound"],
    ["is there", [{ Key: "a" }], "PermissionDenied"],
  ] as const)("%s", async (_title, Contents, code) => {
    const { mock, provider } = mocked();
    mock.on(GetObjectCommand).rejects(refusal("AccessDenied", 403));
    mock.on(HeadObjectCommand).rejects(refusal("Unknown", 403));
    mock.on(ListObjectsV2Command).resolves({ Contents: [...Contents], IsTruncated: false });
    expect(await failed(provider.get("a", {}))).toMatchObject({ code, operation: "get" });
    expect(await failed(provider.head("a", {}))).toMatchObject({ code, operation: "head" });
  });
});

describe("through a storage", () => {
  it("a put whose server was busy is tried again", async () => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejectsOnce(refusal("SlowDown", 503)).resolves({ ETag: '"e"' });
    const storage = createStorage(provider, { retry: { rateLimitedBaseMs: 1 } });
    expect((await storage.put("a", "x")).ref).toBe("s3://videos/a");
    await storage.close();
  });
});

describe("options", () => {
  it.each([
    [{ bucket: "" }, "bucket"],
    [{ bucket: "b", endpoint: "s3.example.com" }, "endpoint"],
    [{ bucket: "b", dialect: "azure" }, "dialect"],
    [{ bucket: "b", partSizeBytes: 1024 }, "partSizeBytes"],
    [{ bucket: "b", concurrency: 0 }, "concurrency"],
  ])("that are wrong are a TypeError that names the option: %j", (options, name) => {
    expect(() => s3(options as S3Options)).toThrow(new RegExp(`^s3: ${name} `));
  });

  it.each([
    ["https://x.r2.cloudflarestorage.com", "r2"],
    ["https://s3.us-west-004.backblazeb2.com", "b2"],
    ["https://fra1.digitaloceanspaces.com", "spaces"],
    ["https://s3.wasabisys.com", "wasabi"],
    ["https://storage.googleapis.com", "gcs"],
    ["https://s3.eu-west-1.amazonaws.com", "aws"],
    ["http://127.0.0.1:9000", "generic"],
    [undefined, "aws"],
  ])("without a dialect take the one of the endpoint %s", (endpoint, dialect) => {
    expect(s3({ bucket: "b", endpoint }).describe?.().limits?.[0]).toContain(`"${dialect}"`);
  });
});

describe("a listing that begins behind a key", () => {
  const inputOf = async (options: ListOptions): Promise<unknown> => {
    const { mock, provider } = mocked();
    mock.on(ListObjectsV2Command).resolves({ IsTruncated: false });
    await provider.list(options);
    return mock.commandCalls(ListObjectsV2Command)[0]?.args[0].input;
  };

  it("asks the server so, and has no token", async () => {
    expect(await inputOf({ after: "a/1" })).toMatchObject({
      StartAfter: "a/1",
      ContinuationToken: undefined,
    });
  });

  it("begins behind everything that a common prefix rolls up", async () => {
    const options = { after: "a/", delimiter: "/" } as const;
    expect(await inputOf(options)).toMatchObject({
      StartAfter: "a/\u{10FFFF}",
      ContinuationToken: undefined,
    });
  });

  it("does not show the common prefix of the key that it begins behind", async () => {
    const { mock, provider } = mocked();
    mock
      .on(ListObjectsV2Command)
      .resolves({ CommonPrefixes: [{ Prefix: "a/" }, { Prefix: "b/" }], IsTruncated: false });
    expect((await provider.list({ after: "a/1", delimiter: "/" })).prefixes).toEqual(["b/"]);
  });
});
