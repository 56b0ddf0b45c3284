import type { S3Client } from "../server/client.js";
import { copySource, digestIn, sdkFields } from "./convert.js";
import { assertSensible, required } from "../connection/failure.js";
import { copiedKey, encryptionOf } from "./object-fields.js";
import type { Requests, Storing } from "./shared.js";

/** Makes the requests that move bytes inside the server. */
export function copyRequests(
  { request, bucket: Bucket }: Requests,
  { made, opened }: Storing,
): Pick<S3Client, "copyObject" | "copyPart"> {
  return {
    copyObject: ({ from, key: Key, fields, ifNoneMatch: IfNoneMatch, ifSourceMatch }, call) =>
      request(call, async (send) => {
        const answer = await send("CopyObject", {
          Bucket,
          Key,
          CopySource: copySource(from),
          CopySourceIfMatch: ifSourceMatch,
          IfNoneMatch,
          MetadataDirective: "REPLACE",
          ...(made.Tagging !== undefined && { TaggingDirective: "REPLACE" as const }),
          ...made,
          ...copiedKey(from.encryption),
          ...sdkFields(fields),
        });
        const { CopyObjectResult, VersionId } = answer;
        assertSensible(CopyObjectResult?.ETag, answer.$metadata);
        return { etag: CopyObjectResult?.ETag, versionId: VersionId, encryption: encryptionOf(answer) };
      }),
    copyPart: ({ from, offset, length, ...part }, call) =>
      request(call, async (send) => {
        const input = {
          Bucket,
          Key: part.key,
          UploadId: part.uploadId,
          PartNumber: part.partNumber,
          CopySource: copySource(from),
          CopySourceIfMatch: part.ifSourceMatch,
          CopySourceRange: `bytes=${offset}-${offset + length - 1}`,
          ...opened,
          ...copiedKey(from.encryption),
        };
        const { CopyPartResult, $metadata } = await send("UploadPartCopy", input);
        return { etag: required(CopyPartResult?.ETag, $metadata), digest: digestIn(CopyPartResult ?? {}) };
      }),
  };
}
