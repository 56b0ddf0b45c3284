import type { Part as SdkPart } from "@aws-sdk/client-s3";
import type { ArrivedPart, S3Client } from "../client.js";
import type { Dialect } from "../dialect.js";
import type { Requests } from "./requests.js";
import { checksumFields, checksumOf, sdkFields } from "./convert.js";
import { required } from "./failure.js";

type Verb = "createUpload" | "uploadPart" | "listParts" | "listUploads" | "completeUpload" | "abortUpload";

/** Requests about an upload in parts. */
export function uploadRequests(
  { request, bucket: Bucket }: Requests,
  dialect: Dialect,
): Pick<S3Client, Verb> {
  return {
    createUpload: ({ key: Key, fields, checksums = dialect.checksum === "crc32" }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const checksum = checksums ? { ChecksumAlgorithm: "CRC32" as const } : {};
        const input = { Bucket, Key, ...sdkFields(fields), ...checksum };
        const { UploadId, $metadata } = await client.send(new sdk.CreateMultipartUploadCommand(input), http);
        return required(UploadId, $metadata);
      }),
    uploadPart: ({ key: Key, uploadId: UploadId, partNumber: PartNumber, body: Body }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const crc32 = checksumOf(Body, dialect);
        const input = { Bucket, Key, UploadId, PartNumber, Body, ...checksumFields(crc32) };
        const { ETag, $metadata } = await client.send(new sdk.UploadPartCommand(input), http);
        return { etag: required(ETag, $metadata), crc32 };
      }),
    listParts: (upload, call) =>
      request(call, async ({ sdk, client }, http) => {
        const parts: ArrivedPart[] = [];
        const input = { Bucket, Key: upload.key, UploadId: upload.uploadId };
        // Not by the SDK's paginator: it never ends where a last page has a marker too, as Ceph's has.
        for (let PartNumberMarker: string | undefined; ;) {
          const page = await client.send(new sdk.ListPartsCommand({ ...input, PartNumberMarker }), http);
          parts.push(...(page.Parts ?? []).map(arrivedPart));
          if (page.IsTruncated !== true) return parts;
          PartNumberMarker = page.NextPartNumberMarker;
        }
      }),
    completeUpload: (
      { key: Key, uploadId: UploadId, parts, ifMatch: IfMatch, ifNoneMatch: IfNoneMatch },
      call,
    ) =>
      request(call, async ({ sdk, client }, http) => {
        const Parts = parts.map(({ etag: ETag, crc32: ChecksumCRC32, partNumber: PartNumber }) => ({
          ETag,
          ChecksumCRC32,
          PartNumber,
        }));
        const input = { Bucket, Key, UploadId, IfMatch, IfNoneMatch, MultipartUpload: { Parts } };
        const answer = await client.send(new sdk.CompleteMultipartUploadCommand(input), http);
        return { etag: answer.ETag, versionId: answer.VersionId };
      }),
    listUploads: (key, call) =>
      request(call, async ({ sdk, client }, http) => {
        const list = new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: key });
        const { Uploads = [] } = await client.send(list, http);
        return Uploads.filter(({ Key }) => Key === key).map(({ UploadId = "", Initiated }) => ({
          uploadId: UploadId,
          begunAt: Initiated,
        }));
      }),
    abortUpload: ({ key: Key, uploadId: UploadId }, call) =>
      request(call, async ({ sdk, client }, http) => {
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), http);
      }),
  };
}

function arrivedPart({ ETag = "", PartNumber = 0, Size = 0, ChecksumCRC32 }: SdkPart): ArrivedPart {
  return { etag: ETag, partNumber: PartNumber, size: Size, crc32: ChecksumCRC32 };
}
