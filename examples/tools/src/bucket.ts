import type { StorageProvider } from "@stowage/core";
import { local } from "@stowage/local";
import { s3 } from "@stowage/s3";
import { join } from "node:path";

/** The usual variables of a bucket. The AWS SDK finds the credentials, e.g. in `AWS_ACCESS_KEY_ID`. */
export interface BucketEnvironment {
  /** Without it a folder stands for the bucket. */
  readonly AWS_S3_BUCKET?: string | undefined;
  readonly AWS_REGION?: string | undefined;
  /** Of a server that is not Amazon's. */
  readonly AWS_ENDPOINT_URL_S3?: string | undefined;
}

export function bucketOf(environment: BucketEnvironment, home: string): StorageProvider {
  const { AWS_S3_BUCKET: bucket, AWS_REGION: region, AWS_ENDPOINT_URL_S3: endpoint } = environment;
  if (bucket === undefined) return local({ name: "bucket", root: join(home, "bucket"), create: true });
  return s3({ name: "bucket", bucket, region, endpoint });
}
