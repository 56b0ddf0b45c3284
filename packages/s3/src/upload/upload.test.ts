import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { fromFile, isStorageError, type BodyInput, type ObjectInfo } from "@stowage/core";
import { toBody, type PutOptions } from "@stowage/core/provider";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readlink, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { MIB, broken, mocked, refusal, takeUploads, type Mocked } from "../mocked.test-support.js";

async function put(
  { provider }: Mocked,
  input: BodyInput,
  options: PutOptions & { readonly size?: number } = {},
): Promise<ObjectInfo> {
  return await provider.put("a.bin", await toBody(input, { size: options.size }), options);
}

async function* chunks(
  count: number,
  then?: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(MIB, index);
  await then?.();
}

async function pathOf(bytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-s3-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "file");
  await writeFile(path, Buffer.alloc(bytes, 7));
  return path;
}

const SOURCES: readonly (readonly [string, () => BodyInput | Promise<BodyInput>])[] = [
  ["a stream of unknown length", () => chunks(12)],
  ["bytes", () => Buffer.alloc(12 * MIB)],
  ["a file", async () => fromFile(await pathOf(12 * MIB))],
  ["a Blob", () => new Blob([Buffer.alloc(12 * MIB)])],
];

const UPLOADERS = ["pooled", "lib-storage"] as const;

const WAYS = SOURCES.flatMap(([name, source]) =>
  UPLOADERS.map((uploader) => [name, uploader, source] as const),
);

