import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { memory } from "@stowage/core";
import { utimesSync } from "node:fs";
import { appendFile, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { MIB, mocked, refusal, takeUploads, type Mocked } from "../mocked.test-support.js";
import type { ResumableState } from "./resumable-state.js";
import { abortResumableUpload, resumableUpload } from "./resumable-upload.js";

let path: string;
let target: Mocked;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "stowage-resumable-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  path = join(folder, "film.mp4");
  await writeFile(path, Buffer.alloc(12 * MIB, 7));
  target = mocked({ dialect: "generic" });
});

/** Begins an upload that is broken off by its second part. */
async function begun(): Promise<ResumableState> {
  takeUploads(target.mock);
  target.mock.on(UploadPartCommand, { PartNumber: 2 }).rejects(refusal("AccessDenied", 403));
  let state: ResumableState | undefined;
  const onState = (given: ResumableState): void => void (state = given);
  await expect(resumableUpload(target.provider, "a", { path, onState })).rejects.toMatchObject({
    code: "PermissionDenied",
  });
  if (state === undefined) throw new Error("No state was given");
  target.mock.resetHistory();
  takeUploads(target.mock);
  return JSON.parse(JSON.stringify(state)) as ResumableState;
}

/** In their order, whichever was first. */
function partNumbers(): number[] {
  const calls = target.mock.commandCalls(UploadPartCommand);
  return calls.map(({ args }) => args[0].input.PartNumber ?? 0).sort((a, b) => a - b);
}

describe("a resumable upload", () => {
  it("tells its state before the first part is sent, and waits until it is kept", async () => {
    const { parts } = takeUploads(target.mock);
    let sentBefore: number | undefined;
    await resumableUpload(target.provider, "a", {
      path,
      onState: async (state) => {
        await new Promise((resolve) => setImmediate(resolve));
        sentBefore = parts.size;
        expect(state).toMatchObject({ version: 1, bucket: "videos", key: "a", uploadId: "U1" });
      },
    });
    expect(sentBefore).toBe(0);
    expect(Object.fromEntries(parts)).toEqual({ 1: 5 * MIB, 2: 5 * MIB, 3: 2 * MIB });
  });

  it("goes on when its state cannot be kept", async () => {
    const { parts } = takeUploads(target.mock);
    const onState = (): Promise<void> => Promise.reject(new Error("disk full"));
    await resumableUpload(target.provider, "a", { path, onState });
    expect(Object.fromEntries(parts)).toEqual({ 1: 5 * MIB, 2: 5 * MIB, 3: 2 * MIB });
  });

  it("leaves nothing when it fails and its state could not be kept", async () => {
    const { left } = takeUploads(target.mock);
    target.mock.on(UploadPartCommand, { PartNumber: 2 }).rejects(refusal("AccessDenied", 403));
    const onState = (): never => {
      throw new Error("disk full");
    };
    const upload = resumableUpload(target.provider, "a", { path, onState });
    await expect(upload).rejects.toMatchObject({ code: "PermissionDenied" });
    expect([...left]).toEqual([]);
  });

  it("leaves nothing when it fails and nobody was given its state", async () => {
    const { left } = takeUploads(target.mock);
    target.mock.on(UploadPartCommand, { PartNumber: 2 }).rejects(refusal("AccessDenied", 403));
    await expect(resumableUpload(target.provider, "a", { path })).rejects.toMatchObject({
      code: "PermissionDenied",
    });
    expect([...left]).toEqual([]);
  });

  it("sends a file that fits into one part in one request, without a state", async () => {
    await writeFile(path, "small");
    target.mock.on(PutObjectCommand).resolves({ ETag: '"e"' });
    const onState = (): void => expect.unreachable();
    const info = await resumableUpload(target.provider, "a", { path, onState });
    expect(info).toMatchObject({ key: "a", size: 5, etag: '"e"' });
  });

  it("stays on the server when it is broken off", async () => {
    await begun();
    expect(target.mock.commandCalls(AbortMultipartUploadCommand)).toHaveLength(0);
  });

  it("keeps to the corner of its provider", async () => {
    takeUploads(target.mock);
    const corner = mocked({ keyPrefix: "tenants/7/" });
    takeUploads(corner.mock);
    const info = await resumableUpload(corner.provider, "a", { path });
    expect(info.key).toBe("a");
    const [create] = corner.mock.commandCalls(CreateMultipartUploadCommand);
    expect(create?.args[0].input.Key).toBe("tenants/7/a");
  });
});

