// What the application asks of S3, on a mocked client.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutBucketLifecycleConfigurationCommand,
  GetBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { mockClient } from "aws-sdk-client-mock";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EnvironmentStorage } from "stowage";
import { openStorage, prepareBucket } from "./app.js";

const ENV = {
  AWS_S3_BUCKET_NAME: "my-videos",
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "a-secret",
};
/** Private is what S3 makes of every object, so no ACL is sent: a bucket whose ACLs are off would refuse one. */
const PRIVATE = { Bucket: "my-videos", ServerSideEncryption: "AES256" };
/** The server has to say that it has encrypted an object. Otherwise the upload is refused. */
const ENCRYPTED = { ServerSideEncryption: "AES256" } as const;
const PART_BYTES = 8 * 1024 * 1024;

const mock = mockClient(S3Client);
let storage: EnvironmentStorage;

beforeEach(async () => {
  mock.reset();
  storage = await openStorage(ENV);
});

afterEach(async () => await storage.close());

/** A video whose length nobody knows before it has arrived. */
function video(parts: number, fails = false): Readable {
  function* pieces(): Generator<Buffer> {
    for (let part = 0; part < parts; part++) yield Buffer.alloc(PART_BYTES, part);
    if (fails) throw new Error("the camera was switched off");
  }
  return Readable.from(pieces(), { objectMode: false });
}

describe("what S3 is asked", () => {
  it("a small video is one PUT, private and encrypted", async () => {
    mock.on(PutObjectCommand).resolves({ ...ENCRYPTED, ETag: '"1"' });
    await storage.put("videos/1", Buffer.from("film"), { contentType: "video/mp4" });
    const [call] = mock.commandCalls(PutObjectCommand);
    expect(call?.args[0].input).toMatchObject({ ...PRIVATE, Key: "videos/1", ContentType: "video/mp4" });
  });

  it("a large video goes in parts, with progress", async () => {
    mock.on(CreateMultipartUploadCommand).resolves({ ...ENCRYPTED, UploadId: "u" });
    mock.on(UploadPartCommand).resolves({ ETag: '"part"' });
    mock.on(CompleteMultipartUploadCommand).resolves({ ...ENCRYPTED, ETag: '"whole"' });
    const loaded: number[] = [];
    const onProgress = (progress: { readonly loaded: number }): void => void loaded.push(progress.loaded);
    const { size } = await storage.put("videos/2", video(3), { onProgress });
    expect(size).toBe(3 * PART_BYTES);
    expect(loaded.at(-1)).toBe(3 * PART_BYTES);
    expect(mock.commandCalls(CreateMultipartUploadCommand)[0]?.args[0].input).toMatchObject(PRIVATE);
    expect(mock.commandCalls(UploadPartCommand).length).toBeGreaterThan(1);
    expect(mock.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(1);
  });

  it("a large video that breaks off is aborted, and is no object", async () => {
    mock.on(CreateMultipartUploadCommand).resolves({ ...ENCRYPTED, UploadId: "u" });
    mock.on(UploadPartCommand).resolves({ ETag: '"part"' });
    mock.on(AbortMultipartUploadCommand).resolves({});
    await expect(storage.put("videos/3", video(3, true))).rejects.toMatchObject({ code: "SourceError" });
    expect(mock.commandCalls(AbortMultipartUploadCommand)[0]?.args[0].input).toMatchObject({ UploadId: "u" });
    expect(mock.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(0);
  });

  it("the bucket is prepared: previews expire, and so do uploads that nobody goes on with", async () => {
    mock.on(GetBucketLifecycleConfigurationCommand).resolves({ Rules: [] });
    mock.on(PutBucketLifecycleConfigurationCommand).resolves({});
    await prepareBucket(storage);
    const [call] = mock.commandCalls(PutBucketLifecycleConfigurationCommand);
    expect(call?.args[0].input.LifecycleConfiguration?.Rules).toMatchObject([
      { Filter: { Prefix: "previews/" }, Expiration: { Days: 30 } },
      { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ]);
  });
});
