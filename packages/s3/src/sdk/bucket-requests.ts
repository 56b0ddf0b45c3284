import type { DeleteObjectsCommandOutput, _Error as SdkKeyError } from "@aws-sdk/client-s3";
import type { S3Client, S3Failure } from "../server/client.js";
import type { Requests } from "./shared.js";
import { decodeListed } from "./convert.js";
import { senseless } from "./failure.js";
import { safeName } from "./safe-cause.js";

/** Requests about a bucket and many of its keys. */
export function bucketRequests({
  request,
  bucket: Bucket,
}: Requests): Pick<S3Client, "deleteObjects" | "listObjects"> {
  return {
    deleteObjects: (keys, call) =>
      request(call, async ({ sdk, client }, http) => {
        const Delete = { Objects: keys.map((Key) => ({ Key })) };
        const answer = await client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete }), http);
        const { Deleted = [], Errors = [], $metadata } = answer;
        const gone = new Set(Deleted.map(({ Key }) => Key));
        const errors = new Map(Errors.map((error) => [error.Key, error]));
        return keys
          .filter((key) => !gone.has(key))
          .map((key) => ({ key, failure: keyFailure(errors.get(key), $metadata) }));
      }),
    listObjects: (list, call) =>
      request(call, async ({ sdk, client }, http) => {
        const answer = await client.send(
          new sdk.ListObjectsV2Command({
            Bucket,
            Prefix: list.prefix === "" ? undefined : list.prefix,
            Delimiter: list.delimiter,
            MaxKeys: list.limit,
            ContinuationToken: list.token,
            StartAfter: list.after,
            EncodingType: "url",
          }),
          http,
        );
        if (answer.IsTruncated === undefined) throw senseless(answer.$metadata);
        return {
          objects: (answer.Contents ?? []).map(({ Key = "", Size = 0, ETag, LastModified }) => ({
            key: decodeListed(Key),
            size: Size,
            etag: ETag,
            lastModified: LastModified,
          })),
          prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix = "" }) => decodeListed(Prefix)),
          token: answer.NextContinuationToken,
          isTruncated: answer.IsTruncated,
        };
      }),
  };
}

/** Why a key is still there. One that the answer does not name was not understood by whoever answered. */
function keyFailure(
  error: SdkKeyError | undefined,
  metadata: DeleteObjectsCommandOutput["$metadata"],
): S3Failure {
  if (error === undefined) return senseless(metadata).failure;
  const Code = safeName(error.Code) ?? "Unknown";
  return { code: Code, status: Code === "AccessDenied" ? 403 : undefined, cause: undefined };
}
