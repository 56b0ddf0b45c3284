import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { createStorage, type StorageError } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { MIB, broken, mocked, refusal, takeUploads, type Mocked } from "../mocked.test-support.js";

const stream = (bytes: number): Readable => Readable.from([Buffer.alloc(bytes)], { objectMode: false });
const large = async (): Promise<Awaited<ReturnType<typeof toBody>>> => await toBody(stream(12 * MIB));

async function failed(call: Promise<unknown>): Promise<StorageError> {
  return await call.then(
    () => expect.unreachable("the call succeeded"),
    (error: unknown) => error as StorageError,
  );
}

/** A server whose ETags are no digests, and that loses the answer of a completion. */
function losing(error: Error = broken("ECONNRESET")): Mocked {
  const target = mocked();
  takeUploads(target.mock);
  target.mock.on(UploadPartCommand).resolves({ ETag: '"opaque"' });
  target.mock.on(CompleteMultipartUploadCommand).rejectsOnce(error).rejects(refusal("NoSuchUpload", 404));
  return target;
}

const HEAD = { ETag: '"opaque-3"', ContentLength: 12 * MIB };

describe("a completion whose answer is lost, where ETags are opaque", () => {
  it.each([broken("ECONNRESET"), refusal("InternalError", 500)])(
    "is known by the id of its upload: %s",
    async (error) => {
      const { mock, provider } = losing(error);
      mock.on(HeadObjectCommand).callsFake(() => ({
        ...HEAD,
        $metadata: {},
        Metadata: mock.commandCalls(CreateMultipartUploadCommand)[0]?.args[0].input.Metadata,
      }));
      const info = await provider.put("a", await large(), { metadata: { kind: "film" } });
      expect(info).toMatchObject({ size: 12 * MIB, metadata: { kind: "film" } });
      expect((await provider.head("a", {})).metadata).toEqual({ kind: "film" });
    },
  );

  it("stays unknown when another object is there", async () => {
    const { mock, provider } = losing();
    mock.on(HeadObjectCommand).resolves(HEAD);
    expect(await failed(provider.put("a", await large(), {}))).toMatchObject({ applied: "unknown" });
  });

  it("of a client's own upload stays unknown, and is not told as one that never was", async () => {
    const { mock, provider } = losing();
    mock.on(HeadObjectCommand).resolves(HEAD);
    const upload = { uploadId: "U1", parts: [{ partNumber: 1, etag: '"opaque"' }] };
    const error = await failed(provider.multipart?.complete("a", upload, {}) ?? Promise.resolve());
    expect(error).toMatchObject({ code: "Unavailable", applied: "unknown" });
  });
});

describe("a conflict with another request", () => {
  const CONFLICT = refusal("ConditionalRequestConflict", 409);
  const RETRY = { retry: { baseMs: 1 } };

  it.each(["ConditionalRequestConflict", "OperationAborted"])("is tried again: %s", async (code) => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejectsOnce(refusal(code, 409)).resolves({ ETag: '"e"' });
    const info = await createStorage(provider, RETRY).put("a", "x", { ifNoneMatch: "*" });
    expect(info.etag).toBe('"e"');
  });

  it("is decided by the next try", async () => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejectsOnce(CONFLICT).rejects(refusal("PreconditionFailed", 412));
    const put = createStorage(provider, RETRY).put("a", stream(9), { ifNoneMatch: "*" });
    expect(await failed(put)).toMatchObject({ code: "AlreadyExists", applied: "no" });
  });

  it("that does not pass has changed nothing", async () => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejects(CONFLICT);
    const put = createStorage(provider, RETRY).put("a", "x", { ifNoneMatch: "*" });
    expect(await failed(put)).toMatchObject({ code: "Unavailable", applied: "no" });
  });

  it("is tried again when an upload is completed", async () => {
    const { mock, provider } = mocked();
    takeUploads(mock);
    mock.on(CompleteMultipartUploadCommand).rejectsOnce(CONFLICT).resolves({ ETag: '"whole"' });
    expect((await provider.put("a", await large(), { ifNoneMatch: "*" })).etag).toBe('"whole"');
  });
});

