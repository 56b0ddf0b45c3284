// The commands of the guide, whose members are buckets.
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundlePackages } from "../guides/packages.js";
import { openSite, type Place } from "../guides/site.js";
import { GUIDE_TESTS } from "../guides/stories.js";
import { install } from "../s3-servers/debian.js";
import type { Real, RealTest } from "./real.js";

export const GUIDES: readonly RealTest[] = GUIDE_TESTS.map(({ title, run }) => ({
  title,
  on: ["ceph"],
  run: async (real: Real) => {
    const site = openSite(await placeOf(real));
    try {
      await run(site);
    } finally {
      await site.close();
      await removeBuckets(real.client);
    }
  },
}));

async function placeOf({ folder, server }: Real): Promise<Place> {
  await install({
    title: "The programs that the guide calls",
    programs: ["/usr/bin/aws", "/usr/bin/sqlite3"],
    packages: ["awscli", "sqlite3"],
  });
  const { accessKeyId, secretAccessKey } = server.credentials;
  const programs = join(folder, "bin");
  await mkdir(programs);
  // Debian's client is older than the variable that names the server.
  const aws = '#!/bin/sh\nexec /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL_S3" "$@"\n';
  await writeFile(join(programs, "aws"), aws);
  await chmod(join(programs, "aws"), 0o755);
  const site = join(folder, "site");
  await mkdir(site);
  await bundlePackages(site);
  const env = {
    PATH: `${programs}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: folder,
    LC_ALL: "C.UTF-8",
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  };
  return { folder: site, variant: "buckets", env };
}

/** The pages name their buckets, so the next test finds none of them. */
async function removeBuckets(client: S3Client): Promise<void> {
  const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
  for (const { Name: Bucket = "" } of Buckets) {
    if (!Bucket.startsWith("videos-")) continue;
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket, Key }));
    await client.send(new DeleteBucketCommand({ Bucket }));
  }
}
