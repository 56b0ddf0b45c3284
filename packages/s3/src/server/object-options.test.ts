import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { createStorage, isStorageError, type StorageEvent } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MIB, bodyOf, mocked, refusal, takeUploads } from "../mocked.test-support.js";
import type { ObjectOptions } from "./object-options.js";
import { withObjectOptions } from "../s3.js";
import { iamPolicy } from "../setup/iam-policy.js";
import type { S3Options } from "../s3-options.js";
import { objectTags, setObjectTags } from "../upload/tags.js";

const KEY = new Uint8Array(32).fill(7);
const KEY_TEXT = Buffer.from(KEY).toString("base64");
const KMS = {
  encryption: { type: "aws:kms", keyId: "alias/videos", context: { app: "tv" }, bucketKey: true },
} as const;
const CUSTOMER = { encryption: { type: "customer", key: KEY } } as const;
const CUSTOMER_INPUT = { SSECustomerAlgorithm: "AES256", SSECustomerKey: KEY_TEXT };

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => "resolved",
    (error: unknown) => (isStorageError(error) ? error.code : error),
  );
}

/** What a put of a small object asks the SDK for. */
async function putInput(objects: ObjectOptions, options: Partial<S3Options> = {}): Promise<object> {
  const { mock, provider } = mocked({ objects, ...options });
  const encryption = objects.encryption?.type;
  const says =
    encryption === "customer" ? { SSECustomerAlgorithm: "AES256" } : { ServerSideEncryption: encryption };
  mock.on(PutObjectCommand).resolves({ ETag: '"e"', ...says });
  await provider.put("a", await toBody("abc"), {});
  return mock.commandCalls(PutObjectCommand)[0]?.args[0].input ?? {};
}

describe("an object is stored", () => {
  it.each([
    [{ encryption: { type: "AES256" } }, { ServerSideEncryption: "AES256" }],
    [
      KMS,
      {
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: "alias/videos",
        SSEKMSEncryptionContext: Buffer.from('{"app":"tv"}').toString("base64"),
        BucketKeyEnabled: true,
      },
    ],
    [CUSTOMER, CUSTOMER_INPUT],
    [{ storageClass: "GLACIER_IR" }, { StorageClass: "GLACIER_IR" }],
    [{ tags: { "a b": "c&d" } }, { Tagging: "a%20b=c%26d" }],
    [{ acl: "public-read" }, { ACL: "public-read" }],
    [{ contentEncoding: "gzip" }, { ContentEncoding: "gzip" }],
    [
      { lock: { mode: "COMPLIANCE", retainUntil: new Date(0), legalHold: true } },
      {
        ObjectLockMode: "COMPLIANCE",
        ObjectLockRetainUntilDate: new Date(0),
        ObjectLockLegalHoldStatus: "ON",
      },
    ],
    [{}, { ChecksumCRC32: "NSRBwg==", ChecksumAlgorithm: "CRC32" }],
    [{ checksum: "crc32c" }, { ChecksumCRC32C: "Nks/tw==", ChecksumAlgorithm: "CRC32C" }],
    [
      { checksum: "sha256" },
      {
        ChecksumSHA256: createHash("sha256").update("abc").digest("base64"),
        ChecksumAlgorithm: "SHA256",
      },
    ],
  ] as const)("as %j says", async (objects, expected) => {
    expect(await putInput(objects as ObjectOptions)).toMatchObject(expected);
  });

  it("with Content-MD5 where the server has no checksums, if one was asked for", async () => {
    const md5 = createHash("md5").update("abc").digest("base64");
    expect(await putInput({ checksum: "sha256" }, { dialect: "r2" })).toMatchObject({ ContentMD5: md5 });
    expect(await putInput({}, { dialect: "r2" })).not.toHaveProperty("ContentMD5");
  });

  it("in parts, each with what it needs", async () => {
    const { mock, provider } = mocked({ objects: { ...CUSTOMER, checksum: "crc32c", tags: { a: "b" } } });
    takeUploads(mock);
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: "U1", SSECustomerAlgorithm: "AES256" });
    await provider.put("a", await toBody(Buffer.alloc(6 * MIB)), {});
    expect(mock.commandCalls(CreateMultipartUploadCommand)[0]?.args[0].input).toMatchObject({
      ...CUSTOMER_INPUT,
      ChecksumAlgorithm: "CRC32C",
      Tagging: "a=b",
    });
    expect(mock.commandCalls(UploadPartCommand)[0]?.args[0].input).toMatchObject({
      ...CUSTOMER_INPUT,
      ChecksumAlgorithm: "CRC32C",
    });
    const { MultipartUpload } = mock.commandCalls(CompleteMultipartUploadCommand)[0]?.args[0].input ?? {};
    expect(Object.keys(MultipartUpload?.Parts?.[0] ?? {}).toSorted()).toEqual([
      "ChecksumCRC32C",
      "ETag",
      "PartNumber",
    ]);
    expect(mock.commandCalls(PutObjectTaggingCommand)).toHaveLength(0);
  });

  it("in parts, and tagged again where a server loses the tags of an upload", async () => {
    const { mock, provider } = mocked({ dialect: "ceph", objects: { tags: { a: "b" } } });
    takeUploads(mock);
    mock.on(PutObjectTaggingCommand).resolves({});
    await provider.put("a", await toBody(Buffer.alloc(6 * MIB)), {});
    const [tagging] = mock.commandCalls(PutObjectTaggingCommand);
    expect(tagging?.args[0].input.Tagging).toEqual({ TagSet: [{ Key: "a", Value: "b" }] });
  });

  it("otherwise by another view of the same bucket", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/", objects: { tags: { a: "b" } } });
    mock.on(PutObjectCommand).resolves({ ETag: '"e"' });
    const archive = withObjectOptions(provider, { storageClass: "GLACIER_IR" });
    const info = await archive.put("a", await toBody("abc"), {});
    expect(info).toMatchObject({ key: "a", ref: "s3://videos/p/a" });
    expect(mock.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
      Key: "p/a",
      StorageClass: "GLACIER_IR",
      Tagging: "a=b",
    });
  });
});

