import {
  StorageError,
  assertKey,
  knownNames,
  type OptionNames,
  type StorageProvider,
} from "@stowage/core/provider";
import { placeFor } from "./account.js";
import { deliveredAs } from "./mapping.js";
import { OWN } from "./own-provider.js";

/** The changes that Cloudinary makes to an image or a video when it is delivered. */
export interface Transformation {
  /** The width in pixels. */
  readonly width?: number | undefined;
  /** The height in pixels. */
  readonly height?: number | undefined;
  /** The way in which the picture is fitted into the given size. If a size is given, the default is `"scale"`. */
  readonly crop?:
    | "scale"
    | "fit"
    | "limit"
    | "fill"
    | "fill_pad"
    | "pad"
    | "crop"
    | "thumb"
    | "auto"
    | undefined;
  /** The part of the picture that is kept when the picture is cropped, such as `"face"` or `"north_west"`. */
  readonly gravity?: string | undefined;
  /** The quality from 1 to 100. With `"auto"`, Cloudinary chooses the quality. */
  readonly quality?: number | "auto" | "auto:best" | "auto:good" | "auto:eco" | "auto:low" | undefined;
  /** The format, such as `"webp"`. With `"auto"`, Cloudinary chooses a format that the browser accepts. */
  readonly format?: string | undefined;
  /** The time in the video at which a clip begins or a still picture is taken, in seconds. */
  readonly atSeconds?: number | undefined;
  /** Further transformations, as a URL contains them, such as `"e_grayscale,r_max"`. They are applied last. */
  readonly raw?: string | undefined;
}

/** The options of {@link transformUrl}: a transformation, and the settings for its URL. */
export interface TransformUrlOptions extends Transformation {
  /**
   * The object's {@link ObjectInfo.version}. If it is given, the CDN does not deliver a copy of an older version.
   *
   * @default none
   */
  readonly version?: string | undefined;
  /**
   * Signs the URL, as accounts with strict transformations require.
   *
   * @default true if assets are not public
   */
  readonly signed?: boolean | undefined;
}

/**
 * Returns the URL under which Cloudinary delivers a transformed image or video. The call sends no request. So a missing object
 * is noticed only when the URL is opened.
 *
 * @param provider - The provider as `cloudinary()` returned it.
 * @throws TypeError for a provider that `cloudinary()` did not make, and for values that would change the rest of the
 * URL.
 * @throws StorageError `Unsupported` for an object that is stored as a raw file, and for a key whose public id would be
 * too long.
 * @see https://cloudinary.com/documentation/transformation_reference
 * @example
 * ```ts
 * const url = await transformUrl(provider, "cats/1.jpg", { width: 300, crop: "fill", height: 300, format: "auto" });
 * ```
 */
export async function transformUrl(
  provider: StorageProvider,
  key: string,
  options: TransformUrlOptions = {},
): Promise<string> {
  const { account, keyPrefix } = OWN.require(provider, "transformUrl");
  assertKey(key, "publicUrl", account.name);
  assertTransformation(options);
  const place = placeFor(account, keyPrefix + key, "publicUrl");
  if (place.resourceType === "raw") {
    const reason = "the object is stored as raw, and Cloudinary transforms only images and videos";
    throw new StorageError("Unsupported", reason, { operation: "publicUrl", provider: account.name, key });
  }
  const { format, version, signed } = options;
  const extension = format !== undefined && format !== "auto" ? format : deliveredAs(keyPrefix + key, place);
  return await account.client.deliveryUrl(place, {
    version: version === undefined ? 1 : Number(version),
    format: extension,
    transformation: sdkTransformation(options),
    isSigned: signed,
  });
}

/** Returns a transformation with the SDK's names for the options. The SDK ignores options that are undefined. */
function sdkTransformation(options: Transformation): object {
  const { width, height, crop, gravity, quality, format, atSeconds, raw } = options;
  const isSized = width !== undefined || height !== undefined;
  return {
    width,
    height,
    crop: crop ?? (isSized ? "scale" : undefined),
    gravity,
    quality,
    start_offset: atSeconds,
    fetch_format: format === "auto" ? "auto" : undefined,
    raw_transformation: raw,
  };
}

/**
 * Returns the URL of a still picture of a video. By default the picture is a JPEG from the middle of the video.
 *
 * @param provider - The provider as `cloudinary()` returned it.
 * @param options.format - The format of the picture. With `"auto"`, Cloudinary chooses a format that the browser
 * accepts.
 * @throws As {@link transformUrl}.
 */
export async function posterUrl(
  provider: StorageProvider,
  key: string,
  { format = "jpg", raw, ...options }: TransformUrlOptions = {},
): Promise<string> {
  // The extension `jpg` turns the video into a picture. `f_auto` then chooses a format that the browser accepts.
  const isAuto = format === "auto";
  const steps = [raw, isAuto ? "f_auto" : undefined].filter((step) => step !== undefined);
  return await transformUrl(provider, key, {
    ...options,
    format: isAuto ? "jpg" : format,
    raw: steps.length === 0 ? undefined : steps.join(","),
  });
}

type Check = readonly [isRight: (value: never) => boolean, says: string];

const isLength = (value: number): boolean => Number.isFinite(value) && value > 0;
const QUALITY = /^(?:auto(?::(?:best|good|eco|low))?|[1-9]\d?|100)$/;

const CHECKS: Readonly<Record<string, Check>> = {
  width: [isLength, "a number above 0"],
  height: [isLength, "a number above 0"],
  crop: [(value: string) => /^[a-z_]+$/.test(value), "the name of a crop mode"],
  gravity: [(value: string) => /^[a-z0-9_:.]+$/i.test(value), 'a part of the picture, such as "face"'],
  quality: [(value: number | string) => QUALITY.test(String(value)), 'a number from 1 to 100, or "auto"'],
  format: [(value: string) => /^[a-z0-9]+$/i.test(value), 'a format, such as "webp"'],
  atSeconds: [(value: number) => Number.isFinite(value) && value >= 0, "a number, at least 0"],
  version: [(value: string) => /^\d+$/.test(value), "the version of an object, as its info shows it"],
  raw: [(value: string) => !/[?#\s]/.test(value), 'a transformation as in a URL, such as "e_grayscale"'],
};

const TRANSFORM_OPTIONS: OptionNames<TransformUrlOptions> = {
  width: true,
  height: true,
  crop: true,
  gravity: true,
  quality: true,
  format: true,
  atSeconds: true,
  raw: true,
  version: true,
  signed: true,
};

function assertTransformation(options: TransformUrlOptions): void {
  knownNames("transformUrl", options, TRANSFORM_OPTIONS);
  for (const [name, value] of Object.entries(options)) {
    const check = CHECKS[name];
    if (check === undefined || value === undefined || check[0](value as never)) continue;
    throw new TypeError(`transformUrl: ${name} must be ${check[1]}, not ${JSON.stringify(value)}`);
  }
}
