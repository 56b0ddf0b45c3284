import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { createStorage, memory, type StorageProvider } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { copyBetween } from "./copy-between.js";
import { bodyOf, mocked, refusal, type Mocked } from "./mocked.test-support.js";
import { toBody } from "@stowage/core/provider";

const FACTS = { ETag: '"e"', ContentLength: 3, ContentType: "text/x", Metadata: { a: "b" } };

/** Two buckets of one account; the mock answers for both. */
function buckets(): Mocked & { readonly from: StorageProvider; readonly to: StorageProvider } {
  const from = mocked({ bucket: "from", keyPrefix: "p/" });
  const to = mocked({ bucket: "to" });
  to.mock.on(HeadObjectCommand).resolves(FACTS);
  to.mock.on(GetObjectCommand).callsFake(() => ({ ...FACTS, Body: bodyOf("abc") }));
  to.mock.on(PutObjectCommand).resolves({ ETag: '"put"' });
  to.mock.on(CopyObjectCommand).resolves({ CopyObjectResult: { ETag: '"copied"' } });
  return { ...to, from: from.provider, to: to.provider };
}

describe("a copy between two buckets", () => {
  it("is made by the server, with what the object says of itself", async () => {
    const { mock, from, to } = buckets();
    const info = await copyBetween({ provider: from, key: "a b" }, { provider: to, key: "c" });
    expect(info).toMatchObject({ key: "c", etag: '"copied"', contentType: "text/x", ref: "s3://to/c" });
    const [call] = mock.commandCalls(CopyObjectCommand);
    expect(call?.args[0].input).toMatchObject({
      Bucket: "to",
      Key: "c",
      CopySource: "from/p/a%20b",
      Metadata: { a: "b" },
    });
    expect(mock.commandCalls(GetObjectCommand)).toHaveLength(0);
  });

  it.each([
    ["may not", "AccessDenied", 403],
    ["is in another region", "PermanentRedirect", 301],
  ])("passes through this process when the server %s", async (_, code, status) => {
    const { mock, from, to } = buckets();
    mock.on(CopyObjectCommand).rejects(refusal(code, status));
    const info = await copyBetween({ provider: from, key: "a" }, { provider: to, key: "c" });
    expect(info).toMatchObject({ key: "c", etag: '"put"' });
    const [call] = mock.commandCalls(PutObjectCommand);
    expect(call?.args[0].input).toMatchObject({ Bucket: "to", ContentType: "text/x", Metadata: { a: "b" } });
  });

  it("is refused with a condition that the server is not known to keep, and nothing is sent", async () => {
    const where = { endpoint: "http://minio.example.com:9000" } as const;
    const { mock, provider } = mocked({ ...where, bucket: "to" });
    const from = mocked({ ...where, bucket: "from" }).provider;
    const copied = copyBetween({ provider: from, key: "a" }, { provider, key: "c" }, { ifNoneMatch: "*" });
    await expect(copied).rejects.toMatchObject({ code: "Unsupported", applied: "no" });
    expect(mock.calls()).toHaveLength(0);
  });

  it("says what is missing", async () => {
    const { mock, from, to } = buckets();
    mock.on(HeadObjectCommand).rejects(refusal("NotFound", 404));
    mock.on(ListObjectsV2Command).resolves({ IsTruncated: false });
    const copied = copyBetween({ provider: from, key: "a" }, { provider: to, key: "c" });
    await expect(copied).rejects.toMatchObject({ code: "NotFound" });
  });
});

describe("a copy between two kinds of providers", () => {
  it("passes through this process", async () => {
    const { mock, to } = buckets();
    const provider = memory();
    await createStorage(provider).put("a", "abc", { metadata: { c: "d" } });
    await copyBetween({ provider, key: "a" }, { provider: to, key: "c" });
    const [call] = mock.commandCalls(PutObjectCommand);
    expect(call?.args[0].input).toMatchObject({ Key: "c", Metadata: { c: "d" } });
  });

  it("keeps a condition", async () => {
    const { mock, to } = buckets();
    mock.on(PutObjectCommand).rejects(refusal("PreconditionFailed", 412));
    const provider = memory();
    await createStorage(provider).put("a", "abc");
    const copied = copyBetween({ provider, key: "a" }, { provider: to, key: "c" }, { ifNoneMatch: "*" });
    await expect(copied).rejects.toMatchObject({ code: "AlreadyExists" });
  });
});

describe("a copy into a store with limits of its own", () => {
  it.each([
    ["an empty object", "", { emptyObject: false }, "Unsupported"],
    ["an object that is too large", "abcd", { objectBytesMax: 3 }, "TooLarge"],
  ])("does not send %s", async (_, text, supports, code) => {
    const from = memory();
    await from.put("a", await toBody(text), {});
    const target = memory();
    const to = { ...target, supports: { ...target.supports, ...supports } };
    const copied = copyBetween({ provider: from, key: "a" }, { provider: to, key: "b" });
    await expect(copied).rejects.toMatchObject({ code });
    expect((await target.list({})).objects).toEqual([]);
  });
});
