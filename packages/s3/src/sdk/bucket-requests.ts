import type { KeyFailure, S3Client } from "../client.js";
import type { Requests } from "./requests.js";
import { decodeListed } from "./convert.js";
import { senseless } from "./failure.js";

/** Requests about a bucket and many of its keys. */
export function bucketRequests({
  request,
  bucket: Bucket,
}: Requests): Pick<S3Client, "deleteObjects" | "listObjects" | "headBucket"> {
  return {
    deleteObjects: (keys, call) =>
      request(call, async ({ sdk, client }, http) => {
        const Delete = { Quiet: true, Objects: keys.map((Key) => ({ Key })) };
        const { Errors = [] } = await client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete }), http);
        return Errors.map(({ Key = "", Code = "Unknown", Message }): KeyFailure => ({
          key: Key,
          failure: { code: Code, status: Code === "AccessDenied" ? 403 : undefined, cause: Message },
        }));
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
            StartAfter: list.startAfter,
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
    headBucket: (call) =>
      request(call, async ({ sdk, client }, http) => {
        await client.send(new sdk.HeadBucketCommand({ Bucket }), http);
      }),
  };
}
