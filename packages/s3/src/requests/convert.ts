import type { GetObjectCommandOutput, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { encodeKeyPath } from "@stowage/core/provider";
import type { ObjectAnswer, ObjectFields } from "../server/client.js";
import type { Digest } from "../server/digest.js";
import { assertSensible, senseless } from "../connection/failure.js";

/** @param size - The size in bytes. It is used if the answer does not contain the size. */
export function objectAnswer(
  answer: HeadObjectCommandOutput | GetObjectCommandOutput,
  size: number | undefined = sizeIn(answer),
): ObjectAnswer {
  if (size === undefined) throw senseless(answer.$metadata);
  if (answer.LastModified === undefined) assertSensible(answer.ETag, answer.$metadata);
  return {
    size,
    etag: answer.ETag,
    lastModified: answer.LastModified,
    versionId: answer.VersionId,
    contentType: answer.ContentType,
    cacheControl: answer.CacheControl,
    contentDisposition: answer.ContentDisposition,
    contentEncoding: withoutChunks(answer.ContentEncoding),
    contentLanguage: answer.ContentLanguage,
    storageClass: answer.StorageClass,
    digest: wholeDigestIn(answer),
    metadata: answer.Metadata ?? {},
  };
}

/**
 * Returns the content coding of an object, without `aws-chunked`. The coding `aws-chunked` describes only the request,
 * but some servers store it.
 */
function withoutChunks(encoding: string | undefined): string | undefined {
  const codings = encoding?.split(",").map((coding) => coding.trim());
  const own = codings?.filter((coding) => coding !== "" && coding.toLowerCase() !== "aws-chunked");
  return own?.join(", ") || undefined;
}

export function sdkFields(fields: ObjectFields): {
  readonly ContentType: string | undefined;
  readonly CacheControl: string | undefined;
  readonly ContentDisposition: string | undefined;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly Metadata: Record<string, string>;
} {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, metadata } =
    fields;
  return {
    ContentType: contentType,
    CacheControl: cacheControl,
    ContentDisposition: contentDisposition,
    ...(contentEncoding !== undefined && { ContentEncoding: contentEncoding }),
    ...(contentLanguage !== undefined && { ContentLanguage: contentLanguage }),
    Metadata: { ...metadata },
  };
}

/**
 * Returns the request fields that contain a digest. The server compares the digest with the body. So the server notices a
 * changed byte even if the body is not signed.
 */
export function digestFields(digest: Digest | undefined): {
  readonly ContentMD5?: string;
  readonly ChecksumCRC32?: string;
  readonly ChecksumCRC32C?: string;
  readonly ChecksumSHA256?: string;
  readonly ChecksumAlgorithm?: "CRC32" | "CRC32C" | "SHA256";
} {
  if (digest === undefined) return {};
  const { algorithm, value } = digest;
  if (algorithm === "md5") return { ContentMD5: value };
  // Some servers verify a checksum only if its algorithm is named too.
  if (algorithm === "crc32") return { ChecksumCRC32: value, ChecksumAlgorithm: "CRC32" };
  if (algorithm === "crc32c") return { ChecksumCRC32C: value, ChecksumAlgorithm: "CRC32C" };
  return { ChecksumSHA256: value, ChecksumAlgorithm: "SHA256" };
}

interface Digests {
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumCRC32C?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
}

/** Returns the digest in an answer, or `undefined` if the answer has no digest. */
export function digestIn({ ChecksumCRC32, ChecksumCRC32C, ChecksumSHA256 }: Digests): Digest | undefined {
  if (ChecksumCRC32 !== undefined) return { algorithm: "crc32", value: ChecksumCRC32 };
  if (ChecksumCRC32C !== undefined) return { algorithm: "crc32c", value: ChecksumCRC32C };
  return ChecksumSHA256 === undefined ? undefined : { algorithm: "sha256", value: ChecksumSHA256 };
}

/**
 * Returns the digest of a whole object. Returns `undefined` for a digest that was computed from the digests of parts.
 * Such a digest ends with the number of parts.
 */
function wholeDigestIn(answer: Digests): Digest | undefined {
  const digest = digestIn(answer);
  return digest?.value.includes("-") === true ? undefined : digest;
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

/** Returns the number of bytes that an answer announces, or `undefined` if it announces no number. */
export function sizeIn({
  ContentLength,
}: {
  readonly ContentLength?: number | undefined;
}): number | undefined {
  return ContentLength !== undefined && ContentLength >= 0 ? ContentLength : undefined;
}

/** The part of an answer that says how its keys are encoded. */
interface Listing {
  readonly EncodingType?: string | undefined;
  readonly $metadata: { readonly httpStatusCode?: number };
}

/**
 * Returns a key from a listing. Decodes the key only if the answer says that keys are encoded, because some servers
 * ignore the request to encode keys. Amazon writes a space as `+`, other servers write `%20`.
 */
export function decodeListed(text: string, { EncodingType, $metadata }: Listing): string {
  if (EncodingType?.toLowerCase() !== "url") return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw senseless($metadata);
  }
}