describe("a small stream", () => {
  it.each([refusal("ServiceUnavailable", 503), broken("ECONNRESET")])("is sent again: %s", async (error) => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejectsOnce(error).resolves({ ETag: '"e"' });
    expect((await createStorage(provider, { retry: { baseMs: 1 } }).put("a", stream(9))).size).toBe(9);
  });

  it("with a condition recognises its own first try", async () => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejectsOnce(broken("ECONNRESET")).rejects(refusal("PreconditionFailed", 412));
    mock.on(HeadObjectCommand).callsFake(() => ({
      ETag: '"own"',
      ContentLength: 9,
      $metadata: {},
      Metadata: mock.commandCalls(PutObjectCommand)[0]?.args[0].input.Metadata,
    }));
    const storage = createStorage(provider, { retry: { baseMs: 1 } });
    expect((await storage.put("a", stream(9), { ifNoneMatch: "*" })).etag).toBe('"own"');
  });

  it("is sent once where the caller wants no second try", async () => {
    const { mock, provider } = mocked();
    mock.on(PutObjectCommand).rejects(refusal("ServiceUnavailable", 503));
    await failed(createStorage(provider, { retry: { attempts: 1 } }).put("a", stream(9)));
    expect(mock.commandCalls(PutObjectCommand)).toHaveLength(1);
  });
});

describe("a part", () => {
  it("is tried as often as the caller wants, and the body does not begin anew", async () => {
    const { mock, provider } = mocked();
    takeUploads(mock);
    mock.on(UploadPartCommand).rejects(refusal("ServiceUnavailable", 503));
    const storage = createStorage(provider, { retry: { attempts: 5, baseMs: 1 } });
    const error = await failed(storage.put("a", Buffer.alloc(6 * MIB)));
    expect(error).toMatchObject({ code: "Unavailable", retryable: false });
    expect(mock.commandCalls(CreateMultipartUploadCommand)).toHaveLength(1);
    const first = mock.commandCalls(UploadPartCommand, { PartNumber: 1 }).length;
    expect(Math.max(first, mock.commandCalls(UploadPartCommand, { PartNumber: 2 }).length)).toBe(5);
  });

  it("waits longer after slow down than after another failure", async () => {
    const { mock, provider } = mocked();
    takeUploads(mock);
    mock
      .on(UploadPartCommand, { PartNumber: 1 })
      .rejectsOnce(refusal("SlowDown", 503))
      .resolves({ ETag: '"e"' });
    const storage = createStorage(provider, { retry: { baseMs: 1, rateLimitedBaseMs: 400 } });
    const begunAt = performance.now();
    await storage.put("a", stream(6 * MIB));
    expect(performance.now() - begunAt).toBeGreaterThan(199);
  });

  it("without an ETag is Unsupported, and sent once", async () => {
    const { mock, provider } = mocked();
    takeUploads(mock);
    mock.on(UploadPartCommand).resolves({ $metadata: { httpStatusCode: 200, requestId: "R1" } });
    const error = await failed(createStorage(provider).put("a", stream(6 * MIB)));
    expect(error).toMatchObject({ code: "Unsupported", applied: "no" });
    expect(mock.commandCalls(UploadPartCommand, { PartNumber: 1 })).toHaveLength(1);
  });
});

describe("parts that are removed", () => {
  it("are removed by one request where none was under way", async () => {
    const { mock, provider } = mocked();
    takeUploads(mock);
    mock.on(AbortMultipartUploadCommand).resolves({});
    mock.on(CompleteMultipartUploadCommand).rejects(refusal("AccessDenied", 403));
    await failed(provider.put("a", await large(), {}));
    expect(mock.commandCalls(AbortMultipartUploadCommand)).toHaveLength(1);
    expect(mock.commandCalls(ListPartsCommand)).toHaveLength(0);
  });

  it("are looked for where one was under way, and the call ends soon", async () => {
    const { mock, provider } = mocked();
    takeUploads(mock);
    mock.on(UploadPartCommand).callsFake(() => {
      setTimeout(() => controller.abort(new Error("stop")), 20);
      return new Promise(() => {});
    });
    mock.on(AbortMultipartUploadCommand).resolves({});
    mock.on(ListPartsCommand).resolvesOnce({ Parts: [] }).rejects(refusal("NoSuchUpload", 404));
    const controller = new AbortController();
    const put = provider.put("a", await large(), { signal: controller.signal });
    const begunAt = performance.now();
    await expect(put).rejects.toThrow("stop");
    expect(performance.now() - begunAt).toBeLessThan(1000);
    expect(mock.commandCalls(AbortMultipartUploadCommand)).toHaveLength(2);
  });
});
