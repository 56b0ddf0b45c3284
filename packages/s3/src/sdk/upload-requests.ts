import type { ListPartsCommandOutput, Part as SdkPart } from "@aws-sdk/client-s3";
import { S3FailureError, type ArrivedPart, type S3Client } from "../server/client.js";
import { digestOf } from "../server/digest.js";
import { encryptionOf } from "./object-fields.js";
import type { Requests, Storing } from "./shared.js";
import { digestFields, digestIn, sdkFields } from "./convert.js";
import { assertSensible, required, senseless } from "./failure.js";

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
      request(call, async ({ sdk, client }, http) => {
        const named = checksums && algorithm !== undefined ? ALGORITHMS[algorithm] : undefined;
        const checksum = named && { ChecksumAlgorithm: named };
        const input = { Bucket, Key, ...made, ...sdkFields(fields), ...checksum };
        const answer = await client.send(new sdk.CreateMultipartUploadCommand(input), http);
        return { uploadId: required(answer.UploadId, answer.$metadata), encryption: encryptionOf(answer) };
      }),
    uploadPart: ({ key: Key, uploadId: UploadId, partNumber: PartNumber, body: Body }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const digest = algorithm && digestOf(Body, algorithm);
        const input = { Bucket, Key, UploadId, PartNumber, Body, ...opened, ...digestFields(digest) };
        const { ETag, $metadata } = await client.send(new sdk.UploadPartCommand(input), http);
        return { etag: partEtag(ETag, $metadata), digest };
      }),
    listParts: (upload, call) =>
      request(call, async ({ sdk, client }, http) => {
        const input = { Bucket, Key: upload.key, UploadId: upload.uploadId };
        return await allParts((PartNumberMarker) =>
          client.send(new sdk.ListPartsCommand({ ...input, PartNumberMarker }), http),
        );
      }),
    completeUpload: (
      { key: Key, uploadId: UploadId, parts, ifMatch: IfMatch, ifNoneMatch: IfNoneMatch },
      call,
    ) =>
      request(call, async ({ sdk, client }, http) => {
        const Parts = parts.map(({ etag: ETag, digest, partNumber: PartNumber }) => {
          const { ContentMD5: _none, ChecksumAlgorithm: _named, ...checksum } = digestFields(digest);
          return { ETag, PartNumber, ...checksum };
        });
        const input = { Bucket, Key, UploadId, IfMatch, IfNoneMatch, MultipartUpload: { Parts }, ...opened };
        const answer = await client.send(new sdk.CompleteMultipartUploadCommand(input), http);
        return { etag: answer.ETag, versionId: answer.VersionId, encryption: encryptionOf(answer) };
      }),
    listUploads: (key, call) =>
      request(call, async ({ sdk, client }, http) => {
        const list = new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: key });
        const { Uploads = [], $metadata } = await client.send(list, http);
        return Uploads.filter(({ Key }) => Key === key).map(({ UploadId, Initiated }) => ({
          uploadId: required(UploadId, $metadata),
          begunAt: Initiated,
        }));
      }),
    abortUpload: ({ key: Key, uploadId: UploadId }, call) =>
      request(call, async ({ sdk, client }, http) => {
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), http);
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
