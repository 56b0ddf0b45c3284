import { extensionOf, keyProblem } from "@stowage/core/provider";
import { decodePublicId, encodePublicId } from "./public-id.js";

/** Cloudinary's three kinds of files. A video may be a sound. */
export type ResourceType = "image" | "video" | "raw";

/** What everybody may read (`upload`), only the derived files of (`private`), or nothing of (`authenticated`). */
export type DeliveryType = "upload" | "private" | "authenticated";

/** `media`: images and videos as such, by the extension of the key, everything else raw. `raw`: everything raw. */
export type MappingName = "media" | "raw";

/** Where an object is. A public id is one for each kind. */
export interface AssetPlace {
  readonly resourceType: ResourceType;
  readonly publicId: string;
}

/** Finds the place for a key, and the key for a place. */
export interface Mapping {
  /** Whose assets are listed. */
  readonly resourceTypes: readonly ResourceType[];
  /** The place for a key, whatever its length. */
  readonly placeOf: (key: string) => AssetPlace;
  /** The key for a place, or `undefined` when there cannot be one. */
  readonly keyOf: (place: AssetPlace) => string | undefined;
}

/** @see https://cloudinary.com/documentation/upload_parameters for the limit of `public_id` */
export const PUBLIC_ID_LENGTH_MAX = 255;

/**
 * Which extensions are images and videos to Cloudinary. Part of the mapping: another list would look for objects where
 * they are not. PDFs and the files of HLS and DASH are raw, so that they are delivered as they are.
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
  /** The key that is stored there, if it is a place where a key of ours is stored. */
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

/** Ids that Cloudinary forbids, or that its SDK takes for something else when it makes a URL. */
const UNREACHABLE = /[?&#\\%<>+]|^(?:image|raw)\/[a-z0-9_]+\/v\d+\/|^https?:/;

/**
 * The format under which an image or a video is delivered as it is: the last extension of its URL is never part of its
 * id. That of our keys is theirs; for what others have stored it is left out where that can be done.
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

/** The key of what others have stored under an id that no key of ours has. */
export function foreignKey({ publicId, resourceType }: AssetPlace): string {
  return `${publicId}@cloudinary-${resourceType}`;
}

function parseForeign(key: string): AssetPlace | undefined {
  const [, publicId, resourceType] = /^(.+)@cloudinary-(image|video|raw)$/s.exec(key) ?? [];
  if (publicId === undefined || resourceType === undefined) return undefined;
  if (UNREACHABLE.test(publicId) || keyProblem(publicId) !== undefined) return undefined;
  return { publicId, resourceType: resourceType as ResourceType };
}
