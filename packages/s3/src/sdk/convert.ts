import type { GetObjectCommandOutput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { crc32 } from "node:zlib";
import { encodeKeyPath } from "@stowage/core";
import type { ObjectAnswer, ObjectFields } from "../client.js";
import type { Dialect } from "../dialect.js";
import { senseless } from "./failure.js";

export function objectAnswer(answer: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectAnswer {
  if (answer.ETag === undefined) throw senseless(answer.$metadata);
  return {
    size: answer.ContentLength ?? 0,
    etag: answer.ETag,
    lastModified: answer.LastModified,
    versionId: answer.VersionId,
    contentType: answer.ContentType,
    cacheControl: answer.CacheControl,
    contentDisposition: answer.ContentDisposition,
    metadata: answer.Metadata ?? {},
  };
}

export function sdkFields({ contentType, cacheControl, contentDisposition, metadata }: ObjectFields): {
  readonly ContentType: string | undefined;
  readonly CacheControl: string | undefined;
  readonly ContentDisposition: string | undefined;
  readonly Metadata: Record<string, string>;
} {
  return {
    ContentType: contentType,
    CacheControl: cacheControl,
    ContentDisposition: contentDisposition,
    Metadata: { ...metadata },
  };
}

/** A digest that the server compares, so that a changed byte is noticed although the body is not signed. */
export function checksumOf(body: Uint8Array, { checksum }: Dialect): string | undefined {
  if (checksum === "none") return undefined;
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(body));
  return digest.toString("base64");
}

/** Some servers look at a checksum only when its algorithm is named too. */
export function checksumFields(digest: string | undefined): {
  readonly ChecksumCRC32?: string;
  readonly ChecksumAlgorithm?: "CRC32";
} {
  return digest === undefined ? {} : { ChecksumCRC32: digest, ChecksumAlgorithm: "CRC32" };
}

export function copySource({
  bucket,
  key,
  versionId,
}: {
  bucket: string;
  key: string;
  versionId?: string | undefined;
}): string {
  const version = versionId === undefined ? "" : `?versionId=${encodeURIComponent(versionId)}`;
  return `${bucket}/${encodeKeyPath(key)}${version}`;
}

/** A key of a listing: Amazon writes a space as `+`, others as `%20`. */
export function decodeListed(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
