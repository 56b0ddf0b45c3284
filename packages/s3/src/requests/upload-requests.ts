import type { ListPartsCommandOutput, Part as SdkPart } from "@aws-sdk/client-s3";
import { S3FailureError, type ArrivedPart, type S3Client } from "../server/client.js";
import { digestOf } from "../server/digest.js";
import { encryptionOf } from "./object-fields.js";
import type { Requests, Storing } from "./shared.js";
import { digestFields, digestIn, sdkFields } from "./convert.js";
import { assertSensible, required, senseless } from "../connection/failure.js";

/** The SDK's names for the algorithms. The SDK has no name for MD5, because MD5 is not one of S3's own checksums. */
const ALGORITHMS = { crc32: "CRC32", crc32c: "CRC32C", sha256: "SHA256", md5: undefined } as const;

type Verb = "createUpload" | "uploadPart" | "listParts" | "listUploads" | "completeUpload" | "abortUpload";

/** Makes the requests about an upload in parts. */
export function uploadRequests(
  { request, bucket: Bucket }: Requests,
  { made, opened, algorithm }: Storing,
): Pick<S3Client, Verb> {
  return {
    createUpload: ({ key: Key, fields, checksums = true }, call) =>
      request(call, async (send) => {
        const named = checksums && algorithm !== undefined ? ALGORITHMS[algorithm] : undefined;
        const checksum = named && { ChecksumAlgorithm: named };
        const input = { Bucket, Key, ...made, ...sdkFields(fields), ...checksum };
        const answer = await send("CreateMultipartUpload", input);
        return { uploadId: required(answer.UploadId, answer.$metadata), encryption: encryptionOf(answer) };
      }),
    uploadPart: ({ key: Key, uploadId: UploadId, partNumber: PartNumber, body: Body }, call) =>
      request(call, async (send) => {
        const digest = algorithm && digestOf(Body, algorithm);
        const input = { Bucket, Key, UploadId, PartNumber, Body, ...opened, ...digestFields(digest) };
        const { ETag, $metadata } = await send("UploadPart", input);
        return { etag: partEtag(ETag, $metadata), digest };
      }),
    listParts: (upload, call) =>
      request(call, async (send) => {
        const input = { Bucket, Key: upload.key, UploadId: upload.uploadId };
        return await allParts((PartNumberMarker) => send("ListParts", { ...input, PartNumberMarker }));
      }),
    completeUpload: (
      { key: Key, uploadId: UploadId, parts, ifMatch: IfMatch, ifNoneMatch: IfNoneMatch },
      call,
    ) =>
      request(call, async (send) => {
        const Parts = parts.map(({ etag: ETag, digest, partNumber: PartNumber }) => {
          const { ContentMD5: _none, ChecksumAlgorithm: _named, ...checksum } = digestFields(digest);
          return { ETag, PartNumber, ...checksum };
        });
        const input = { Bucket, Key, UploadId, IfMatch, IfNoneMatch, MultipartUpload: { Parts }, ...opened };
        const answer = await send("CompleteMultipartUpload", input);
        return { etag: answer.ETag, versionId: answer.VersionId, encryption: encryptionOf(answer) };
      }),
    listUploads: (key, call) =>
      request(call, async (send) => {
        const { Uploads = [], $metadata } = await send("ListMultipartUploads", { Bucket, Prefix: key });
        return Uploads.filter(({ Key }) => Key === key).map(({ UploadId, Initiated }) => ({
          uploadId: required(UploadId, $metadata),
          begunAt: Initiated,
        }));
      }),
    abortUpload: ({ key: Key, uploadId: UploadId }, call) =>
      request(call, async (send) => {
        await send("AbortMultipartUpload", { Bucket, Key, UploadId });
      }),
  };
}

/** Returns the ETag of a part. The request that completes the upload has to name this ETag. */
function partEtag(etag: string | undefined, metadata: ListPartsCommandOutput["$metadata"]): string {
  assertSensible(etag, metadata);
  if (etag !== undefined && etag !== "") return etag;
  throw new S3FailureError({ code: "PartWithoutEtag", cause: undefined });
}

/**
 * Returns all parts of an upload. Does not use the SDK's paginator, because the paginator never ends if even the last
 * page has a marker. Ceph sends such pages.
 */
async function allParts(
  pageAt: (marker: string | undefined) => Promise<ListPartsCommandOutput>,
): Promise<readonly ArrivedPart[]> {
  const parts: ArrivedPart[] = [];
  for (let marker: string | undefined; ;) {
    const page = await pageAt(marker);
    parts.push(...(page.Parts ?? []).map((part) => arrivedPart(part, page)));
    if (page.IsTruncated !== true) return parts;
    const next = required(page.NextPartNumberMarker, page.$metadata);
    // Part numbers rise from page to page.
    if (!(Number(next) > Number(marker ?? 0))) throw senseless(page.$metadata);
    marker = next;
  }
}

function arrivedPart(part: SdkPart, { $metadata }: ListPartsCommandOutput): ArrivedPart {
  const { ETag, PartNumber, Size } = part;
  if (PartNumber === undefined || Size === undefined) throw senseless($metadata);
  return { etag: required(ETag, $metadata), partNumber: PartNumber, size: Size, digest: digestIn(part) };
}
