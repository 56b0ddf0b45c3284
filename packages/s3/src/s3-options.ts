import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import { assertCloudFront } from "./links/cloudfront.js";
import { assertDialect, type Dialect, type DialectName } from "./server/dialect.js";
import { assertBucket, assertEndpoint } from "./server/endpoint.js";
import { assertObjectOptions, type ObjectOptions } from "./server/object-options.js";
import { PARTS_MAX } from "./upload/parts.js";
import type { Credentials } from "./sdk/load.js";
import type { CloudFrontKey } from "./links/cloudfront-key.js";
import {
  anyText,
  knownNames,
  nonEmptyText,
  oneOf,
  wholeNumber,
  type OptionNames,
} from "@stowage/core/provider";

/** The options of {@link s3}. */
export interface S3Options {
  readonly bucket: string;
  /**
   * The bucket's region.
   *
   * @default that in the endpoint's name, `AWS_REGION`, the profile's; with an `endpoint` without any `"us-east-1"`
   */
  readonly region?: string | undefined;
  /**
   * The server's URL, without a bucket.
   *
   * @default that of `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or the profile (`endpoint_url`); else AWS
   */
  readonly endpoint?: string | undefined;
  /**
   * The keys that sign requests, or a function that gives them.
   *
   * @default the SDK's own search (environment, profile, role of the machine)
   */
  readonly credentials?: Credentials | undefined;
  /**
   * The provider's name in errors, logs and composers.
   *
   * @default `"s3"`
   */
  readonly name?: string | undefined;
  /**
   * Put before every key, e.g. `"uploads/"`: a part of the bucket.
   *
   * @default none
   */
  readonly keyPrefix?: string | undefined;
  /**
   * Which server it is, or what {@link probe} has found out about it.
   *
   * @default what the endpoint's name tells; `"generic"` for an unknown server, and for a `client` with an endpoint of
   * its own
   */
  readonly dialect?: DialectName | Dialect | undefined;
  /**
   * Puts the bucket into the path of URLs, instead of the host.
   *
   * @default true with an endpoint, wherever it is given
   */
  readonly forcePathStyle?: boolean | undefined;
  /**
   * Where the bucket is served to everybody, for `publicUrl` and `locate`.
   *
   * @default none
   */
  readonly publicBaseUrl?: string | undefined;
  /**
   * The server's URL as clients see it, for links. For a server that applications reach by an inner name, such as
   * `"http://minio:9000"`.
   *
   * @default `endpoint`
   */
  readonly publicEndpoint?: string | undefined;
  /**
   * Signs links below `publicBaseUrl`, a CloudFront distribution's address, instead of links to the bucket.
   *
   * @default none
   */
  readonly cloudFront?: CloudFrontKey | undefined;
  /**
   * Amazon's transfer acceleration: requests go to the nearest edge. The bucket must be set up for it.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
   */
  readonly accelerate?: boolean | undefined;
  /**
   * Uses Amazon's addresses that also answer over IPv6.
   *
   * @default that of `AWS_USE_DUALSTACK_ENDPOINT` or the profile; else false
   */
  readonly dualstack?: boolean | undefined;
  /**
   * The size of the parts of large objects, in bytes, at least 5 MiB.
   *
   * @default 5 MiB
   */
  readonly partSizeBytes?: number | undefined;
  /**
   * How many parts are sent at once. Each takes `partSizeBytes` of memory.
   *
   * @default 4
   */
  readonly concurrency?: number | undefined;
  /**
   * Which uploader splits large bodies into parts: `"pooled"`, the engine of this package, or `"lib-storage"`, that
   * of `@aws-sdk/lib-storage`, which is slower and takes more memory. Both keep every promise.
   *
   * @default `"pooled"`
   */
  readonly uploader?: "pooled" | "lib-storage" | undefined;
  /**
   * Leaves bodies out of the signature. Over plain HTTP they are signed, which takes a SHA-256 of every byte.
   *
   * @default true over TLS, which protects bodies
   */
  readonly unsignedPayload?: boolean | undefined;
  /**
   * How objects are stored: encryption, class, tags, access, checksums.
   *
   * @default none
   */
  readonly objects?: ObjectOptions | undefined;
  /**
   * Whether the credentials may list the bucket (`s3:ListBucket`). S3 answers "forbidden" for what is not there to
   * those that may not. With false that counts as `NotFound`, after a read of one byte was refused as S3 refuses what is
   * not there; `list`, and what needs it, is `Unsupported`.
   *
   * @default true
   */
  readonly canList?: boolean | undefined;
  /**
   * A client of `@aws-sdk/client-s3`, used as it is, with whatever it is configured to do. The server of a client with
   * an endpoint of its own is known only when requests are sent: name it by `dialect`, or conditions are refused.
   *
   * @default none
   */
  readonly client?: SdkClient | undefined;
}

