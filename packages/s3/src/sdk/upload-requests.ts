import type { S3Client } from "../client.js";
import type { Dialect } from "../dialect.js";
import type { Requests } from "./requests.js";
import { checksumOf, sdkFields } from "./convert.js";
import { required } from "./failure.js";

type Verb = "createUpload" | "uploadPart" | "completeUpload" | "abortUpload";

/** Requests about an upload in parts. */
export function uploadRequests(
  { request, bucket: Bucket }: Requests,
  dialect: () => Dialect,
): Pick<S3Client, Verb> {
  return {
    createUpload: ({ key: Key, fields }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const checksum = dialect().checksum === "crc32" ? { ChecksumAlgorithm: "CRC32" as const } : {};
        const input = { Bucket, Key, ...sdkFields(fields), ...checksum };
        const { UploadId, $metadata } = await client.send(new sdk.CreateMultipartUploadCommand(input), http);
        return required(UploadId, $metadata);
      }),
    uploadPart: ({ key: Key, uploadId: UploadId, partNumber: PartNumber, body: Body }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const input = { Bucket, Key, UploadId, PartNumber, Body, ...checksumOf(Body, dialect()) };
        const { ETag, $metadata } = await client.send(new sdk.UploadPartCommand(input), http);
        return required(ETag, $metadata);
      }),
    completeUpload: (
      { key: Key, uploadId: UploadId, etags, ifMatch: IfMatch, ifNoneMatch: IfNoneMatch },
      call,
    ) =>
      request(call, async ({ sdk, client }, http) => {
        const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
        const input = { Bucket, Key, UploadId, IfMatch, IfNoneMatch, MultipartUpload: { Parts } };
        const answer = await client.send(new sdk.CompleteMultipartUploadCommand(input), http);
        return { etag: answer.ETag, versionId: answer.VersionId };
      }),
    abortUpload: ({ key: Key, uploadId: UploadId }, call) =>
      request(call, async ({ sdk, client }, http) => {
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), http);
      }),
  };
}
