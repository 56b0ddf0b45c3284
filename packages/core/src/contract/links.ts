import type { CallOptions } from "./call-options.js";
import type { Metadata, ObjectHeaders, ObjectInfo } from "./object.js";

/**
 * The options of a signed link. Its headers replace those that the object is stored with, in the answer to the client that
 * follows the link.
 */
export interface SignedUrlOptions extends CallOptions, ObjectHeaders {
  /**
   * The shortest time that the link works, in seconds.
   *
   * @default 3,600
   */
  readonly expiresInSeconds?: number | undefined;
  /**
   * The time for which the same call gives the same link, in seconds, so that browsers and CDNs can keep the object behind it. A link then
   * works up to that much longer.
   *
   * @default 0: every link is different
   */
  readonly stableForSeconds?: number | undefined;
}

/** The options of a signed upload: what a client may upload. The signature binds them. */
export interface SignUploadOptions extends CallOptions, ObjectHeaders {
  /**
   * The exact length, in bytes.
   *
   * @default none: give this or `maxBytes`
   */
  readonly contentLength?: number | undefined;
  /**
   * The most bytes the client may send.
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
   * `"*"` makes the upload fail if the key has an object by then.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
  /**
   * The longest time that the client may wait before it starts, in seconds.
   *
   * @default 900
   */
  readonly expiresInSeconds?: number | undefined;
}

/** A request that a client can send by itself. Every header and field in it must be sent as it is. */
export interface SignedUpload {
  readonly key: string;
  readonly method: "PUT" | "POST";
  readonly url: string;
  /** The headers, with names in lower case. Browsers set `content-length` themselves, and do not let a script set it. */
  readonly headers: Readonly<Record<string, string>>;
  /** The form fields of a POST. They come before the file, which is the field `file`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly expiresAt: Date;
}

/** A part that a client has uploaded: its number, from 1, and the ETag from the answer. */
export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  /** The size in bytes; known in listings. */
  readonly size?: number | undefined;
}

/** The options of an upload in parts: the facts of the object that it will make. */
export interface CreateUploadOptions extends CallOptions, ObjectHeaders {
  /**
   * The caller's own facts about the object.
   *
   * @default none
   */
  readonly metadata?: Metadata | undefined;
}

/** An upload in parts that has been begun. */
export interface UploadReference {
  readonly uploadId: string;
}

/** The options that sign one part of an upload. */
export interface SignPartOptions extends CallOptions {
  /**
   * The exact length of the part, in bytes, bound by the signature.
   *
   * @default none: the length is not bound
   */
  readonly contentLength?: number | undefined;
  /**
   * The longest time that the client may wait before it starts, in seconds. A part can be signed again.
   *
   * @default 900
   */
  readonly expiresInSeconds?: number | undefined;
}

/** The options of completing an upload in parts. */
export interface CompleteUploadOptions extends CallOptions {
  /**
   * `"*"` completes only if the key has no object by now. Needs `supports.ifNoneMatchOnMultipart`.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
}

/**
 * A provider's functions for uploads in parts. A client sends each part by itself, by a signed request.
 *
 * **Behaviour**
 * - An upload cannot be seen before it is completed. An upload that is neither completed nor aborted is kept, and paid for, until
 *   it is removed.
 * - A part that is sent again replaces the one before.
 */
export interface MultipartUploads {
  readonly create: (key: string, options: CreateUploadOptions) => Promise<UploadReference>;
  /** @param upload - `partNumber` is 1 to 10,000. */
  readonly signPart: (
    key: string,
    upload: UploadReference & { readonly partNumber: number },
    options: SignPartOptions,
  ) => Promise<SignedUpload>;
  /** Returns the parts that have arrived, by their numbers. @throws StorageError `NotFound` when there is no such upload. */
  readonly listParts: (
    key: string,
    upload: UploadReference,
    options: CallOptions,
  ) => Promise<readonly UploadedPart[]>;
  /** Makes an object of the parts, in the order of their numbers. */
  readonly complete: (
    key: string,
    upload: UploadReference & { readonly parts: readonly UploadedPart[] },
    options: CompleteUploadOptions,
  ) => Promise<ObjectInfo>;
  /** Removes the parts that have been sent. A missing upload is a success. */
  readonly abort: (key: string, upload: UploadReference, options: CallOptions) => Promise<void>;
}