describe.each(WAYS)("a large body that is %s, sent by %s", (_, uploader, source) => {
  it("goes in parts of one size, whatever the order of their answers", async () => {
    const target = mocked({ uploader });
    const { parts, left } = takeUploads(target.mock);
    target.mock.on(UploadPartCommand).callsFake(async ({ PartNumber, Body }) => {
      // The first is the slowest.
      for (let turn = 0; turn < 4 - PartNumber; turn++) await new Promise((resolve) => setImmediate(resolve));
      parts.set(PartNumber, Body.byteLength);
      return { ETag: `"etag ${PartNumber}"` };
    });
    const loaded: number[] = [];
    const info = await put(target, await source(), {
      onProgress: (progress) => loaded.push(progress.loaded),
    });
    expect([...parts].sort(([a], [b]) => a - b)).toEqual([
      [1, 5 * MIB],
      [2, 5 * MIB],
      [3, 2 * MIB],
    ]);
    const [complete] = target.mock.commandCalls(CompleteMultipartUploadCommand);
    const sent = target.mock.commandCalls(UploadPartCommand).map(({ args }) => args[0].input);
    // Amazon refuses to complete an upload whose parts had checksums without them.
    expect(complete?.args[0].input.MultipartUpload?.Parts).toEqual(
      [1, 2, 3].map((number) => ({
        PartNumber: number,
        ETag: `"etag ${number}"`,
        ChecksumCRC32: sent.find(({ PartNumber }) => PartNumber === number)?.ChecksumCRC32,
      })),
    );
    expect(info).toMatchObject({ size: 12 * MIB, etag: '"whole-3"', ref: "s3://videos/a.bin" });
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(loaded.at(-1)).toBe(12 * MIB);
    expect([...left]).toEqual([]);
  });

  it("leaves nothing when a part fails for good", async () => {
    const target = mocked({ uploader });
    const { left } = takeUploads(target.mock);
    target.mock.on(UploadPartCommand, { PartNumber: 2 }).rejects(refusal("AccessDenied", 403));
    await expect(put(target, await source())).rejects.toMatchObject({
      code: "PermissionDenied",
      applied: "no",
    });
    expect([...left]).toEqual([]);
    expect(target.mock.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(0);
  });

  it("sends a part again whose server was busy, and that part alone", async () => {
    const target = mocked({ uploader });
    takeUploads(target.mock);
    target.mock
      .on(UploadPartCommand, { PartNumber: 2 })
      .rejectsOnce(refusal("SlowDown", 503))
      .rejectsOnce(broken("ECONNRESET"))
      .resolves({ ETag: '"2"' });
    await put(target, await source());
    const numbers = target.mock.commandCalls(UploadPartCommand).map(({ args }) => args[0].input.PartNumber);
    expect(numbers.sort((a = 0, b = 0) => a - b)).toEqual([1, 2, 2, 2, 3]);
  });

  it("gives up on a part that fails three times, and leaves nothing", async () => {
    const target = mocked({ uploader });
    const { left } = takeUploads(target.mock);
    target.mock.on(UploadPartCommand, { PartNumber: 2 }).rejects(refusal("InternalError", 500));
    await expect(put(target, await source())).rejects.toMatchObject({ code: "Unavailable", applied: "no" });
    expect([...left]).toEqual([]);
  });

  it("leaves nothing when it is aborted on the way", async () => {
    const target = mocked({ uploader });
    const { left } = takeUploads(target.mock);
    const controller = new AbortController();
    target.mock.on(UploadPartCommand, { PartNumber: 1 }).callsFake(() => {
      controller.abort("stop");
      throw new Error("Request aborted");
    });
    await expect(put(target, await source(), { signal: controller.signal })).rejects.toBe("stop");
    expect([...left]).toEqual([]);
  });
});

describe("a file that changes while it is read", () => {
  it("is a SourceError when it has become shorter, and nothing is left or open", async () => {
    const target = mocked();
    const { left } = takeUploads(target.mock);
    const path = await pathOf(12 * MIB);
    const body = await toBody(fromFile(path));
    await truncate(path, 11 * MIB);
    await expect(target.provider.put("a.bin", body, {})).rejects.toMatchObject({ code: "SourceError" });
    expect([...left]).toEqual([]);
    const open = await Promise.all(
      (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
    );
    expect(open).not.toContain(path);
  });
});

describe.each(UPLOADERS)("a source that fails, sent by %s", (uploader) => {
  it.each([3, 11])("after %d MiB commits nothing and leaves nothing", async (count) => {
    const target = mocked({ uploader });
    const { left } = takeUploads(target.mock);
    const source = chunks(count, () => Promise.reject(new Error("source failed")));
    await expect(put(target, source)).rejects.toMatchObject({ code: "SourceError" });
    expect([...left]).toEqual([]);
    expect(target.mock.commandCalls(PutObjectCommand)).toHaveLength(0);
    expect(target.mock.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(0);
  });

  it("by silence is left when the call is aborted, and nothing stays", async () => {
    const target = mocked({ uploader });
    const { left } = takeUploads(target.mock);
    const controller = new AbortController();
    const stalls = chunks(7, async () => {
      controller.abort("stop");
      await new Promise(() => {});
    });
    await expect(put(target, stalls, { signal: controller.signal })).rejects.toBe("stop");
    expect([...left]).toEqual([]);
  });

  it("while a part fails does not keep the put waiting", async () => {
    const target = mocked({ uploader });
    const { left } = takeUploads(target.mock);
    target.mock.on(UploadPartCommand).rejects(refusal("AccessDenied", 403));
    await expect(
      put(
        target,
        chunks(7, () => new Promise(() => {})),
      ),
    ).rejects.toMatchObject({
      code: "PermissionDenied",
    });
    expect([...left]).toEqual([]);
  });
});

describe.each(UPLOADERS)("a body that fits into one part, sent by %s", (uploader) => {
  it.each([
    ["zero bytes", 0],
    ["one byte", 1],
    ["exactly a part", 5],
  ])("goes in one request: %s", async (_, parts) => {
    const target = mocked({ uploader });
    target.mock.on(PutObjectCommand).resolves({ ETag: '"e"' });
    const size = parts === 1 ? 1 : parts * MIB;
    await put(
      target,
      (async function* () {
        if (size > 0) yield Buffer.alloc(size);
      })(),
    );
    expect(target.mock.commandCalls(PutObjectCommand)).toHaveLength(1);
    expect(target.mock.commandCalls(CreateMultipartUploadCommand)).toHaveLength(0);
  });

  it("carries a checksum where the server compares it, and none elsewhere", async () => {
    for (const [dialect, expected] of [
      ["aws", "NhCmhg=="],
      ["ceph", undefined],
    ] as const) {
      const target = mocked({ dialect });
      target.mock.on(PutObjectCommand).resolves({ ETag: '"e"' });
      await put(target, "hello");
      expect(target.mock.commandCalls(PutObjectCommand)[0]?.args[0].input.ChecksumCRC32).toBe(expected);
    }
  });
});

describe("a condition", () => {
  it("that a server would ignore for parts is refused before anything is sent", async () => {
    const target = mocked({ dialect: "ceph" });
    await expect(put(target, chunks(7), { ifNoneMatch: "*" })).rejects.toMatchObject({ code: "Unsupported" });
    expect(target.mock.calls()).toHaveLength(0);
  });

  it("is named when the upload is completed, where the server keeps it", async () => {
    const target = mocked({ dialect: "aws" });
    const { left } = takeUploads(target.mock);
    target.mock
      .on(CompleteMultipartUploadCommand, { IfNoneMatch: "*" })
      .rejects(refusal("PreconditionFailed", 412));
    await expect(put(target, chunks(7), { ifNoneMatch: "*" })).rejects.toMatchObject({
      code: "AlreadyExists",
    });
    expect([...left]).toEqual([]);
  });
});

describe("a completion whose outcome is unknown", () => {
  const parts = ["1", "2"].map((number) => number.padStart(32, "0"));
  const digest = createHash("md5")
    .update(Buffer.from(parts.join(""), "hex"))
    .digest("hex");

  it.each([
    ["no answer", broken("ECONNRESET")],
    ["500", refusal("InternalError", 500)],
    ["an error in an answer of 200", refusal("InternalError", 200)],
  ])("is a success when the object is there: %s", async (_, error) => {
    const target = mocked();
    takeUploads(target.mock);
    target.mock.on(CompleteMultipartUploadCommand).rejects(error);
    target.mock.on(HeadObjectCommand).resolves({ ETag: `"${digest}-2"`, ContentLength: 7 * MIB });
    expect(await put(target, chunks(7))).toMatchObject({ etag: `"${digest}-2"`, size: 7 * MIB });
  });

  it("is told again when it is not", async () => {
    const target = mocked();
    takeUploads(target.mock);
    target.mock
      .on(CompleteMultipartUploadCommand)
      .rejectsOnce(refusal("InternalError", 500))
      .resolves({ ETag: '"second try"' });
    target.mock.on(HeadObjectCommand).rejects(refusal("NotFound", 404));
    expect((await put(target, chunks(7))).etag).toBe('"second try"');
  });

  it("that stays unknown is told as such, and the parts are removed", async () => {
    const target = mocked();
    const { left } = takeUploads(target.mock);
    target.mock.on(CompleteMultipartUploadCommand).rejects(refusal("InternalError", 500));
    target.mock.on(HeadObjectCommand).rejects(refusal("NotFound", 404));
    const error: unknown = await put(target, chunks(7)).catch((failed: unknown) => failed);
    expect(isStorageError(error, "Unavailable") && error.applied).toBe("unknown");
    expect([...left]).toEqual([]);
  });
});

describe("many parts", () => {
  it("are never more at once than `concurrency`", async () => {
    const target = mocked({ concurrency: 3 });
    takeUploads(target.mock);
    let running = 0;
    let most = 0;
    target.mock.on(UploadPartCommand).callsFake(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return { ETag: '"e"' };
    });
    await put(target, chunks(60));
    expect(most).toBe(3);
  });
});