describe("a key of one's own", () => {
  it("goes with every request that reads or copies", async () => {
    const { mock, provider } = mocked({ objects: CUSTOMER });
    mock.on(HeadObjectCommand).resolves({ ETag: '"e"', ContentLength: 3 });
    mock.on(GetObjectCommand).callsFake(() => ({ ETag: '"e"', ContentLength: 3, Body: bodyOf("abc") }));
    mock
      .on(CopyObjectCommand)
      .resolves({ CopyObjectResult: { ETag: '"e"' }, SSECustomerAlgorithm: "AES256" });
    await provider.get("a", {});
    await provider.copy?.("a", "b", {});
    expect(mock.commandCalls(GetObjectCommand)[0]?.args[0].input).toMatchObject(CUSTOMER_INPUT);
    expect(mock.commandCalls(HeadObjectCommand)[0]?.args[0].input).toMatchObject(CUSTOMER_INPUT);
    expect(mock.commandCalls(CopyObjectCommand)[0]?.args[0].input).toMatchObject({
      ...CUSTOMER_INPUT,
      CopySourceSSECustomerKey: KEY_TEXT,
    });
  });

  it("goes into no link", async () => {
    const storage = createStorage(mocked({ objects: CUSTOMER }).provider);
    expect(await codeOf(storage.signedUrl("a"))).toBe("Unsupported");
    expect(await codeOf(storage.signUpload("a", { contentLength: 1 }))).toBe("Unsupported");
    expect(await codeOf(storage.multipart?.create("a") ?? Promise.resolve())).toBe("Unsupported");
  });
});

