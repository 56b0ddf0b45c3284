import { assertKey, type StorageProvider } from "@stowage/core";
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

export interface TransformUrlOptions extends Transformation {
  /** Of the object, from its {@link ObjectInfo.version}: no copy of an older one is delivered. */
  readonly version?: string | undefined;
  /** Signs the URL, as accounts with strict transformations ask for; default where assets are not public. */
  readonly signed?: boolean | undefined;
}

/**
 * The URL of what Cloudinary makes of an image or a video. Nothing is asked: whether there is one shows when somebody
 * follows it.
 *
 * @param provider - As `cloudinary()` returned it.
 * @throws TypeError for another provider, and for sizes that are none.
 * @throws StorageError `Unsupported` for a key whose id would be too long.
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
 * @throws As {@link transformUrl}.
 */
export async function posterUrl(
  provider: StorageProvider,
  key: string,
  options: TransformUrlOptions = {},
): Promise<string> {
  return await transformUrl(provider, key, { format: "jpg", ...options });
}

function assertTransformation({ width, height, atSeconds, version, raw }: TransformUrlOptions): void {
  for (const [name, value] of Object.entries({ width, height })) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw new TypeError(`${name} is a number above 0, not ${String(value)}`);
  }
  if (atSeconds !== undefined && !(atSeconds >= 0)) throw new TypeError("atSeconds is a number, at least 0");
  if (version !== undefined && !/^\d+$/.test(version))
    throw new TypeError("version is that of an object's info");
  if (raw !== undefined && /[?#\s]/.test(raw))
    throw new TypeError("raw is a transformation as it is in a URL");
}
