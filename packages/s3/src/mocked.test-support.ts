import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { StorageProvider } from "@stowage/core";
import { mockClient, type AwsClientStub } from "aws-sdk-client-mock";
import { Readable } from "node:stream";
import { s3 } from "./s3.js";
import type { S3Options } from "./s3-options.js";

export const MIB: number = 1024 * 1024;

export interface Mocked {
  readonly mock: AwsClientStub<S3Client>;
  readonly provider: StorageProvider;
}

/** A provider whose client asks no server. */
export function mocked(options: Partial<S3Options> = {}): Mocked {
  const mock = mockClient(S3Client);
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
  const provider = s3({ bucket: "videos", region: "us-east-1", credentials, ...options });
  return { mock, provider };
}

/** An error as the SDK throws it for an answer of the server. */
export function refusal(code: string, status: number, headers: Record<string, string> = {}): Error {
  const error = Object.assign(new Error(code), {
    $metadata: { httpStatusCode: status, requestId: "R1" },
    $response: { headers },
  });
  error.name = code;
  return error;
}

/** An error as the SDK throws it when there was no answer. */
export function broken(code: string): Error {
  return Object.assign(new Error(code), { code, $metadata: { attempts: 1 } });
}

/** A server that takes uploads in parts, and remembers what is left of them. */
export interface Uploads {
  readonly left: Set<string>;
  /** The lengths of the parts, by number. */
  readonly parts: Map<number, number>;
}

export function takeUploads(mock: AwsClientStub<S3Client>): Uploads {
  const uploads: Uploads = { left: new Set(), parts: new Map() };
  mock.on(CreateMultipartUploadCommand).callsFake(() => {
    uploads.left.add("U1");
    return { UploadId: "U1", $metadata: {} };
  });
  mock.on(UploadPartCommand).callsFake(({ PartNumber, Body }: { PartNumber: number; Body: Uint8Array }) => {
    uploads.parts.set(PartNumber, Body.byteLength);
    return { ETag: `"${String(PartNumber).padStart(32, "0")}"`, $metadata: {} };
  });
  mock.on(CompleteMultipartUploadCommand).callsFake(() => {
    uploads.left.delete("U1");
    return { ETag: '"whole-3"', $metadata: {} };
  });
  mock.on(AbortMultipartUploadCommand).callsFake(({ UploadId }: { UploadId: string }) => {
    if (!uploads.left.delete(UploadId)) throw refusal("NoSuchUpload", 404);
    return { $metadata: {} };
  });
  return uploads;
}

/** A body as the SDK gives it. */
export function bodyOf(text: string): never {
  return Readable.from([Buffer.from(text)], { objectMode: false }) as never;
}
