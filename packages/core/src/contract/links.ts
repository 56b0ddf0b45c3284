import type { CallOptions } from "./call-options.js";
import type { Metadata, ObjectHeaders, ObjectInfo } from "./object.js";

/** The options of a signed link. When a client follows the link, the response has these headers instead of the object's stored headers. */
export interface SignedUrlOptions extends CallOptions, ObjectHeaders {
  /**
   * The minimum time that the link works, in seconds.
   *
   * @default 3,600
   */
  readonly expiresInSeconds?: number | undefined;
  /**
   * The time for which the same call returns the same link, in seconds, so that browsers and CDNs can cache the object.
   * With this option, a link works for at least `expiresInSeconds`, and at most for the sum of both times.
   *
   * @default 0: every link is different
   */
  readonly stableForSeconds?: number | undefined;
}

/** The options of a signed upload. The options limit the client's upload, and the signature enforces these limits. */
export interface SignUploadOptions extends CallOptions, ObjectHeaders {
  /**
   * The exact length, in bytes.
   *
   * @default none: give this or `maxBytes`
   */
  readonly contentLength?: number | undefined;
  /**
   * The maximum number of bytes that the client may send.
   *
   * @default none: give this or `contentLength`
   */
  readonly maxBytes?: number | undefined;
  /**
   * The caller's own facts about the object.
   *
   * @default none
   */
  readonly metadata?: Metadata | undefined;
  /**
   * `"*"` makes the upload fail if the key already has an object when the upload arrives.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
  /**
   * The time within which the client must begin the upload, in seconds.
   *
   * @default 900
   */
  readonly expiresInSeconds?: number | undefined;
}

/** A request that a client can send directly to the store. The client must send every header and field unchanged. */
export interface SignedUpload {
  readonly key: string;
  readonly method: "PUT" | "POST";
  readonly url: string;
  /** The headers, with names in lower case. Browsers set `content-length` themselves, and do not allow a script to set it. */
  readonly headers: Readonly<Record<string, string>>;
  /** The form fields of a POST. The client sends these fields first, and then the file as the field `file`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly expiresAt: Date;
}

/** A part that a client has uploaded: its number, from 1, and the ETag from the answer. */
export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  /** The size in bytes; present only in the result of `listParts`. */
  readonly size?: number | undefined;
}

/** The options of an upload in parts: the facts of the new object. */
export interface CreateUploadOptions extends CallOptions, ObjectHeaders {
  /**
   * The caller's own facts about the object.
   *
   * @default none
   */
  readonly metadata?: Metadata | undefined;
}

/** An upload in parts that has begun. */
export interface UploadReference {
  readonly uploadId: string;
}

/** The options for signing one part of an upload. */
export interface SignPartOptions extends CallOptions {
  /**
   * The exact length of the part, in bytes. The signature enforces this length.
   *
   * @default none: the signature allows every length
   */
  readonly contentLength?: number | undefined;
  /**
   * The time within which the client must begin to send the part, in seconds. After this time, the part can be signed
   * again.
   *
   * @default 900
   */
  readonly expiresInSeconds?: number | undefined;
}

/** The options for completing an upload in parts. */
export interface CompleteUploadOptions extends CallOptions {
  /**
   * `"*"` completes the upload only if the key has no object when the upload is completed. Needs
   * `supports.ifNoneMatchOnMultipart`.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
}

/**
 * A provider's functions for uploads in parts. A client sends each part directly to the store, with a signed request.
 *
 * **Behaviour**
 * - The object is invisible until the upload is completed. An upload that is neither completed nor aborted stays in the store, and costs
 *   money, until it is removed.
 * - A part that is sent again replaces the earlier part.
 */
export interface MultipartUploads {
  readonly create: (key: string, options: CreateUploadOptions) => Promise<UploadReference>;
  /** @param upload - `partNumber` is 1 to 10,000. */
  readonly signPart: (
    key: string,
    upload: UploadReference & { readonly partNumber: number },
    options: SignPartOptions,
  ) => Promise<SignedUpload>;
  /** Returns the parts that have arrived, sorted by number. @throws StorageError `NotFound` if there is no such upload. */
  readonly listParts: (
    key: string,
    upload: UploadReference,
    options: CallOptions,
  ) => Promise<readonly UploadedPart[]>;
  /** Makes an object from the parts, in the order of their numbers. */
  readonly complete: (
    key: string,
    upload: UploadReference & { readonly parts: readonly UploadedPart[] },
    options: CompleteUploadOptions,
  ) => Promise<ObjectInfo>;
  /** Removes the parts that have been sent. If there is no such upload, the call succeeds. */
  readonly abort: (key: string, upload: UploadReference, options: CallOptions) => Promise<void>;
}
