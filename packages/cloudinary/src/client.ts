import type { IdleBodies } from "@stowage/core/provider";
import type { Readable } from "node:stream";
import type { AssetPlace, ResourceType } from "./mapping.js";

/**
 * The calls to Cloudinary that the adapter needs.
 *
 * **Behaviour**
 * - A call that takes a {@link ClientCall} sends one request and obeys the signal of the call. If Cloudinary says that
 *   the clock of this machine is wrong, the call signs its request again and sends it once more.
 * - A failed call rejects with a {@link CloudinaryFailureError}. An aborted call rejects with the signal's reason.
 */
export interface CloudinaryClient {
  readonly upload: (request: UploadRequest, call: ClientCall) => Promise<UploadAnswer>;
  /** Returns the facts of an asset. Cloudinary does not count this call against a limit. */
  readonly explicit: (place: AssetPlace, call: ClientCall) => Promise<AssetAnswer>;
  /**
   * Deletes an asset.
   *
   * @returns `true` if the asset existed.
   */
  readonly destroy: (place: AssetPlace, call: ClientCall) => Promise<boolean>;
  readonly rename: (request: RenameRequest, call: ClientCall) => Promise<AssetAnswer>;
  /** Lists one page of assets. Each call counts against the limit of the Admin API. */
  readonly resources: (request: ListRequest, call: ClientCall) => Promise<ListAnswer>;
  /** Returns a URL of the download endpoint. The URL delivers the stored bytes, never a copy on the CDN. */
  readonly downloadUrl: (place: AssetPlace, request: DownloadRequest) => Promise<string>;
  /** Returns a URL of the CDN for exactly the version in `request`. By default, the URL is signed if assets are not public. */
  readonly deliveryUrl: (place: AssetPlace, request: DeliveryRequest) => Promise<string>;
  /** Sends a GET request to a URL that `downloadUrl` or `deliveryUrl` has returned. */
  readonly open: (url: string, call: OpenCall) => Promise<OpenAnswer>;
  /** Returns the URL and the signed fields with which a client uploads straight to Cloudinary. */
  readonly signUpload: (place: AssetPlace, request: SignRequest) => Promise<SignedFields>;
  /**
   * Returns the time by Cloudinary's clock, in seconds since 1970. If this clock is not known yet, returns the time by the
   * clock of this machine.
   */
  readonly now: () => number;
  /**
   * The bodies that nobody is reading at the moment. These bodies give up their connections when other calls need a
   * connection.
   */
  readonly idle: IdleBodies;
  readonly close: () => void;
}

export interface ClientCall {
  readonly signal?: AbortSignal | undefined;
  /** Called before a request makes a change. At that moment, only the last bytes of the request are left to send. */
  readonly beforeCommit?: (() => void) | undefined;
}

export interface UploadRequest extends AssetPlace {
  /** The contextual metadata, as {@link toContext} returns it. */
  readonly context: string;
  readonly overwrite: boolean;
  /** The bytes, or a URL that Cloudinary fetches. */
  readonly file: Uint8Array | string;
  /** The position of the bytes, if the file is sent in several requests. */
  readonly chunk?: ChunkPlace | undefined;
  /** Called with the number of bytes of the file that have been sent so far. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** The time that the answer may take in addition to the usual limit, in milliseconds. */
  readonly extraMs?: number | undefined;
}

/** The position of one chunk in its file. */
export interface ChunkPlace {
  readonly uploadId: string;
  readonly offset: number;
  /** The size of the whole file in bytes. Present only for the last chunk. */
  readonly total: number | undefined;
}

export interface RenameRequest {
  readonly resourceType: ResourceType;
  readonly from: string;
  readonly to: string;
  readonly overwrite: boolean;
}

export interface ListRequest {
  readonly resourceType: ResourceType;
  readonly prefix: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface ListAnswer {
  readonly assets: readonly AssetAnswer[];
  readonly cursor: string | undefined;
}

export interface DownloadRequest {
  /** The time of the signature, in seconds since 1970. Absent means now. */
  readonly signedAt?: number | undefined;
  /** The time at which the URL expires, in seconds since 1970. */
  readonly expiresAt: number;
  readonly attachment?: boolean | undefined;
}

export interface DeliveryRequest {
  readonly version: number | undefined;
  readonly format: string | undefined;
  readonly transformation?: object | undefined;
  readonly isSigned?: boolean | undefined;
}

export interface OpenCall extends ClientCall {
  /** The value of the request header `Range`. */
  readonly range?: string | undefined;
}

export interface OpenAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly contentRange: string | undefined;
  readonly contentLength: number | undefined;
  readonly body: Readable;
}

export interface SignRequest {
  readonly context: string;
  readonly overwrite: boolean;
  /** The time of the signature, in seconds since 1970. The signature is valid for an hour from then. */
  readonly timestamp: number;
}

export interface SignedFields {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The facts of an asset in one of Cloudinary's answers. */
export interface AssetAnswer extends AssetPlace {
  readonly size: number;
  /** The version: a time in seconds since 1970. */
  readonly version: number;
  /** The MD5 of the bytes as they were uploaded, in hexadecimal. */
  readonly md5: string | undefined;
  readonly format: string | undefined;
  readonly context: Readonly<Record<string, string>> | undefined;
  /** `true` for an asset that was deleted and is kept only as a backup. */
  readonly isPlaceholder: boolean;
}

/** The answer to a request that uploads a file or a chunk. */
export interface UploadAnswer {
  /** The stored asset; `undefined` after a chunk that is not the last. */
  readonly asset: AssetAnswer | undefined;
  /** `true` if the asset already existed. Cloudinary then drops the bytes that were sent. */
  readonly existing: boolean;
}

/** The reason why a request failed. It contains neither the request nor the answer, because both contain signatures. */
export interface CloudinaryFailure {
  /** The kind of the failure. {@link toCloudinaryError} turns the kind into a sentence. */
  readonly kind: "answered" | "connection" | "connect-timeout" | "answer-timeout" | "senseless" | "closed";
  readonly status?: number | undefined;
  /**
   * Cloudinary's own words. The text is only compared with patterns and must not be shown. After a timeout, the text is the
   * time limit that was exceeded.
   */
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
  /** The error code of the operating system or of Node, such as `"ECONNREFUSED"`. */
  readonly code?: string | undefined;
}

/**
 * An error that contains a {@link CloudinaryFailure}. {@link toCloudinaryError} turns the failure into the error for
 * the caller. When a `CloudinaryFailureError` is printed, the failure is not shown.
 */
export class CloudinaryFailureError extends Error {
  override readonly name = "CloudinaryFailureError";
  readonly #failure: CloudinaryFailure;

  constructor(failure: CloudinaryFailure) {
    super(failure.kind);
    this.#failure = failure;
  }

  get failure(): CloudinaryFailure {
    return this.#failure;
  }
}
