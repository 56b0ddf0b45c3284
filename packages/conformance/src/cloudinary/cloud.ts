import type { Assets } from "./assets.js";
import type { BodyWriter } from "./bodies.js";
import type { Cdn } from "./cdn.js";
import type { SignatureAlgorithm } from "./signature.js";

/** What an account may do. All sizes are in bytes. */
export interface CloudinaryLimits {
  /** Defaults are those of the free plan. */
  readonly imageBytesMax: number;
  readonly videoBytesMax: number;
  readonly rawBytesMax: number;
  /** Of one request; default 100 MB. */
  readonly requestBytesMax: number;
  /** Of every chunk but the last; default 5 MiB. */
  readonly chunkBytesMin: number;
  /** Calls of the Admin API in an hour; default 500. */
  readonly adminCallsPerHour: number;
  /** Formats that the plan does not take; default none. */
  readonly forbiddenFormats: readonly string[];
  /** Formats that are delivered to nobody by URL; default none. */
  readonly undeliveredFormats: readonly string[];
}

/** @see https://cloudinary.com/documentation/developer_onboarding_faq_free_plan */
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

/** An upload of which not all chunks have come. */
export interface ChunkedUpload {
  readonly place: string;
  /** The fields of its first chunk, but for those that sign it. */
  readonly asked: string;
  readonly body: BodyWriter;
  /** Where each chunk that has come begins and ends. */
  readonly chunks: { readonly start: number; readonly end: number }[];
}

/** One account, as the parts of the fake share it. */
export interface Cloud {
  readonly name: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly algorithm: SignatureAlgorithm;
  readonly limits: CloudinaryLimits;
  readonly folders: "fixed" | "dynamic";
  readonly directory: string | undefined;
  /** Whether what is sent as an image or a video must be one. */
  readonly checksFormats: boolean;
  /** Whether the download endpoint heeds ranges: nobody says so. */
  readonly rangedDownloads: boolean;
  readonly assets: Assets;
  readonly cdn: Cdn;
  readonly uploads: Map<string, ChunkedUpload>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Its own address. */
  readonly origin: () => string;
  /** When calls of the Admin API were made. */
  readonly adminCalls: number[];
}