describe("a server that ignores encryption is noticed", () => {
  const AES = { encryption: { type: "AES256" } } as const;

  it("when the object is there, which goes again", async () => {
    const { mock, provider } = mocked({ objects: AES });
    mock.on(PutObjectCommand).resolves({ ETag: '"e"', VersionId: "v1" });
    mock.on(DeleteObjectCommand).resolves({});
    const put = provider.put("a", await toBody("abc"), {});
    await expect(put).rejects.toThrow(/the server ignores encryption of the type "AES256"/);
    expect(mock.commandCalls(DeleteObjectCommand)[0]?.args[0].input).toMatchObject({ VersionId: "v1" });
  });

  it("before a byte moves, when nothing is known about the server", async () => {
    const { mock, provider } = mocked({ dialect: "generic", objects: AES });
    const uploads = takeUploads(mock);
    expect(await codeOf(provider.put("a", await toBody("abc"), {}))).toBe("Unsupported");
    expect(mock.commandCalls(PutObjectCommand)).toHaveLength(0);
    expect(uploads.left.size).toBe(0);
  });

  it("before a part is sent", async () => {
    const { mock, provider } = mocked({ objects: AES });
    const uploads = takeUploads(mock);
    expect(await codeOf(provider.put("a", await toBody(Buffer.alloc(6 * MIB)), {}))).toBe("Unsupported");
    expect(uploads.parts.size).toBe(0);
    expect(uploads.left.size).toBe(0);
  });

  it("before an upload is signed, or an object is replaced by a copy", async () => {
    const { mock, provider } = mocked({ dialect: "generic", objects: AES });
    const uploads = takeUploads(mock);
    const storage = createStorage(provider);
    expect(await codeOf(storage.signUpload("a", { contentLength: 1 }))).toBe("Unsupported");
    expect(await codeOf(storage.copy("b", "a"))).toBe("Unsupported");
    expect(mock.commandCalls(CopyObjectCommand)).toHaveLength(0);
    expect(uploads.left.size).toBe(0);
  });

  it("and said when what it stored cannot be removed", async () => {
    const { mock, provider } = mocked({ objects: AES });
    mock.on(PutObjectCommand).resolves({ ETag: '"e"' });
    mock.on(DeleteObjectCommand).rejects(refusal("AccessDenied", 403));
    const put = provider.put("a", await toBody("abc"), {});
    await expect(put).rejects.toMatchObject({ code: "Unsupported", applied: "yes" });
  });

  it("once, and not when it encrypts", async () => {
    const { mock, provider } = mocked({ dialect: "generic", objects: AES });
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: "U1", ServerSideEncryption: "AES256" });
    mock.on(AbortMultipartUploadCommand).resolves({});
    mock.on(PutObjectCommand).resolves({ ETag: '"e"', ServerSideEncryption: "AES256" });
    await provider.put("a", await toBody("abc"), {});
    await provider.put("a", await toBody("abc"), {});
    expect(mock.commandCalls(CreateMultipartUploadCommand)).toHaveLength(1);
    expect(mock.commandCalls(PutObjectCommand)).toHaveLength(2);
  });
});

describe("a class of storage that an unknown server ignores", () => {
  it("is reported once", async () => {
    const { mock, provider } = mocked({ dialect: "generic", objects: { storageClass: "STANDARD_IA" } });
    mock.on(PutObjectCommand).resolves({ ETag: '"e"' });
    mock.on(HeadObjectCommand).resolves({ ETag: '"e"', ContentLength: 1 });
    const events: StorageEvent[] = [];
    const storage = createStorage(provider, { onEvent: (event) => void events.push(event) });
    await storage.put("a", "abc");
    await storage.put("a", "abc");
    expect(events.filter(({ type }) => type === "ignored")).toEqual([
      { type: "ignored", operation: "put", provider: "s3", key: "a", option: "storageClass" },
    ]);
  });
});

describe("what is read", () => {
  const crc = (value: string): object => ({
    ETag: '"e"',
    ContentLength: 3,
    ChecksumCRC32: value,
    Body: bodyOf("abc"),
  });

  it("is compared with its checksum, when one was asked for", async () => {
    const { mock, provider } = mocked({ objects: { checksum: "crc32" } });
    mock
      .on(GetObjectCommand)
      .callsFakeOnce(() => crc("NSRBwg=="))
      .callsFake(() => crc("AAAAAA=="));
    const { info } = await provider.get("a", {});
    expect(info.checksum).toEqual({ algorithm: "crc32", value: "352441c2" });
    expect(await codeOf(provider.get("a", {}))).toBe("Integrity");
  });

  it("is compared also when it is a stream", async () => {
    const { mock, provider } = mocked({ objects: { checksum: "crc32" } });
    const text = "x".repeat(100_000);
    const answer = { ETag: '"e"', ContentLength: text.length, ChecksumCRC32: "AAAAAA==" };
    mock.on(GetObjectCommand).callsFake(() => ({ ...answer, Body: bodyOf(text) }));
    const stored = await createStorage(provider).get("a");
    expect(await codeOf(stored.bytes())).toBe("Integrity");
  });

  it("is not compared with a checksum of checksums of parts", async () => {
    const { mock, provider } = mocked({ objects: { checksum: "crc32" } });
    mock.on(GetObjectCommand).callsFake(() => crc("AAAAAA==-2"));
    const { info } = await provider.get("a", {});
    expect(info.checksum).toBeUndefined();
  });
});

