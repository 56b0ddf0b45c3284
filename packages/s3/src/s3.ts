import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import { SUPPORTS_ALL, prefixed, type EveryMember, type StorageProvider, type Supports } from "@stowage/core";
import { clientUploads } from "./client-uploads.js";
import { assertCloudFront, type CloudFrontKey } from "./cloudfront.js";
import { copyObject } from "./copy.js";
import { deleteObject, deleteObjects } from "./delete.js";
import { DIALECTS, assertDialect, dialectOf, regionOf, type Dialect, type DialectName } from "./dialect.js";
import { getObject } from "./get.js";
import { headObject } from "./head.js";
import { signUpload, signedUrl } from "./links.js";
import { listObjects } from "./list.js";
import { remember } from "./own-provider.js";
import { PARTS_MAX } from "./parts.js";
import { createPlaces } from "./places.js";
import { putObject } from "./put.js";
import type { Credentials } from "./sdk/load.js";
import { sdkConnection } from "./sdk/requests.js";
import type { Store } from "./store.js";

export interface S3Options {
  readonly bucket: string;
  /** Default: the SDK's own search (`AWS_REGION`, the profile); with an `endpoint` `"us-east-1"`. */
  readonly region?: string | undefined;
  /** The server's URL; absent for AWS. */
  readonly endpoint?: string | undefined;
  /** Default: the SDK's own search (environment, profile, role of the machine). */
  readonly credentials?: Credentials | undefined;
  /** Default `"s3"`. */
  readonly name?: string | undefined;
  /** Put before every key, e.g. `"uploads/"`: a part of the bucket. */
  readonly keyPrefix?: string | undefined;
  /**
   * Which server it is, or what {@link probe} has found out about it; default: what the endpoint's name tells,
   * `"generic"` for one that is not known.
   */
  readonly dialect?: DialectName | Dialect | undefined;
  /** Whether the bucket is in the path of URLs; default `true` with an `endpoint`. */
  readonly forcePathStyle?: boolean | undefined;
  /** Where the bucket is served to everybody, for `publicUrl` and `locate`. */
  readonly publicBaseUrl?: string | undefined;
  /**
   * The server's URL as clients see it, for links; default: `endpoint`. For a server that applications reach by an
   * inner name, such as `"http://minio:9000"`.
   */
  readonly publicEndpoint?: string | undefined;
  /** Signs links below `publicBaseUrl`, a CloudFront distribution's address, instead of links to the bucket. */
  readonly cloudFront?: CloudFrontKey | undefined;
  /**
   * Amazon's transfer acceleration: requests go to the nearest edge. The bucket must be set up for it.
   *
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
   */
  readonly accelerate?: boolean | undefined;
  /** Amazon's addresses that also answer over IPv6. */
  readonly dualstack?: boolean | undefined;
  /** The size of the parts of large objects, in bytes, at least 5 MiB (the default). */
  readonly partSizeBytes?: number | undefined;
  /** How many parts are sent at once; default 4. Each takes `partSizeBytes` of memory. */
  readonly concurrency?: number | undefined;
  /**
   * Who cuts large bodies into parts: `"pooled"`, the engine of this package (the default), or
   * `"lib-storage"`, that of `@aws-sdk/lib-storage`, which is slower and takes more memory. Both keep every promise.
   */
  readonly uploader?: "pooled" | "lib-storage" | undefined;
  /**
   * Leaves bodies out of the signature; default: over TLS, which protects them. Over plain HTTP they are signed,
   * which takes a SHA-256 of every byte.
   */
  readonly unsignedPayload?: boolean | undefined;
  /** A client of `@aws-sdk/client-s3`, used as it is, with whatever it is configured to do. */
  readonly client?: SdkClient | undefined;
}

const CONCURRENCY = 4;

/**
 * A bucket of AWS S3, or of a server that speaks its protocol.
 *
 * A put is whole or not there. Bodies larger than a part are sent in parts, several at once, each tried again by
 * itself; whatever fails, no part is left on the server. What a server is known not to keep, such as a condition
 * that it would ignore in silence, is refused before a byte moves.
 *
 * @throws TypeError for options of the wrong type.
 * @example
 * ```ts
 * const storage = createStorage(s3({ bucket: "videos", region: "eu-central-1" }));
 * ```
 */
export function s3(options: S3Options): StorageProvider {
  assertOptions(options);
  const dialect = chosenDialect(options);
  assertPartSize(options, dialect);
  const store = createStore(options, dialect);
  const whole = provider(store, options);
  const { keyPrefix } = options;
  if (keyPrefix === undefined) return remember(whole, { store, keyPrefix: "" });
  return remember(prefixed(whole, keyPrefix), { store, keyPrefix });
}

function chosenDialect({ dialect, endpoint }: S3Options): Dialect {
  if (dialect === undefined) return dialectOf(endpoint);
  return typeof dialect === "string" ? DIALECTS[dialect] : dialect;
}

