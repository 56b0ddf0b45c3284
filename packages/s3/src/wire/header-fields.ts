import type { IncomingHttpHeaders } from "node:http";
import { count, dateOf, type Output } from "./answers.js";

/** The fields of an answer that stand in its headers, by the names of the headers. */
const FIELDS: readonly (readonly [header: string, field: string])[] = [
  ["etag", "ETag"],
  ["content-type", "ContentType"],
  ["x-amz-version-id", "VersionId"],
  ["cache-control", "CacheControl"],
  ["content-disposition", "ContentDisposition"],
  ["content-encoding", "ContentEncoding"],
  ["content-language", "ContentLanguage"],
  ["content-range", "ContentRange"],
  ["x-amz-storage-class", "StorageClass"],
  ["x-amz-server-side-encryption", "ServerSideEncryption"],
  ["x-amz-server-side-encryption-customer-algorithm", "SSECustomerAlgorithm"],
  ["x-amz-checksum-crc32", "ChecksumCRC32"],
  ["x-amz-checksum-crc32c", "ChecksumCRC32C"],
  ["x-amz-checksum-sha256", "ChecksumSHA256"],
];

const METADATA = "x-amz-meta-";

/** Returns the fields in the headers of an answer. */
export function headerFields(headers: IncomingHttpHeaders): Output {
  const fields: Record<string, unknown> = {
    ContentLength: count(headers["content-length"]),
    LastModified: dateOf(headers["last-modified"]),
    Metadata: metadataIn(headers),
  };
  for (const [header, field] of FIELDS) {
    const value = headers[header];
    if (value !== undefined) fields[field] = value;
  }
  return fields;
}

function metadataIn(headers: IncomingHttpHeaders): Record<string, string> {
  const entries: [name: string, value: string][] = [];
  for (const header in headers) {
    if (header.startsWith(METADATA)) entries.push([header.slice(METADATA.length), String(headers[header])]);
  }
  return Object.fromEntries(entries);
}
