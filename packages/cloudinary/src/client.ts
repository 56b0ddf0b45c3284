import type { IdleBodies } from "@stowage/core/provider";
import type { Readable } from "node:stream";
import type { AssetPlace, ResourceType } from "./mapping.js";

/**
 * What the adapter asks of Cloudinary, by its shape.
 *
 * **Behaviour**
 * - A call is one request, signed once more when the clock of this machine was wrong. It heeds its signal.
 * - A failure is a {@link CloudinaryFailureError}; an abort rejects with the signal's reason.
 */
export interface CloudinaryClient {
  readonly upload: (request: UploadRequest, call: ClientCall) => Promise<UploadAnswer>;
  /** The facts of an asset, by a call that no limit counts. */
  readonly explicit: (place: AssetPlace, call: ClientCall) => Promise<AssetAnswer>;
  /** @returns Whether it was there. */
  readonly destroy: (place: AssetPlace, call: ClientCall) => Promise<boolean>;
  readonly rename: (request: RenameRequest, call: ClientCall) => Promise<AssetAnswer>;
  /** Counts against the limit of the Admin API. */
  readonly resources: (request: ListRequest, call: ClientCall) => Promise<ListAnswer>;
  /** A URL of the download endpoint: from the origin, never a copy of the CDN's. */
  readonly downloadUrl: (place: AssetPlace, request: DownloadRequest) => Promise<string>;
  /** A URL of the CDN's: of this very version, and signed where assets are not public. */
  readonly deliveryUrl: (place: AssetPlace, request: DeliveryRequest) => Promise<string>;
  /** Follows one of these URLs. */
  readonly open: (url: string, call: OpenCall) => Promise<OpenAnswer>;
  /** What a client sends to upload by itself, signed. */
  readonly signUpload: (place: AssetPlace, request: SignRequest) => Promise<SignedFields>;
  /** Seconds since 1970, by Cloudinary's clock as far as it is known. */
  readonly now: () => number;
  /** The objects that nobody reads: they give their connections back when calls wait for one. */
  readonly idle: IdleBodies;
  readonly close: () => void;
}

export interface ClientCall {
  readonly signal?: AbortSignal | undefined;
  /** Of a request that makes a change: called when nothing is left to do but to send its last bytes. */
  readonly beforeCommit?: (() => void) | undefined;
}

export interface UploadRequest extends AssetPlace {
  /** As {@link toContext} makes it. */
  readonly context: string;
  readonly overwrite: boolean;
  /** The bytes, or a URL that Cloudinary fetches. */
  readonly file: Uint8Array | string;
  /** When the file comes in several requests. */
  readonly chunk?: ChunkPlace | undefined;
  /** Told how many of the bytes have left. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** How much longer than others its answer may take, in milliseconds. */
  readonly extraMs?: number | undefined;
}

/** Which of its bytes a request carries. */
export interface ChunkPlace {
  readonly uploadId: string;
  readonly offset: number;
  /** Known with the last one. */
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
  /** Seconds since 1970. */
  readonly signedAt?: number | undefined;
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
  /** As in the header `Range`. */
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
  /** Seconds since 1970: the signature holds for an hour from then. */
  readonly timestamp: number;
}

export interface SignedFields {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What Cloudinary says of an asset. */
export interface AssetAnswer extends AssetPlace {
  readonly size: number;
  /** Seconds since 1970. */
  readonly version: number;
  /** Of its bytes as they were uploaded, in hexadecimal. */
  readonly md5: string | undefined;
  readonly format: string | undefined;
  readonly context: Readonly<Record<string, string>> | undefined;
  /** Deleted, and kept as a backup. */
  readonly isPlaceholder: boolean;
}

/** Of a chunk that is not the last there is no asset. */
export interface UploadAnswer {
  readonly asset: AssetAnswer | undefined;
  /** It was there before, and what was sent is dropped. */
  readonly existing: boolean;
}

/** How a request failed. Holds nothing that was sent, and no answer: there are signatures in both. */
export interface CloudinaryFailure {
  /** What {@link toCloudinaryError} makes a sentence of. */
  readonly kind: "answered" | "connection" | "connect-timeout" | "answer-timeout" | "senseless" | "closed";
  readonly status?: number | undefined;
  /** Cloudinary's own words, to be looked at and not to be shown. */
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
  /** Of the operating system or Node, such as `"ECONNREFUSED"`. */
  readonly code?: string | undefined;
}

/** Carries a {@link CloudinaryFailure} to where it is explained. What it carries is not printed with it. */
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