describe("tags", () => {
  it("are read and replaced", async () => {
    const { mock, provider } = mocked({ keyPrefix: "p/" });
    mock.on(GetObjectTaggingCommand).resolves({ TagSet: [{ Key: "a", Value: "b" }] });
    mock.on(PutObjectTaggingCommand).resolves({});
    expect(await objectTags(provider, "k")).toEqual({ a: "b" });
    await setObjectTags(provider, "k", { c: "d" });
    expect(mock.commandCalls(PutObjectTaggingCommand)[0]?.args[0].input).toMatchObject({
      Key: "p/k",
      Tagging: { TagSet: [{ Key: "c", Value: "d" }] },
    });
  });

  it("are Unsupported where a server would take them for the object", async () => {
    const { provider } = mocked({ dialect: "generic" });
    expect(await codeOf(objectTags(provider, "k"))).toBe("Unsupported");
    expect(await codeOf(setObjectTags(provider, "k", {}))).toBe("Unsupported");
  });
});

describe("a signed upload", () => {
  it("says and binds what objects are stored with", async () => {
    const objects = { ...KMS, storageClass: "STANDARD_IA", tags: { a: "b" }, acl: "public-read" } as const;
    const storage = createStorage(mocked({ objects }).provider);
    const { url, headers } = await storage.signUpload("a.png", { contentLength: 3 });
    expect(headers).toEqual({
      "content-length": "3",
      "content-type": "image/png",
      "x-amz-acl": "public-read",
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "alias/videos",
      "x-amz-server-side-encryption-bucket-key-enabled": "true",
      "x-amz-server-side-encryption-context": Buffer.from('{"app":"tv"}').toString("base64"),
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-tagging": "a=b",
    });
    expect(new URL(url).searchParams.get("X-Amz-SignedHeaders")).toBe(
      ["host", ...Object.keys(headers)].toSorted().join(";"),
    );
    const form = await storage.signUpload("a.png", { maxBytes: 3 });
    expect(form.fields).toMatchObject({
      acl: "public-read",
      tagging: "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
      "x-amz-storage-class": "STANDARD_IA",
      "x-amz-server-side-encryption": "aws:kms",
    });
  });
});

describe("a public URL", () => {
  it.each([
    [{}, "https://videos.s3.us-east-1.amazonaws.com/a%20b"],
    [{ endpoint: "https://s3.example.com", dialect: "ceph" }, "https://s3.example.com/videos/a%20b"],
    [
      { endpoint: "https://s3.example.com", dialect: "ceph", forcePathStyle: false },
      "https://videos.s3.example.com/a%20b",
    ],
    [{ publicBaseUrl: "https://cdn.example.com" }, "https://cdn.example.com/a%20b"],
  ] as const)("of a bucket whose objects are public-read: %j", (options, url) => {
    const { provider } = mocked({ objects: { acl: "public-read" }, ...options });
    expect(createStorage(provider).publicUrl("a b")).toBe(url);
    expect(provider.locate(url)?.key).toBe("a b");
  });

  it("of a private bucket is Unsupported, and says what to do", () => {
    const storage = createStorage(mocked().provider);
    expect(() => storage.publicUrl("a")).toThrow(/public base URL, or use signedUrl/);
  });
});

describe("an access list that the bucket does not take", () => {
  it("is Misconfigured, and says what to do", async () => {
    const { mock, provider } = mocked({ objects: { acl: "public-read" } });
    mock.on(PutObjectCommand).rejects(refusal("AccessControlListNotSupported", 400));
    const put = provider.put("a", await toBody("abc"), {});
    await expect(put).rejects.toMatchObject({
      code: "Misconfigured",
      message: expect.stringMatching(/remove acl/),
    });
  });
});

