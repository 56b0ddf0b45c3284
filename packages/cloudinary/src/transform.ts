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

/** What is made of an image or a video when it is delivered. */
export interface Transformation {
  /** In pixels. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** How it is made to fit; default `"scale"` where a size is given. */
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
  /** What of it is kept when it is cut, such as `"face"` or `"north_west"`. */
  readonly gravity?: string | undefined;
  /** 1 to 100, or what Cloudinary finds good. */
  readonly quality?: number | "auto" | "auto:best" | "auto:good" | "auto:eco" | "auto:low" | undefined;
  /** Such as `"webp"`; `"auto"` is what the browser takes. */
  readonly format?: string | undefined;
  /** Where a clip begins, or from when a still picture is, in seconds. */
  readonly atSeconds?: number | undefined;
  /** Anything else, as it is written in a URL, such as `"e_grayscale,r_max"`; it comes last. */
  readonly raw?: string | undefined;
}

/** The options of {@link transformUrl}: a transformation, and how its URL is made. */
export interface TransformUrlOptions extends Transformation {
  /**
   * The object's {@link ObjectInfo.version}: then no copy of an older version is delivered.
   *
   * @default none
   */
  readonly version?: string | undefined;
  /**
   * Signs the URL, as accounts with strict transformations ask for.
   *
   * @default true where assets are not public
   */
  readonly signed?: boolean | undefined;
}

/**
 * The URL of what Cloudinary makes of an image or a video. Nothing is asked: whether there is one shows when somebody
 * follows it.
 *
 * @param provider - As `cloudinary()` returned it.
 * @throws TypeError for another provider, and for values that would make another URL.
 * @throws StorageError `Unsupported` for what is stored raw, and for a key whose id would be too long.
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
    const reason = "it is stored raw, and Cloudinary makes something of images and videos only";
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

/** As the SDK names it. What is undefined it leaves out. */
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
 * The URL of a still picture of a video; default a JPEG of its middle.
 *
 * @param provider - As `cloudinary()` returned it.
 * @param options.format - `"auto"` is what the browser takes.
 * @throws As {@link transformUrl}.
 */
export async function posterUrl(
  provider: StorageProvider,
  key: string,
  { format = "jpg", raw, ...options }: TransformUrlOptions = {},
): Promise<string> {
  // The extension says that it is a picture: only then the browser chooses which.
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
  crop: [(value: string) => /^[a-z_]+$/.test(value), "a way of cropping"],
  gravity: [(value: string) => /^[a-z0-9_:.]+$/i.test(value), "a name of what is kept"],
  quality: [(value: number | string) => QUALITY.test(String(value)), 'from 1 to 100, or "auto"'],
  format: [(value: string) => /^[a-z0-9]+$/i.test(value), 'a format, such as "webp"'],
  atSeconds: [(value: number) => Number.isFinite(value) && value >= 0, "a number, at least 0"],
  version: [(value: string) => /^\d+$/.test(value), "that of an object's info"],
  raw: [(value: string) => !/[?#\s]/.test(value), "a transformation as it is in a URL"],
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
    throw new TypeError(`${name} must be ${check[1]}, not ${JSON.stringify(value)}`);
  }
}