function createStore(options: S3Options, dialect: Dialect): Store {
  const { bucket, endpoint, credentials, client, publicBaseUrl } = options;
  const name = options.name ?? "s3";
  const region = options.region ?? (endpoint === undefined ? undefined : regionOf(endpoint));
  const unsignedPayload = options.unsignedPayload ?? endpoint?.startsWith("http:") !== true;
  const forcePathStyle = options.forcePathStyle ?? endpoint !== undefined;
  const { accelerate = false, dualstack = false, publicEndpoint } = options;
  const where = { bucket, region, endpoint, publicEndpoint, accelerate, dualstack };
  const request = { ...where, credentials, forcePathStyle, unsignedPayload, client };
  return {
    ...sdkConnection(request, dialect),
    name,
    bucket,
    open: (other) => sdkConnection(request, other).client,
    places: createPlaces({ provider: name, bucket, region, endpoint, publicEndpoint, publicBaseUrl }),
    dialect,
    partSizeBytes: options.partSizeBytes ?? dialect.partBytesMin,
    concurrency: options.concurrency ?? CONCURRENCY,
    uploader: options.uploader ?? "pooled",
    cloudFront: options.cloudFront,
    endpoint,
    uploads: new Set(),
    bucketSeenAt: Number.NEGATIVE_INFINITY,
  };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const OBJECT_BYTES_MAX = 5 * 1024 ** 4;

function supportsOf({ dialect }: Store): Supports {
  return {
    ...SUPPORTS_ALL,
    ifNoneMatch: dialect.conditionalPut,
    ifMatch: dialect.conditionalPut && dialect.conditionalComplete,
    ifNoneMatchOnMultipart: dialect.conditionalComplete,
    conditionalDelete: dialect.conditionalDelete,
    objectBytesMax: OBJECT_BYTES_MAX,
  };
}

function provider(store: Store, { publicBaseUrl }: S3Options): StorageProvider {
  const { name, places, dialect } = store;
  return {
    name,
    supports: supportsOf(store),
    put: (key, body, call) => putObject(store, key, body, call),
    get: (key, call) => getObject(store, key, call),
    head: (key, call) => headObject(store, key, call),
    delete: (key, call) => deleteObject(store, key, call),
    list: (call) => listObjects(store, call),
    ref: places.ref,
    locate: places.locate,
    copy: (from, to, call) => copyObject(store, { store, key: from }, to, call),
    deleteMany: (keys, call) => deleteObjects(store, keys, call),
    publicUrl: publicBaseUrl === undefined ? undefined : places.publicUrl,
    signedUrl: (key, call) => signedUrl(store, key, call),
    signUpload: (key, call) => signUpload(store, key, call),
    multipart: clientUploads(store),
    importFrom: undefined,
    describe: () => ({
      kind: "provider",
      type: "s3",
      name,
      promises: ["a put is whole or not there", "a put that fails leaves no part on the server"],
      limits: [`what the dialect "${dialect.name}" is known to keep`],
    }),
    close: async () => store.client.close(),
  } satisfies EveryMember<StorageProvider>;
}

function assertPartSize({ partSizeBytes }: S3Options, { partBytesMin }: Dialect): void {
  if (partSizeBytes === undefined) return;
  if (Number.isSafeInteger(partSizeBytes) && partSizeBytes >= partBytesMin) return;
  throw new TypeError(`s3: partSizeBytes is a whole number, at least ${partBytesMin}`);
}

function assertEndpoints({ endpoint, publicEndpoint, client, accelerate, dualstack }: S3Options): void {
  for (const [name, url] of Object.entries({ endpoint, publicEndpoint })) {
    if (url === undefined || /^https?:\/\/[^/]/.test(url)) continue;
    throw new TypeError(`s3: ${name} is a URL such as "https://s3.example.com"`);
  }
  if (publicEndpoint !== undefined && client !== undefined) {
    throw new TypeError("s3: a client of your own signs for its own endpoint: give publicEndpoint or client");
  }
  if ((accelerate === true || dualstack === true) && endpoint !== undefined) {
    throw new TypeError("s3: accelerate and dualstack are addresses of Amazon's: leave endpoint out");
  }
}

function assertOptions(options: S3Options): void {
  const { bucket, dialect, uploader, concurrency = CONCURRENCY } = options;
  if (typeof bucket !== "string" || bucket === "") throw new TypeError("s3: bucket is the name of a bucket");
  assertEndpoints(options);
  assertCloudFront(options.cloudFront, options.publicBaseUrl);
  assertDialect(dialect);
  if (uploader !== undefined && uploader !== "pooled" && uploader !== "lib-storage") {
    throw new TypeError(`s3: uploader is "pooled" or "lib-storage", not ${String(uploader)}`);
  }
  if (!Number.isSafeInteger(concurrency) || concurrency < 1 || concurrency > PARTS_MAX) {
    throw new TypeError("s3: concurrency is a whole number, at least 1");
  }
}
