import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { ObjectAnswer, S3Client } from "../client.js";
import type { Dialect } from "../dialect.js";
import { required, senseless } from "./failure.js";
import type { Requests } from "./requests.js";
import { checksumFields, checksumOf, objectAnswer, sdkFields } from "./convert.js";
import type { Readable } from "node:stream";

type Verb = "putObject" | "getObject" | "headObject" | "deleteObject";

/** Requests about one object. */
export function objectRequests(
  { request, bucket: Bucket }: Requests,
  dialect: Dialect,
): Pick<S3Client, Verb> {
  return {
    putObject: (put, call) =>
      request(call, async ({ sdk, client }, http) => {
        const { key: Key, body: Body, ifMatch: IfMatch, ifNoneMatch: IfNoneMatch } = put;
        const input = {
          Bucket,
          Key,
          Body,
          IfMatch,
          IfNoneMatch,
          ...sdkFields(put.fields),
          ...checksumFields(put.crc32 ?? checksumOf(put.body, dialect)),
        };
        const answer = await client.send(new sdk.PutObjectCommand(input), http);
        return { etag: required(answer.ETag, answer.$metadata), versionId: answer.VersionId };
      }),
    getObject: (get, call) =>
      request(call, async ({ sdk, client }, http) => {
        const { key: Key, versionId: VersionId, range: Range, ifMatch: IfMatch } = get;
        const answer = await client.send(
          new sdk.GetObjectCommand({ Bucket, Key, VersionId, Range, IfMatch }),
          http,
        );
        return { ...opened(answer), contentRange: answer.ContentRange };
      }),
    headObject: ({ key: Key, versionId: VersionId }, call) =>
      request(call, async ({ sdk, client }, http) =>
        objectAnswer(await client.send(new sdk.HeadObjectCommand({ Bucket, Key, VersionId }), http)),
      ),
    deleteObject: ({ key: Key, versionId: VersionId, ifMatch: IfMatch }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const { $metadata } = await client.send(
          new sdk.DeleteObjectCommand({ Bucket, Key, VersionId, IfMatch }),
          http,
        );
        // A page of HTML, say: S3 answers 204, and whatever it answers has an id.
        if ($metadata?.httpStatusCode === 200 && $metadata.requestId === undefined)
          throw senseless($metadata);
      }),
  };
}

/** The facts and the body; a body without facts is let go of, with its socket. */
function opened(answer: GetObjectCommandOutput): ObjectAnswer & { readonly body: Readable } {
  const body = answer.Body as unknown as Readable;
  try {
    return { ...objectAnswer(answer), body };
  } catch (error) {
    body.destroy();
    throw error;
  }
}
