import { type IdleBodies, type ObjectHeaders } from "@stowage/core/provider";
import type { Readable } from "node:stream";
import type { Digest } from "./digest.js";
import type { Encryption } from "./object-options.js";

/**
 * What the adapter asks of an S3 client: the requests it sends, by their shape. The AWS SDK stands behind it,
 * and nothing else knows the SDK.
 *
 * **Behaviour**
 * - A call is one request, signed once more when the clock was wrong. It heeds its signal.
 * - A failure is an {@link S3Failure}; an abort rejects with the signal's reason.
 * - Keys are plain text; encoding is the client's business. ETags are as the server gave them.
 */
export interface S3Client {
  /** The objects that nobody reads: they give their connections back when requests wait for one. */
  readonly idle: IdleBodies;
  readonly putObject: (request: PutRequest, call: S3Call) => Promise<WriteAnswer>;
  readonly getObject: (request: GetRequest, call: S3Call) => Promise<GetAnswer>;
  readonly headObject: (request: ObjectRequest, call: S3Call) => Promise<ObjectAnswer>;
  readonly deleteObject: (request: DeleteRequest, call: S3Call) => Promise<void>;
  readonly deleteObjects: (keys: readonly string[], call: S3Call) => Promise<readonly KeyFailure[]>;
  readonly listObjects: (request: ListRequest, call: S3Call) => Promise<ListAnswer>;
  readonly copyObject: (request: CopyRequest, call: S3Call) => Promise<WriteAnswer>;
  readonly createUpload: (request: CreateUploadRequest, call: S3Call) => Promise<CreatedUpload>;
  readonly uploadPart: (request: PartRequest, call: S3Call) => Promise<PartAnswer>;
  readonly copyPart: (request: CopyPartRequest, call: S3Call) => Promise<PartAnswer>;
  /** @returns All parts that have arrived. */
  readonly listParts: (upload: UploadId, call: S3Call) => Promise<readonly ArrivedPart[]>;
  readonly completeUpload: (request: CompleteRequest, call: S3Call) => Promise<WriteAnswer>;
  /** @returns The uploads of one key that have been begun and neither completed nor aborted. */
  readonly listUploads: (key: string, call: S3Call) => Promise<readonly BegunUpload[]>;
  readonly readTags: (object: ObjectRequest, call: S3Call) => Promise<Readonly<Record<string, string>>>;
  /** Replaces all tags. */
  readonly writeTags: (request: TagsRequest, call: S3Call) => Promise<void>;
  readonly abortUpload: (upload: UploadId, call: S3Call) => Promise<void>;
  readonly close: () => void;
}

export interface S3Call {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of a body have left so far. A body of a few blocks may go without a word. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** Of a request that makes a change: called when nothing is left to do but to send its last bytes. */
  readonly beforeCommit?: (() => void) | undefined;
}

/** Headers as they travel: ASCII, ready to be sent. */
export interface ObjectFields extends ObjectHeaders {
  /** Names in lower case, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectRequest {
  readonly key: string;
  readonly versionId?: string | undefined;
}

export interface Conditions {
  readonly ifNoneMatch?: "*" | undefined;
  /** Without its quotes where the dialect wants it so. */
  readonly ifMatch?: string | undefined;
}

export interface PutRequest extends Conditions {
  readonly key: string;
  readonly body: Uint8Array;
  readonly fields: ObjectFields;
  /** The body's; default: computed where the dialect has it. */
  readonly digest?: Digest | undefined;
}

export interface GetRequest extends ObjectRequest {
  /** As in the header `Range`. */
  readonly range?: string | undefined;
  readonly ifMatch?: string | undefined;
}

export interface DeleteRequest extends ObjectRequest {
  readonly ifMatch?: string | undefined;
}

export interface TagsRequest extends ObjectRequest {
  readonly tags: Readonly<Record<string, string>>;
}

export interface ListRequest {
  readonly prefix: string;
  readonly delimiter?: "/" | undefined;
  readonly limit: number;
  /** Where the page before ended, as the server said. */
  readonly token?: string | undefined;
  /** Begins behind this key. */
  readonly after?: string | undefined;
}