describe("a resumable upload that goes on", () => {
  it("sends what has not arrived, and what has arrived in part", async () => {
    const state = await begun();
    target.mock.on(ListPartsCommand).resolves({
      Parts: [
        { PartNumber: 1, Size: 5 * MIB, ETag: '"arrived"' },
        { PartNumber: 2, Size: 17, ETag: '"cut"' },
      ],
      IsTruncated: false,
      // Ceph gives one with its last page.
      NextPartNumberMarker: "2",
    });
    const loaded: number[] = [];
    const onProgress = (progress: { loaded: number }): void => void loaded.push(progress.loaded);
    const info = await resumableUpload(target.provider, "a", { path, state, onProgress });
    expect(partNumbers()).toEqual([2, 3]);
    expect(target.mock.commandCalls(CreateMultipartUploadCommand)).toHaveLength(0);
    const [complete] = target.mock.commandCalls(CompleteMultipartUploadCommand);
    expect(complete?.args[0].input.MultipartUpload?.Parts?.map(({ ETag }) => ETag)).toEqual([
      '"arrived"',
      expect.stringContaining("2"),
      expect.stringContaining("3"),
    ]);
    expect(info.size).toBe(12 * MIB);
    expect(loaded[0]).toBeGreaterThan(5 * MIB);
    expect(loaded.at(-1)).toBe(12 * MIB);
  });

  it("reads all pages of what has arrived", async () => {
    const state = await begun();
    const part = { Size: 5 * MIB, ETag: '"e"' };
    target.mock
      .on(ListPartsCommand)
      .resolves({ Parts: [{ ...part, PartNumber: 2 }], IsTruncated: false })
      .on(ListPartsCommand, { PartNumberMarker: undefined })
      .resolvesOnce({ Parts: [{ ...part, PartNumber: 1 }], IsTruncated: true, NextPartNumberMarker: "1" });
    await resumableUpload(target.provider, "a", { path, state });
    expect(partNumbers()).toEqual([3]);
  });

  it.each(["NoSuchUpload", "NoSuchKey"])(
    "recognises its own object when the upload is gone (%s)",
    async (code) => {
      const state = await begun();
      target.mock.on(ListPartsCommand).rejects(refusal(code, 404));
      target.mock.on(HeadObjectCommand).resolves({
        ETag: '"whole"',
        ContentLength: 12 * MIB,
        Metadata: { "stowage-write-id": state.writeId },
      });
      const info = await resumableUpload(target.provider, "a", { path, state });
      expect(info).toMatchObject({ key: "a", etag: '"whole"', size: 12 * MIB });
      expect(partNumbers()).toEqual([]);
    },
  );

  it("begins anew when the upload is gone, and another object is there", async () => {
    const state = await begun();
    target.mock.on(ListPartsCommand).rejects(refusal("NoSuchUpload", 404));
    target.mock.on(HeadObjectCommand).resolves({ ETag: '"x"', ContentLength: 1, Metadata: {} });
    let again: ResumableState | undefined;
    const onState = (given: ResumableState): void => void (again = given);
    await resumableUpload(target.provider, "a", { path, state, onState });
    expect(partNumbers()).toEqual([1, 2, 3]);
    expect(again?.writeId).not.toBe(state.writeId);
  });

  it("does not begin anew when the server cannot say", async () => {
    const state = await begun();
    target.mock.on(ListPartsCommand).rejects(refusal("NoSuchBucket", 404));
    await expect(resumableUpload(target.provider, "a", { path, state })).rejects.toMatchObject({
      code: "Misconfigured",
    });
    expect(partNumbers()).toEqual([]);
  });

  it.each([
    ["longer", () => appendFile(path, "x"), "has 12582913 now"],
    ["written again", () => utimes(path, 1, 1), "was changed after the upload began"],
  ])("is a SourceError when the file is %s", async (_, change, words) => {
    const state = await begun();
    await change();
    const going = resumableUpload(target.provider, "a", { path, state });
    await expect(going).rejects.toMatchObject({ code: "SourceError" });
    await expect(going).rejects.toThrow(words);
    expect(target.mock.commandCalls(ListPartsCommand)).toHaveLength(0);
  });

  it("is a SourceError when the file changes on the way, and nothing stays", async () => {
    const { left } = takeUploads(target.mock);
    const onProgress = (): void => utimesSync(path, 1, 1);
    const going = resumableUpload(target.provider, "a", {
      path,
      onProgress,
      onState: () => utimes(path, 2, 2),
    });
    await expect(going).rejects.toMatchObject({ code: "SourceError" });
    expect([...left]).toEqual([]);
    expect(target.mock.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(0);
  });
});

describe("what a resumable upload is given", () => {
  it.each([
    ["a state that is none", { state: { uploadId: "U1" } as ResumableState }, TypeError],
    ["no path", { path: undefined as unknown as string }, TypeError],
  ])("is a TypeError: %s", async (_, options, type) => {
    await expect(resumableUpload(target.provider, "a", { path, ...options })).rejects.toBeInstanceOf(type);
  });

  it("is a TypeError for a provider of another kind", async () => {
    await expect(resumableUpload(memory(), "a", { path })).rejects.toThrow(
      "resumableUpload needs the provider that s3() returned",
    );
  });

  it("is InvalidArgument for the state of another key", async () => {
    const state = await begun();
    await expect(resumableUpload(target.provider, "b", { path, state })).rejects.toMatchObject({
      code: "InvalidArgument",
      message: 'Cannot put "b": the state belongs to "a" in the bucket "videos"',
    });
  });

  it("is InvalidKey for a key that breaks the rules, and SourceError for a file that is not there", async () => {
    await expect(resumableUpload(target.provider, "a//b", { path })).rejects.toMatchObject({
      code: "InvalidKey",
    });
    const missing = resumableUpload(target.provider, "a", { path: `${path}.no` });
    await expect(missing).rejects.toMatchObject({ code: "SourceError" });
  });

  it("is given up with its parts", async () => {
    const state = await begun();
    await abortResumableUpload(target.provider, state);
    const [abort] = target.mock.commandCalls(AbortMultipartUploadCommand);
    expect(abort?.args[0].input).toMatchObject({ Key: "a", UploadId: "U1" });
  });
});
