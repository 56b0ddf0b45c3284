import type { S3Client } from "../client.js";
import { copySource, sdkFields } from "./convert.js";
import { required } from "./failure.js";
import type { Requests } from "./requests.js";

/** Requests that move bytes inside the server. */
export function copyRequests({
  request,
  bucket: Bucket,
}: Requests): Pick<S3Client, "copyObject" | "copyPart"> {
  return {
    copyObject: ({ from, key: Key, fields, ifNoneMatch: IfNoneMatch, ifSourceMatch }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const answer = await client.send(
          new sdk.CopyObjectCommand({
            Bucket,
            Key,
            CopySource: copySource(from),
            CopySourceIfMatch: ifSourceMatch,
            IfNoneMatch,
            MetadataDirective: "REPLACE",
            ...sdkFields(fields),
          }),
          http,
        );
        return { etag: answer.CopyObjectResult?.ETag, versionId: answer.VersionId };
      }),
    copyPart: ({ from, offset, length, ...part }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const input = {
          Bucket,
          Key: part.key,
          UploadId: part.uploadId,
          PartNumber: part.partNumber,
          CopySource: copySource(from),
          CopySourceIfMatch: part.ifSourceMatch,
          CopySourceRange: `bytes=${offset}-${offset + length - 1}`,
        };
        const { CopyPartResult, $metadata } = await client.send(new sdk.UploadPartCopyCommand(input), http);
        return { etag: required(CopyPartResult?.ETag, $metadata), crc32: CopyPartResult?.ChecksumCRC32 };
      }),
  };
}