const S3_OPTIONS: OptionNames<S3Options> = {
  bucket: true,
  region: true,
  endpoint: true,
  credentials: true,
  name: true,
  keyPrefix: true,
  dialect: true,
  forcePathStyle: true,
  publicBaseUrl: true,
  publicEndpoint: true,
  cloudFront: true,
  accelerate: true,
  dualstack: true,
  partSizeBytes: true,
  concurrency: true,
  uploader: true,
  unsignedPayload: true,
  objects: true,
  canList: true,
  client: true,
};

/** @throws TypeError for options that do not go with the server. */
export function assertForServer(options: S3Options, dialect: Dialect): void {
  assertPartSize(options, dialect);
  assertObjectOptions(options.objects ?? {}, dialect);
}

function assertPartSize({ partSizeBytes }: S3Options, { partBytesMin }: Dialect): void {
  if (partSizeBytes !== undefined) wholeNumber("s3", "partSizeBytes", partSizeBytes, { least: partBytesMin });
}

function assertEndpoints({ publicEndpoint, client, bucket, accelerate }: S3Options): void {
  if (publicEndpoint !== undefined) assertEndpoint("publicEndpoint", publicEndpoint, bucket);
  if (publicEndpoint !== undefined && client !== undefined) {
    throw new TypeError("s3: a client of your own signs for its own endpoint: give publicEndpoint or client");
  }
  if (accelerate === true && bucket.includes(".")) {
    throw new TypeError("s3: accelerate is for buckets without a dot in their names");
  }
}

/** @throws TypeError for options that are wrong. */
export function assertOptions(options: S3Options): void {
  knownNames("s3", options, S3_OPTIONS);
  const { bucket, dialect, uploader, concurrency = 1, client } = options;
  for (const name of ["forcePathStyle", "accelerate", "dualstack", "unsignedPayload", "canList"] as const) {
    oneOf("s3", name, options[name], [undefined, true, false]);
  }
  if (options.name !== undefined) anyText("s3", "name", options.name, "a text");
  if (options.region !== undefined)
    nonEmptyText("s3", "region", options.region, 'the name of a region such as "eu-central-1"');
  if (options.publicBaseUrl !== undefined) anyText("s3", "publicBaseUrl", options.publicBaseUrl, "a text");
  if (options.keyPrefix !== undefined)
    anyText("s3", "keyPrefix", options.keyPrefix, 'a text such as "uploads/"');
  if (client !== undefined && typeof Object(client).send !== "function") {
    throw new TypeError("s3: client is an S3Client of @aws-sdk/client-s3");
  }
  assertBucket("s3", nonEmptyText("s3", "bucket", bucket, "the name of a bucket"));
  assertEndpoints(options);
  assertCloudFront(options.cloudFront, options.publicBaseUrl);
  assertDialect(dialect);
  oneOf("s3", "uploader", uploader, [undefined, "pooled", "lib-storage"]);
  wholeNumber("s3", "concurrency", concurrency, { least: 1, most: PARTS_MAX });
}
