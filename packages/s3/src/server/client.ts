import { type IdleBodies, type ObjectHeaders } from "@stowage/core/provider";
import type { Readable } from "node:stream";
import type { Digest } from "./digest.js";
import type { Encryption } from "./object-options.js";

/**
 * The requests that the adapter sends to a server. This interface hides the AWS SDK, so code that uses the interface
 * does not depend on the SDK.
 *
 * **Behaviour**
 * - A call sends one request. If this machine's clock was wrong, the request is signed and sent once more. A call obeys
 *   its signal.
 * - A failure is an {@link S3Failure}. An aborted call rejects with the signal's reason.
 * - Keys are plain text, and the client encodes them. ETags have the form in which the server sent them.
 */
export interface S3Client {
  /**
   * The bodies that are not being read at the moment. Their connections are closed if requests wait for a free
   * connection.
   */
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
  /** @returns The unfinished uploads of one key: they were begun, but were neither completed nor aborted. */
  readonly listUploads: (key: string, call: S3Call) => Promise<readonly BegunUpload[]>;
  readonly readTags: (object: ObjectRequest, call: S3Call) => Promise<Readonly<Record<string, string>>>;
  /** Replaces all tags. */
  readonly writeTags: (request: TagsRequest, call: S3Call) => Promise<void>;
  readonly abortUpload: (upload: UploadId, call: S3Call) => Promise<void>;
  readonly close: () => void;
}

export interface S3Call {
  readonly signal?: AbortSignal | undefined;
  /**
   * A listener that receives the number of bytes of a body that have been sent so far. For a body of a few blocks, the
   * listener may never be called.
   */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /**
   * A function that is called before a request makes a change. At that moment, only the last bytes of the request are left to
   * send.
   */
  readonly beforeCommit?: (() => void) | undefined;
}

/** Headers in the form in which they are sent: ASCII. */
export interface ObjectFields extends ObjectHeaders {
  /** The metadata. The names are in lower case, without the prefix `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectRequest {
  readonly key: string;
  readonly versionId?: string | undefined;
}

export interface Conditions {
  readonly ifNoneMatch?: "*" | undefined;
  /** The ETag, without its quotes if the dialect requires that. */
  readonly ifMatch?: string | undefined;
}

export interface PutRequest extends Conditions {
  readonly key: string;
  readonly body: Uint8Array;
  readonly fields: ObjectFields;
  /** The digest of the body. Default: computed from the body, if bodies are sent with a digest. */
  readonly digest?: Digest | undefined;
}

export interface GetRequest extends ObjectRequest {
  /** The range, in the form of the header `Range`. */
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
  /** The token that the server gave with the previous page. */
  readonly token?: string | undefined;
  /** The key after which the listing begins. */
  readonly after?: string | undefined;
}

export interface CopiedObject extends ObjectRequest {
  readonly bucket: string;
  /** The encryption of the object. Present if the request has to contain the encryption key. */
  readonly encryption?: Encryption | undefined;
}

export interface CopyRequest {
  readonly from: CopiedObject;
  readonly key: string;
  /** The headers that replace the source's headers. */
  readonly fields: ObjectFields;
  readonly ifNoneMatch?: "*" | undefined;
  /** The source's ETag. */
  readonly ifSourceMatch?: string | undefined;
}

export interface CreateUploadRequest {
  readonly key: string;
  readonly fields: ObjectFields;
  /** True if parts will be sent with one of S3's own checksums. Default: true if the dialect has such a checksum. */
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
  /** The number of the part, from 1. */
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
  /** The parts, in the order of their numbers. */
  readonly parts: readonly NumberedPart[];
}

/** The facts of an object, in an answer of a server. */
export interface ObjectAnswer extends ObjectFields {
  readonly size: number;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly versionId?: string | undefined;
  readonly storageClass?: string | undefined;
  /** The digest of all bytes of the object. Present if the request asked for a digest and the server has a digest. */
  readonly digest?: Digest | undefined;
}

export interface GetAnswer extends ObjectAnswer {
  /** The range, in the form of the header `Content-Range`. */
  readonly contentRange?: string | undefined;
  readonly body: Readable;
}

/** The facts of a part that are needed when its upload is completed. */
export interface PartAnswer {
  readonly etag: string;
  /**
   * The digest of the part. Present if a digest was sent with the part. Amazon then requires the same digest when the
   * upload is completed.
   */
  readonly digest?: Digest | undefined;
}

export interface NumberedPart extends PartAnswer {
  /** The number of the part, from 1. */
  readonly partNumber: number;
}

export interface ArrivedPart extends NumberedPart {
  readonly size: number;
}

export interface WriteAnswer {
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
  /** The encryption that the server names; `"customer"` for encryption with a key that came with the request. */
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

/** The failure of a request, from the server or from this process. */
export interface S3Failure {
  /**
   * The server's code, such as `"NoSuchKey"`, the operating system's code, such as `"ECONNREFUSED"`, or the error's
   * name.
   */
  readonly code: string;
  /** The status of the answer. Absent if there was no answer. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The permission that a refusal names. */
  readonly deniedAction?: string | undefined;
  /** The region of the bucket, according to the server. */
  readonly bucketRegion?: string | undefined;
  /**
   * Says whether the request may have taken effect, if more is known than the code and the status show. `"no"`: its last bytes never
   * left this process. `"unknown"`: an earlier sending of the same request may have taken effect.
   */
  readonly applied?: "no" | "unknown" | undefined;
  /** A word that is added to the message. The word is a name or a code, never a text from an answer. */
  readonly detail?: string | undefined;
  /** An error that may be printed. It contains neither the text that was signed nor the body of an answer. */
  readonly cause: unknown;
}

/** An error that contains an {@link S3Failure}. The adapter turns this error into a `StorageError` for the caller. */
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
