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
  /** The name of the bucket. */
  readonly bucket: string;
  /**
   * The bucket's region.
   *
   * @default the region in the endpoint's name, `AWS_REGION`, or the region of the profile; `"us-east-1"` with an
   * `endpoint` and no region
   */
  readonly region?: string | undefined;
  /**
   * The server's URL, without a bucket.
   *
   * @default the value of `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or the profile (`endpoint_url`); else AWS
   */
  readonly endpoint?: string | undefined;
  /**
   * The access keys that sign requests, or a function that returns the access keys.
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
   * A text that is put in front of every key, e.g. `"uploads/"`. The provider uses only the keys that begin with this
   * text.
   *
   * @default none
   */
  readonly keyPrefix?: string | undefined;
  /**
   * The kind of server, or the result of {@link probe}.
   *
   * @default the kind that belongs to the endpoint's name; `"generic"` for an unknown server, and for a `client` with
   * an endpoint of its own
   */
  readonly dialect?: DialectName | Dialect | undefined;
  /**
   * Puts the bucket's name into the path of URLs instead of the host name.
   *
   * @default true if an endpoint is set in any way
   */
  readonly forcePathStyle?: boolean | undefined;
  /**
   * The address at which everyone can read the bucket, for `publicUrl` and `locate`.
   *
   * @default none
   */
  readonly publicBaseUrl?: string | undefined;
  /**
   * The URL at which clients reach the server. This URL is used in links. Set this option if applications reach the
   * server by an internal name, such as `"http://minio:9000"`.
   *
   * @default `endpoint`
   */
  readonly publicEndpoint?: string | undefined;
  /**
   * The key that signs links to a CloudFront distribution. If this option is set, `publicBaseUrl` must be the address
   * of the distribution. Without this option, signed links lead to the bucket.
   *
   * @default none
   */
  readonly cloudFront?: CloudFrontKey | undefined;
  /**
   * Uses Amazon's transfer acceleration: requests go to the nearest edge location. Transfer acceleration must be
   * enabled for the bucket.
   *
   * @default false
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
   */
  readonly accelerate?: boolean | undefined;
  /**
   * Uses Amazon's dual-stack addresses, which can also be reached over IPv6.
   *
   * @default the value of `AWS_USE_DUALSTACK_ENDPOINT` or the profile; else false
   */
  readonly dualstack?: boolean | undefined;
  /**
   * The size of the parts of large objects, in bytes, at least 5 MiB.
   *
   * @default 5 MiB
   */
  readonly partSizeBytes?: number | undefined;
  /**
   * The number of parts that are sent at the same time. Each part takes `partSizeBytes` of memory.
   *
   * @default 4
   */
  readonly concurrency?: number | undefined;
  /**
   * The uploader that splits large bodies into parts. `"pooled"` is the engine of this package. `"lib-storage"` is the
   * engine of `@aws-sdk/lib-storage`, which is slower and takes more memory. Both keep every promise.
   *
   * @default `"pooled"`
   */
  readonly uploader?: "pooled" | "lib-storage" | undefined;
  /**
   * Leaves bodies out of the signature. If bodies are signed, this process has to compute a SHA-256 over every byte.
   *
   * @default true over TLS, which protects bodies; false over plain HTTP
   */
  readonly unsignedPayload?: boolean | undefined;
  /**
   * The way in which objects are stored: encryption, storage class, tags, access list and checksums.
   *
   * @default none
   */
  readonly objects?: ObjectOptions | undefined;
  /**
   * Says that the credentials may list the bucket (`s3:ListBucket`). Without this permission, S3 answers "forbidden"
   * for a missing object. If this option is false, such an answer counts as `NotFound` after a read of one byte has
   * confirmed that the object is missing. `list`, and every call that needs `list`, then fail with `Unsupported`.
   *
   * @default true
   */
  readonly canList?: boolean | undefined;
  /**
   * The part that sends requests. `"own"` is this package's own HTTP client, which takes a fraction of the SDK's time
   * for small objects and listings. `"sdk"` is `@aws-sdk/client-s3`. Behaviour and errors are the same. `"auto"` means
   * `"own"`, or `"sdk"` if only the SDK can reach the bucket: with `client`, `accelerate` or FIPS, and for directory
   * buckets, multi-region access points and Object Lambda. `"auto"` also means `"sdk"` while a test mocks the SDK's
   * client, and in Vitest and Jest if no `endpoint` is set. The SDK always signs links and sets buckets up.
   *
   * @default `"auto"`
   */
  readonly wire?: "auto" | "own" | "sdk" | undefined;
  /**
   * A client of `@aws-sdk/client-s3`. The provider uses the client with the client's own configuration. If the client
   * has an endpoint of its own, also set `dialect`. Otherwise the provider refuses conditions, because the kind of
   * server is not known before the first request.
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
  wire: true,
};

/** @throws TypeError for options that do not fit the server. */
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
    throw new TypeError("s3: give publicEndpoint or client, not both: a client signs for its own endpoint");
  }
  if (accelerate === true && bucket.includes(".")) {
    throw new TypeError("s3: accelerate needs a bucket without a dot in its name");
  }
}

/** @throws TypeError for options that are wrong. */
export function assertOptions(options: S3Options): void {
  knownNames("s3", options, S3_OPTIONS);
  const { bucket, dialect, uploader, concurrency = 1, client } = options;
  for (const name of ["forcePathStyle", "accelerate", "dualstack", "unsignedPayload", "canList"] as const) {
    oneOf("s3", name, options[name], [undefined, true, false]);
  }
  if (options.name !== undefined) anyText("s3", "name", options.name, "the name of a provider");
  if (options.region !== undefined)
    nonEmptyText("s3", "region", options.region, 'the name of a region such as "eu-central-1"');
  if (options.publicBaseUrl !== undefined) anyText("s3", "publicBaseUrl", options.publicBaseUrl, "a URL");
  if (options.keyPrefix !== undefined)
    anyText("s3", "keyPrefix", options.keyPrefix, 'a text such as "uploads/"');
  if (client !== undefined && typeof Object(client).send !== "function") {
    throw new TypeError("s3: client must be an S3Client of @aws-sdk/client-s3");
  }
  assertBucket("s3", nonEmptyText("s3", "bucket", bucket, "the name of a bucket"));
  assertEndpoints(options);
  assertCloudFront(options.cloudFront, options.publicBaseUrl);
  assertDialect(dialect);
  oneOf("s3", "wire", options.wire, [undefined, "auto", "own", "sdk"]);
  oneOf("s3", "uploader", uploader, [undefined, "pooled", "lib-storage"]);
  wholeNumber("s3", "concurrency", concurrency, { least: 1, most: PARTS_MAX });
}
