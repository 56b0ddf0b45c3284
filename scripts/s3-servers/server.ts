import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";

/** A server that runs on this machine. */
export interface S3Server {
  /** With its version. */
  readonly title: string;
  readonly endpoint: string;
  /** The same server over TLS. */
  readonly tlsEndpoint?: string | undefined;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes another user, who may do nothing until somebody lets him; absent where the tests need none. */
  readonly addUser?: (() => Promise<ServerUser>) | undefined;
  /** Kills what answers requests, and starts it again over the same objects; absent where no test needs it. */
  readonly gateway?: Gateway | undefined;
  readonly stop: () => Promise<void>;
}

export interface Gateway {
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
}

export interface ServerUser {
  /** As policies name him. */
  readonly arn: string;
  readonly credentials: S3Server["credentials"];
}

/** Makes a bucket. @returns What an example knows of it: the usual variables, as if the server were somebody's own. */
export async function bucketVariables(
  { endpoint, credentials }: S3Server,
  bucket: string,
): Promise<Record<string, string>> {
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return {
    AWS_S3_BUCKET: bucket,
    AWS_REGION: "us-east-1",
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}
