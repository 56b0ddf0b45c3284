import type { S3Client } from "../server/client.js";
import type { Requests } from "./shared.js";

/** Makes the requests about the tags of one object. */
export function tagRequests({ request, bucket: Bucket }: Requests): Pick<S3Client, "readTags" | "writeTags"> {
  return {
    readTags: ({ key: Key, versionId: VersionId }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const tagging = new sdk.GetObjectTaggingCommand({ Bucket, Key, VersionId });
        const { TagSet = [] } = await client.send(tagging, http);
        return Object.fromEntries(TagSet.map(({ Key: name = "", Value = "" }) => [name, Value]));
      }),
    writeTags: ({ key: Key, versionId: VersionId, tags }, call) =>
      request(call, async ({ sdk, client }, http) => {
        const TagSet = Object.entries(tags).map(([name, Value]) => ({ Key: name, Value }));
        const tagging = new sdk.PutObjectTaggingCommand({ Bucket, Key, VersionId, Tagging: { TagSet } });
        await client.send(tagging, http);
      }),
  };
}
