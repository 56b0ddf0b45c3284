import { extensionOf, keyProblem } from "@stowage/core/provider";
import { decodePublicId, encodePublicId } from "./public-id.js";

/** One of Cloudinary's three kinds of files. For Cloudinary, audio files are videos. */
export type ResourceType = "image" | "video" | "raw";

/**
 * The delivery type: it says what everybody may read of an asset. With `upload`, this is everything; with `private`,
 * only derived files; with `authenticated`, nothing.
 */
export type DeliveryType = "upload" | "private" | "authenticated";

/**
 * The name of a mapping. With `media`, the extension of the key decides: images and videos are stored as images and
 * videos, and all other files as raw files. With `raw`, all files are stored as raw files.
 */
export type MappingName = "media" | "raw";

/** The resource type and the public id of an asset. Each resource type has its own public ids. */
export interface AssetPlace {
  readonly resourceType: ResourceType;
  readonly publicId: string;
}

/** A mapping between keys and the places of their assets, in both directions. */
export interface Mapping {
  /** The resource types that a listing includes. */
  readonly resourceTypes: readonly ResourceType[];
  /** Returns the place for a key. The public id of the place may be longer than Cloudinary allows. */
  readonly placeOf: (key: string) => AssetPlace;
  /** Returns the key for a place, or `undefined` if no key belongs to the place. */
  readonly keyOf: (place: AssetPlace) => string | undefined;
}

/** @see https://cloudinary.com/documentation/upload_parameters for the limit of `public_id` */
export const PUBLIC_ID_LENGTH_MAX = 255;

/**
 * The extensions of files that are stored as images and as videos. Do not change these lists: after a change, existing
 * objects would no longer be found. PDFs and the files of HLS and DASH are stored as raw files, so that they are
 * delivered unchanged.
 *
 * @see https://cloudinary.com/documentation/image_transformations#supported_image_formats
 * @see https://cloudinary.com/documentation/video_manipulation_and_delivery#supported_video_formats
 */
const IMAGES: ReadonlySet<string> = new Set(
  "avif bmp gif heic heif ico jpeg jpg png svg tif tiff webp".split(" "),
);
const VIDEOS: ReadonlySet<string> = new Set(
  "3gp aac avi flac flv m4a m4v mkv mov mp3 mp4 mpeg mpg oga ogg ogv opus wav weba webm wmv".split(" "),
);

export function createMapping(name: MappingName): Mapping {
  const typeOf = name === "raw" ? (): ResourceType => "raw" : mediaTypeOf;
  /**
   * Returns the key of the object that this package stores at a place. Returns `undefined` if this package stores no
   * object there.
   */
  const ownKeyOf = ({ resourceType, publicId }: AssetPlace): string | undefined => {
    const key = decodePublicId(publicId);
    if (key === undefined || keyProblem(key) !== undefined) return undefined;
    return typeOf(key) === resourceType && encodePublicId(key) === publicId ? key : undefined;
  };
  const resourceTypes: readonly ResourceType[] = name === "raw" ? ["raw"] : ["image", "video", "raw"];
  const foreignPlaceOf = (key: string): AssetPlace | undefined => {
    const place = parseForeign(key);
    if (place === undefined || !resourceTypes.includes(place.resourceType)) return undefined;
    return ownKeyOf(place) === undefined ? place : undefined;
  };
  return {
    resourceTypes,
    placeOf: (key) => foreignPlaceOf(key) ?? { resourceType: typeOf(key), publicId: encodePublicId(key) },
    keyOf: (place) => {
      const own = ownKeyOf(place);
      if (own !== undefined && foreignPlaceOf(own) === undefined) return own;
      const key = foreignKey(place);
      return keyProblem(key) === undefined && foreignPlaceOf(key) !== undefined ? key : undefined;
    },
  };
}

function mediaTypeOf(key: string): ResourceType {
  const extension = extensionOf(key) ?? "";
  if (IMAGES.has(extension)) return "image";
  return VIDEOS.has(extension) ? "video" : "raw";
}

/** The public ids that Cloudinary forbids, or that its SDK misreads when it makes a URL. */
const UNREACHABLE = /[?&#\\%<>+]|^(?:image|raw)\/[a-z0-9_]+\/v\d+\/|^https?:/;

/**
 * Returns the format to put into the delivery URL of an image or a video, or `undefined` if the URL needs no format. In
 * such a URL, Cloudinary always reads the last extension as the format, never as part of the public id. If this package
 * has stored the object, the format is the extension of its key. If a different program has stored the asset, the URL
 * gets a format only if the asset's name has a dot.
 */
export function deliveredAs(key: string, place: AssetPlace): string | undefined {
  const { resourceType, publicId } = place;
  if (resourceType === "raw") return undefined;
  const extension = /\.([^./]+)$/.exec(key === foreignKey(place) ? "" : key)?.[1];
  if (extension !== undefined) return extension.toLowerCase();
  const hasDot = publicId.slice(publicId.lastIndexOf("/") + 1).includes(".");
  if (!hasDot) return undefined;
  return resourceType === "image" ? "jpg" : "mp4";
}

/** Returns the key of an asset that a different program has stored, under a public id that this package never uses. */
export function foreignKey({ publicId, resourceType }: AssetPlace): string {
  return `${publicId}@cloudinary-${resourceType}`;
}

function parseForeign(key: string): AssetPlace | undefined {
  const [, publicId, resourceType] = /^(.+)@cloudinary-(image|video|raw)$/s.exec(key) ?? [];
  if (publicId === undefined || resourceType === undefined) return undefined;
  if (UNREACHABLE.test(publicId) || keyProblem(publicId) !== undefined) return undefined;
  return { publicId, resourceType: resourceType as ResourceType };
}