export interface CopiedObject extends ObjectRequest {
  readonly bucket: string;
  /** How it is encrypted, when the key has to come with the request. */
  readonly encryption?: Encryption | undefined;
}

export interface CopyRequest {
  readonly from: CopiedObject;
  readonly key: string;
  /** What replaces the source's own. */
  readonly fields: ObjectFields;
  readonly ifNoneMatch?: "*" | undefined;
  /** The source's ETag. */
  readonly ifSourceMatch?: string | undefined;
}

export interface CreateUploadRequest {
  readonly key: string;
  readonly fields: ObjectFields;
  /** Parts will come with a checksum of S3's own; default: where the dialect has one. */
  readonly checksums?: boolean | undefined;
}

export interface CreatedUpload {
  readonly uploadId: string;
  readonly encryption?: string | undefined;
}

export interface UploadId {
  readonly key: string;
  readonly uploadId: string;
}

export interface BegunUpload {
  readonly uploadId: string;
  readonly begunAt?: Date | undefined;
}

export interface PartRequest extends UploadId {
  /** From 1. */
  readonly partNumber: number;
  readonly body: Uint8Array;
}

export interface CopyPartRequest extends UploadId {
  readonly partNumber: number;
  readonly from: CopiedObject;
  readonly ifSourceMatch?: string | undefined;
  readonly offset: number;
  readonly length: number;
}

export interface CompleteRequest extends UploadId, Conditions {
  /** In the order of their numbers. */
  readonly parts: readonly NumberedPart[];
}

/** What a server says about an object. */
export interface ObjectAnswer extends ObjectFields {
  readonly size: number;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly versionId?: string | undefined;
  readonly storageClass?: string | undefined;
  /** Of all of its bytes; present when the server was asked for it and keeps one. */
  readonly digest?: Digest | undefined;
}

export interface GetAnswer extends ObjectAnswer {
  /** As in the header `Content-Range`. */
  readonly contentRange?: string | undefined;
  readonly body: Readable;
}

/** What has to be said of a part when its upload is completed. */
export interface PartAnswer {
  readonly etag: string;
  /** Present when one was sent: then Amazon insists on it. */
  readonly digest?: Digest | undefined;
}

export interface NumberedPart extends PartAnswer {
  /** From 1. */
  readonly partNumber: number;
}

export interface ArrivedPart extends NumberedPart {
  readonly size: number;
}

export interface WriteAnswer {
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
  /** As the server says that it is encrypted; `"customer"` with the key that came along. */
  readonly encryption?: string | undefined;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
}

export interface ListAnswer {
  readonly objects: readonly ListedObject[];
  readonly prefixes: readonly string[];
  readonly token?: string | undefined;
  readonly isTruncated: boolean;
}

export interface KeyFailure {
  readonly key: string;
  readonly failure: S3Failure;
}

/** How a request failed, whoever sent it. */
export interface S3Failure {
  /** The server's code, such as `"NoSuchKey"`; a system's, such as `"ECONNREFUSED"`; or the error's name. */
  readonly code: string;
  /** Absent when there was no answer. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The permission that a refusal names. */
  readonly deniedAction?: string | undefined;
  /** The region that the server says the bucket is in. */
  readonly bucketRegion?: string | undefined;
  /** Whether the request never left this process. */
  readonly isUnsent?: boolean | undefined;
  /** A word more for the sentence that is made of it: a name or a code, and no text of an answer. */
  readonly detail?: string | undefined;
  /** Fit to be printed: without what was signed, and without the body of an answer. */
  readonly cause: unknown;
}

/** Carries an {@link S3Failure} to where it is explained. */
export class S3FailureError extends Error {
  override readonly name = "S3FailureError";
  readonly #failure: S3Failure;

  constructor(failure: S3Failure) {
    super(failure.code, failure.cause === undefined ? undefined : { cause: failure.cause });
    this.#failure = failure;
  }

  get failure(): S3Failure {
    return this.#failure;
  }
}
