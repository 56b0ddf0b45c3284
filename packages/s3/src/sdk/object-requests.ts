import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { ObjectAnswer, S3Client } from "../server/client.js";
import { digestOf } from "../server/digest.js";
import { required, senseless } from "./failure.js";
import { encryptionOf } from "./object-fields.js";
import type { Requests, Storing } from "./shared.js";
import { digestFields, objectAnswer, sdkFields } from "./convert.js";
import type { Readable } from "node:stream";

type Verb = "putObject" | "getObject" | "headObject" | "deleteObject";

/** Requests about one object. */
export function objectRequests(
  { request, bucket: Bucket }: Requests,
  { made, opened, algorithm, compares }: Storing,
): Pick<S3Client, Verb> {
  const reading = { ...opened, ...(compares && { ChecksumMode: "ENABLED" as const }) };
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
          ...made,
          ...sdkFields(put.fields),
          ...digestFields(put.digest ?? (algorithm && digestOf(put.body, algorithm))),
        };
        const answer = await client.send(new sdk.PutObjectCommand(input), http);
        return {
          etag: required(answer.ETag, answer.$metadata),
          versionId: answer.VersionId,
          encryption: encryptionOf(answer),
        };
      }),
    getObject: (get, call) =>
      request(call, async ({ sdk, client }, http) => {
        const { key: Key, versionId: VersionId, range: Range, ifMatch: IfMatch } = get;
        const answer = await client.send(
          new sdk.GetObjectCommand({ Bucket, Key, VersionId, Range, IfMatch, ...reading }),
          http,
        );
        return { ...openedObject(answer), contentRange: answer.ContentRange };
      }),
    headObject: ({ key: Key, versionId: VersionId }, call) =>
      request(call, async ({ sdk, client }, http) =>
        objectAnswer(
          await client.send(new sdk.HeadObjectCommand({ Bucket, Key, VersionId, ...reading }), http),
        ),
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
function openedObject(answer: GetObjectCommandOutput): ObjectAnswer & { readonly body: Readable } {
  const body = answer.Body as unknown as Readable;
  try {
    return { ...objectAnswer(answer), body };
  } catch (error) {
    body.destroy();
    throw error;
  }
}
