import type {
  DeleteObjectsCommandOutput,
  ListObjectsV2CommandOutput,
  _Error as SdkKeyError,
  _Object as SdkObject,
} from "@aws-sdk/client-s3";
import type { ListedObject, S3Client, S3Failure } from "../server/client.js";
import type { Requests } from "./shared.js";
import { decodeListed } from "./convert.js";
import { required, senseless } from "../connection/failure.js";
import { safeName } from "../connection/safe-cause.js";

/** Makes the requests that list a bucket or delete many of its keys. */
export function bucketRequests({
  request,
  bucket: Bucket,
}: Requests): Pick<S3Client, "deleteObjects" | "listObjects"> {
  return {
    deleteObjects: (keys, call) =>
      request(call, async (send) => {
        const Delete = { Objects: keys.map((Key) => ({ Key })) };
        const answer = await send("DeleteObjects", { Bucket, Delete });
        const { Deleted = [], Errors = [], $metadata } = answer;
        if (Deleted.length + Errors.length === 0) throw senseless($metadata);
        const gone = new Set(Deleted.map(({ Key }) => Key));
        const errors = new Map(Errors.map((error) => [error.Key, error]));
        return keys
          .filter((key) => !gone.has(key))
          .map((key) => ({ key, failure: keyFailure(errors.get(key), $metadata) }));
      }),
    listObjects: (list, call) =>
      request(call, async (send) => {
        const answer = await send("ListObjectsV2", {
          Bucket,
          Prefix: list.prefix === "" ? undefined : list.prefix,
          Delimiter: list.delimiter,
          MaxKeys: list.limit,
          ContinuationToken: list.token,
          StartAfter: list.after,
          EncodingType: "url",
        });
        if (answer.IsTruncated === undefined) throw senseless(answer.$metadata);
        return {
          objects: (answer.Contents ?? []).map((object) => listedObject(object, answer)),
          prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) =>
            decodeListed(required(Prefix, answer.$metadata), answer),
          ),
          token: answer.NextContinuationToken,
          isTruncated: answer.IsTruncated,
        };
      }),
  };
}

function listedObject(object: SdkObject, answer: ListObjectsV2CommandOutput): ListedObject {
  const { Key, Size, ETag, LastModified } = object;
  const key = decodeListed(required(Key, answer.$metadata), answer);
  return { key, size: Size, etag: ETag, lastModified: LastModified };
}

/**
 * Returns the failure for a key that was not deleted. If the answer does not name the key, the server did not
 * understand the request.
 */
function keyFailure(
  error: SdkKeyError | undefined,
  metadata: DeleteObjectsCommandOutput["$metadata"],
): S3Failure {
  if (error === undefined) return senseless(metadata).failure;
  const Code = safeName(error.Code) ?? "Unknown";
  return { code: Code, status: Code === "AccessDenied" ? 403 : undefined, cause: undefined };
}
