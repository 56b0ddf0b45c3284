import type { S3Client } from "../server/client.js";
import type { Requests } from "./shared.js";

/** Makes the requests about the tags of one object. */
export function tagRequests({ request, bucket: Bucket }: Requests): Pick<S3Client, "readTags" | "writeTags"> {
  return {
    readTags: ({ key: Key, versionId: VersionId }, call) =>
      request(call, async (send) => {
        const { TagSet = [] } = await send("GetObjectTagging", { Bucket, Key, VersionId });
        return Object.fromEntries(TagSet.map(({ Key: name = "", Value = "" }) => [name, Value]));
      }),
    writeTags: ({ key: Key, versionId: VersionId, tags }, call) =>
      request(call, async (send) => {
        const TagSet = Object.entries(tags).map(([name, Value]) => ({ Key: name, Value }));
        await send("PutObjectTagging", { Bucket, Key, VersionId, Tagging: { TagSet } });
      }),
  };
}