describe("options that are wrong", () => {
  it.each([
    [{ encryption: { type: "rot13" } }, {}, "encryption.type"],
    [{ encryption: { type: "customer", key: new Uint8Array(31) } }, {}, "32 bytes"],
    [
      { encryption: { type: "AES256" } },
      { dialect: "ceph" },
      'does not support encryption of the type "AES256"',
    ],
    [{ storageClass: "GLACIER" }, { dialect: "r2" }, "does not support storage class"],
    [{ acl: "public-read" }, { dialect: "r2" }, "does not support access lists"],
    [{ tags: {} }, { dialect: "generic" }, "does not support tags"],
    [{ tags: { "aws:x": "y" } }, {}, 'the tag "aws:x"'],
    [
      { tags: Object.fromEntries(Array.from({ length: 11 }, (_none, index) => [index, ""])) },
      {},
      "at most 10 entries",
    ],
    [{ checksum: "crc64" }, {}, "checksum"],
    [{ contentEncoding: "a\nb" }, {}, "contentEncoding"],
    [{ lock: { mode: "GOVERNANCE" } }, {}, "retainUntil"],
    [{ lock: { mode: "X", retainUntil: new Date() } }, {}, "lock.mode"],
    [{ lock: { mode: "GOVERNANCE", retainUntil: new Date("x") } }, {}, "a valid Date"],
    [{ lock: { legalHold: true } }, { dialect: "generic" }, "does not support object lock"],
    [{ storageClass: "GLACIR" }, {}, "storageClass"],
    [{ encryption: { type: "aws:kms", keyID: "k" } }, {}, 'no option "keyID"; did you mean "keyId"?'],
    [{ encryption: { type: "AES256", keyId: "k" } }, {}, 'no option "keyId"'],
    [{ encryption: { type: "aws:kms", keyId: 5 } }, {}, "encryption.keyId"],
    [{ encryption: { type: "aws:kms", bucketKey: "yes" } }, {}, "encryption.bucketKey"],
    [{ encryption: null }, {}, "encryption must be an object"],
    [{ tags: "a=b" }, {}, "tags must be an object"],
    [{ lock: { legalHold: "no" } }, {}, "lock.legalHold"],
    [{ lock: { mode: "GOVERNANCE", retainUntil: "2030-01-01" } }, {}, "a valid Date"],
    [{ acl: "publik" }, {}, "acl"],
  ])("are a TypeError: %j %j", (objects, options, words) => {
    expect(() => mocked({ objects: objects as ObjectOptions, ...(options as object) })).toThrow(words);
  });
});

describe("withObjectOptions", () => {
  it("keeps what is given as undefined", async () => {
    const { mock, provider } = mocked({ objects: { encryption: { type: "aws:kms", keyId: "k" } } });
    mock.on(PutObjectCommand).resolves({ ETag: '"e"', ServerSideEncryption: "aws:kms", SSEKMSKeyId: "k" });
    const archive = withObjectOptions(provider, { storageClass: "GLACIER_IR", encryption: undefined });
    await archive.put("a", await toBody("abc"), {});
    expect(mock.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
      StorageClass: "GLACIER_IR",
      SSEKMSKeyId: "k",
    });
  });
});

describe("private, where objects are that anyhow", () => {
  it("is neither sent nor signed, and no permission is needed for it", async () => {
    expect(await putInput({ acl: "private" })).not.toHaveProperty("ACL");
    const { provider } = mocked({ objects: { acl: "private" } });
    const storage = createStorage(
      withObjectOptions(mocked({ objects: { acl: "public-read" } }).provider, { acl: "private" }),
    );
    for (const made of [createStorage(provider), storage]) {
      const put = await made.signUpload("a", { contentType: "text/plain", contentLength: 3 });
      expect(Object.keys(put.headers)).not.toContain("x-amz-acl");
      const form = await made.signUpload("a", { contentType: "text/plain", maxBytes: 3 });
      expect(form.fields).not.toHaveProperty("acl");
    }
    expect(JSON.stringify(iamPolicy(provider, ["put"]))).not.toContain("PutObjectAcl");
  });

  it("is sent to a server that may have another default", async () => {
    expect(await putInput({ acl: "private" }, { dialect: "generic" })).toMatchObject({ ACL: "private" });
  });
});
