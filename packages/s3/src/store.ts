import { headersOf, type ObjectInfo, type Operation } from "@stowage/core/provider";
import type { CloudFrontKey } from "./links/cloudfront-key.js";
import type { ObjectAnswer, S3Client } from "./server/client.js";
import type { Dialect } from "./server/dialect.js";
import type { Digest } from "./server/digest.js";
import type { S3Setup } from "./sdk/setup-requests.js";
import type { S3Signer } from "./server/signer.js";
import { toS3Error, type FailureContext } from "./server/errors.js";
import { bareEtag, toEtag } from "./server/etag.js";
import { fromHeaders } from "./server/facts.js";
import type { ObjectOptions } from "./server/object-options.js";
import type { Server } from "./server/server.js";
import type { Places } from "./places.js";
import type { ChosenWire } from "./wire/choose.js";

/** The connection, the settings and the state that all methods of one provider share. */
export interface Store {
  readonly name: string;
  readonly bucket: string;
  readonly client: S3Client;
  readonly signer: S3Signer;
  readonly setup: S3Setup;
  /** Returns a connection to the same server that stores objects with other options. */
  readonly storing: (objects: ObjectOptions) => Pick<Store, "client" | "signer" | "setup" | "storing">;
  /** Opens a second client of the same server, for a different dialect. */
  readonly open: (dialect: Dialect) => S3Client;
  /** The part of this package that sends the requests. */
  readonly wire: ChosenWire;
  readonly places: Places;
  readonly dialect: Dialect;
  readonly partSizeBytes: number;
  /** The options with which objects are stored. */
  readonly objects: ObjectOptions;
  /** True when the server has shown that it encrypts objects. */
  encrypts: boolean;
  /** True when an object has shown how the server treats storage classes. */
  knowsClass: boolean;
  /** The number of parts that are sent at the same time. */
  readonly concurrency: number;
  /** The uploader that cuts bodies into parts. */
  readonly uploader: "pooled" | "lib-storage";
  /** The key that signs links to the CloudFront distribution. */
  readonly cloudFront: CloudFrontKey | undefined;
  /** Returns what is known so far about the server that receives the requests. */
  readonly server: () => Server;
  /** True if the credentials may list the bucket. */
  readonly canList: boolean;
  /** The client that sends the requests, if the application has made that client. */
  readonly clientOfCaller: object | undefined;
  /** The uploads in parts that are under way, by their ids. */
  readonly uploads: Set<string>;
  /** The time of the last request that showed that the bucket exists, read from the monotonic clock. */
  bucketSeenAt: number;
}

/** Returns an ETag in the form that this server compares. */
export function comparable({ dialect }: Store, etag: string | undefined): string | undefined {
  return dialect.bareIfMatch ? (bareEtag(etag) ?? etag) : etag;
}

/** Returns the error code for a condition that did not hold. */
function conditionOf(ifNoneMatch: "*" | undefined): "AlreadyExists" | "PreconditionFailed" {
  return ifNoneMatch === undefined ? "PreconditionFailed" : "AlreadyExists";
}

/** The facts about a request that help to explain its failure. */
interface Attempted {
  readonly operation: Operation;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly action: string;
  readonly writes?: boolean | undefined;
  readonly condition?: FailureContext["condition"];
}

/** Returns the facts about the request that makes an object visible. */
export function writing(
  {
    operation,
    key,
    options,
  }: Pick<Attempted, "operation"> & {
    readonly key: string;
    readonly options: { readonly ifNoneMatch?: "*" | undefined };
  },
  signal: AbortSignal | undefined,
): Attempted {
  const condition = conditionOf(options.ifNoneMatch);
  return { operation, key, signal, action: "s3:PutObject", writes: true, condition };
}

/** Sends a request, and turns its failure into a `StorageError`. */
export async function ask<T>(store: Store, attempted: Attempted, send: () => Promise<T>): Promise<T> {
  attempted.signal?.throwIfAborted();
  const { name: provider, bucket } = store;
  try {
    return await send();
  } catch (error) {
    throw toS3Error(error, { ...attempted, provider, bucket, writes: attempted.writes ?? false });
  }
}

/** Returns the public facts of an object that a server has described. */
export function infoOf(store: Store, key: string, answer: ObjectAnswer): ObjectInfo {
  const { size, lastModified } = answer;
  return {
    key,
    size,
    etag: toEtag(answer.etag),
    lastModified,
    ...headersOf(answer),
    ...fromHeaders(answer.metadata),
    ...versionOf(answer.versionId),
    ...checksumOf(answer.digest),
    provider: store.name,
    ref: store.places.ref(key),
  };
}

function checksumOf(digest: Digest | undefined): Pick<ObjectInfo, "checksum"> {
  if (digest === undefined) return {};
  const { algorithm, value } = digest;
  return { checksum: { algorithm, value: Buffer.from(value, "base64").toString("hex") } };
}

/**
 * Returns the version of an object. Servers without versions return the text `null` for the only version. This text is
 * left out.
 */
function versionOf(version: string | undefined): { readonly version?: string } {
  return version === undefined || version === "null" ? {} : { version };
}
