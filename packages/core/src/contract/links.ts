import type { CallOptions } from "./call-options.js";
import type { Metadata, ObjectHeaders, ObjectInfo } from "./object.js";

/** For a link: its headers replace those that the object is stored with, in the answer to whoever follows it. */
export interface SignedUrlOptions extends CallOptions, ObjectHeaders {
  /**
   * How long the link works at least, in seconds.
   *
   * @default 3,600
   */
  readonly expiresInSeconds?: number | undefined;
  /**
   * For how long the same call gives the same link, in seconds, so that browsers and CDNs can keep what is behind
   * it. A link then works up to that much longer.
   *
   * @default 0: every link is different
   */
  readonly stableForSeconds?: number | undefined;
}

/** What a client may upload with a signed request, bound by the signature. */
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
   * How long the client may start, in seconds.
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
  /** In lower case. Browsers set `content-length` themselves, and let nobody else. */
  readonly headers: Readonly<Record<string, string>>;
  /** The form fields of a POST, before the file, which is the field `file`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly expiresAt: Date;
}

/** A part that a client has uploaded: its number, from 1, and the ETag it was answered with. */
export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  /** In bytes; known in listings. */
  readonly size?: number | undefined;
}

/** What an upload in parts will make. */
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
   * How long the client may start, in seconds. A part can be signed again.
   *
   * @default 900
   */
  readonly expiresInSeconds?: number | undefined;
}

/** The options that complete an upload in parts. */
export interface CompleteUploadOptions extends CallOptions {
  /**
   * `"*"` completes only if the key has no object by now. Needs `supports.ifNoneMatchOnMultipart`.
   *
   * @default none
   */
  readonly ifNoneMatch?: "*" | undefined;
}

/**
 * Uploads in parts that a client does by itself, each part by a signed request.
 *
 * **Behaviour**
 * - Nothing is to be seen of an upload before it is completed; one that is neither completed nor aborted is kept,
 *   and paid for, until somebody removes it.
 * - A part that is sent again replaces itself.
 */
export interface MultipartUploads {
  readonly create: (key: string, options: CreateUploadOptions) => Promise<UploadReference>;
  /** @param upload - `partNumber` is 1 to 10,000. */
  readonly signPart: (
    key: string,
    upload: UploadReference & { readonly partNumber: number },
    options: SignPartOptions,
  ) => Promise<SignedUpload>;
  /** The parts that have arrived, by their numbers. @throws StorageError `NotFound` when there is no such upload. */
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
  /** Removes what has been sent. An upload that is not there is a success. */
  readonly abort: (key: string, upload: UploadReference, options: CallOptions) => Promise<void>;
}
