import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { S3Client } from "../server/client.js";
import { digestOf } from "../server/digest.js";
import { assertSensible, senseless } from "../connection/failure.js";
import { encryptionOf } from "./object-fields.js";
import type { Requests, Storing } from "./shared.js";
import { digestFields, objectAnswer, sdkFields, sizeIn } from "./convert.js";
import { askForSize, openWithSize } from "./sizes.js";

type Verb = "putObject" | "getObject" | "headObject" | "deleteObject";

/** Makes the requests about one object. */
export function objectRequests(
  { request, bucket: Bucket }: Requests,
  { made, opened, algorithm, compares }: Storing,
): Pick<S3Client, Verb> {
  const reading = { ...opened, ...(compares && { ChecksumMode: "ENABLED" as const }) };
  return {
    putObject: (put, call) =>
      request(call, async (send) => {
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
        const answer = await send("PutObject", input);
        assertSensible(answer.ETag, answer.$metadata);
        return {
          etag: answer.ETag,
          versionId: answer.VersionId,
          encryption: encryptionOf(answer),
        };
      }),
    getObject: (get, call) =>
      request(call, async (send) => {
        const { key: Key, versionId: VersionId, range: Range, ifMatch: IfMatch } = get;
        const input = { Bucket, Key, VersionId, Range, IfMatch, ...reading };
        const open = (range = Range): Promise<GetObjectCommandOutput> =>
          send("GetObject", { ...input, Range: range });
        return await openWithSize(Range, open);
      }),
    headObject: ({ key: Key, versionId: VersionId }, call) =>
      request(call, async (send) => {
        const input = { Bucket, Key, VersionId, ...reading };
        const answer = await send("HeadObject", input);
        if (sizeIn(answer) !== undefined) return objectAnswer(answer);
        const ranged = { ...input, Range: "bytes=0-0" };
        return objectAnswer(answer, await askForSize(() => send("GetObject", ranged)));
      }),
    deleteObject: ({ key: Key, versionId: VersionId, ifMatch: IfMatch }, call) =>
      request(call, async (send) => {
        const { $metadata } = await send("DeleteObject", { Bucket, Key, VersionId, IfMatch });
        // This answer may be an HTML page of a server that does not speak S3. S3 answers with 204, and every answer of
        // S3 has a request id.
        if ($metadata?.httpStatusCode === 200 && $metadata.requestId === undefined)
          throw senseless($metadata);
      }),
  };
}
