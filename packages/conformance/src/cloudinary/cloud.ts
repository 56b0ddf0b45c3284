import type { Assets } from "./assets.js";
import type { BodyWriter } from "./bodies.js";
import type { Cdn } from "./cdn.js";
import type { SignatureAlgorithm } from "./signature.js";

/** The limits of an account. All sizes are in bytes. */
export interface CloudinaryLimits {
  /** The largest image. For images, videos and raw files, the defaults are the limits of the free plan. */
  readonly imageBytesMax: number;
  readonly videoBytesMax: number;
  readonly rawBytesMax: number;
  /** The largest request; default 100 MiB. */
  readonly requestBytesMax: number;
  /** The minimum size of a chunk, except for the last chunk; default 5 MiB. */
  readonly chunkBytesMin: number;
  /** The number of calls of the Admin API in an hour; default 500. */
  readonly adminCallsPerHour: number;
  /** The formats that the plan does not accept; default none. */
  readonly forbiddenFormats: readonly string[];
  /** The formats that are not delivered by URL; default none. */
  readonly undeliveredFormats: readonly string[];
}

/** The limits of the free plan. @see https://cloudinary.com/documentation/developer_onboarding_faq_free_plan */
export const FREE_PLAN: CloudinaryLimits = {
  imageBytesMax: 10_485_760,
  videoBytesMax: 104_857_600,
  rawBytesMax: 10_485_760,
  requestBytesMax: 104_857_600,
  chunkBytesMin: 5 * 1024 * 1024,
  adminCallsPerHour: 500,
  forbiddenFormats: [],
  undeliveredFormats: [],
};

/** An upload in chunks that is not complete yet. */
export interface ChunkedUpload {
  readonly place: string;
  /** The fields of the first chunk, without `timestamp` and `signature`, as JSON. */
  readonly asked: string;
  readonly body: BodyWriter;
  /** The positions of the first and the last byte of each chunk that was received. */
  readonly chunks: { readonly start: number; readonly end: number }[];
}

/** One account, shared by the parts of the fake. */
export interface Cloud {
  readonly name: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly algorithm: SignatureAlgorithm;
  readonly limits: CloudinaryLimits;
  readonly folders: "fixed" | "dynamic";
  readonly directory: string | undefined;
  /** True if a file that is sent as an image or a video must really be an image or a video. */
  readonly checksFormats: boolean;
  /** True if the download endpoint serves ranges. Cloudinary's documentation does not mention such ranges. */
  readonly rangedDownloads: boolean;
  readonly assets: Assets;
  readonly cdn: Cdn;
  readonly uploads: Map<string, ChunkedUpload>;
  /** Returns the time in milliseconds since 1970. */
  readonly now: () => number;
  /** Returns the address of the fake. */
  readonly origin: () => string;
  /** The times of the recent calls of the Admin API, in milliseconds since 1970. */
  readonly adminCalls: number[];
}
