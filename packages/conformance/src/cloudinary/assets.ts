import { randomBytes } from "node:crypto";
import type { StoredBody } from "./bodies.js";
import { dimensionsOf } from "./formats.js";
import { Refusal } from "./refusal.js";
import type { ResourceType, DeliveryType } from "./kinds.js";

/** The names that together identify an asset. A public id can exist once for each resource type and delivery type. */
export interface AssetPlace {
  readonly resourceType: ResourceType;
  readonly type: DeliveryType;
  readonly publicId: string;
}

/** One asset of the fake, with the facts that the fake's API shows. */
export interface Asset extends AssetPlace {
  readonly assetId: string;
  /** The time of the last upload, in seconds since 1970. */
  readonly version: number;
  /** The time of the first upload, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly body: StoredBody;
  readonly format: string | undefined;
  readonly context: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** True if the asset was deleted and is kept as a backup. */
  readonly placeholder: boolean;
}

export interface Assets {
  readonly find: (place: AssetPlace) => Asset | undefined;
  readonly save: (asset: Omit<Asset, "assetId">) => Asset;
  readonly remove: (place: AssetPlace) => void;
  readonly all: () => readonly Asset[];
}

/** Creates the store for the assets of one cloud. If `backups` is true, a removed asset leaves a placeholder. */
export function createAssets(backups: boolean): Assets {
  const assets = new Map<string, Asset>();
  return {
    find: (place) => assets.get(nameOf(place)),
    all: () => [...assets.values()],
    save: (asset) => {
      const before = assets.get(nameOf(asset));
      const saved = { assetId: before?.assetId ?? randomBytes(16).toString("hex"), ...asset };
      assets.set(nameOf(asset), saved);
      return saved;
    },
    remove: (place) => {
      const asset = assets.get(nameOf(place));
      if (asset !== undefined && backups) assets.set(nameOf(place), { ...asset, placeholder: true });
      else assets.delete(nameOf(place));
    },
  };
}

function nameOf({ resourceType, type, publicId }: AssetPlace): string {
  return `${resourceType}/${type}/${publicId}`;
}

/** Tells whether an asset exists and is not the placeholder of a deleted asset. */
export function isThere(asset: Asset | undefined): asset is Asset {
  return asset !== undefined && !asset.placeholder;
}

const PUBLIC_ID_MAX = 255;

/**
 * Refuses a public id that Cloudinary would refuse or silently change.
 *
 * @see https://support.cloudinary.com/hc/en-us/articles/115001317409 for the characters that it permits
 */
export function assertPublicId(publicId: string): void {
  const problem = publicIdProblem(publicId);
  if (problem !== undefined) throw new Refusal(400, `public_id (${publicId}) is invalid: ${problem}`);
}

function publicIdProblem(publicId: string): string | undefined {
  if (publicId === "") return "it is empty";
  if (publicId.length > PUBLIC_ID_MAX) return `it is longer than ${PUBLIC_ID_MAX} characters`;
  if (/[?&#\\%<>+]/.test(publicId)) return "it has a forbidden character";
  if (/[\0-\x1f\x7f]/.test(publicId)) return "it has a control character";
  if (/^[\s/]|[\s/]$/.test(publicId)) return "it begins or ends with a space or a slash";
  const segments = publicId.split("/");
  if (segments.some((segment) => /^(?:\.*|\s*)$/.test(segment)))
    return "a segment is empty, or has only dots or spaces";
  // Cloudinary replaces all other characters with underscores. It also removes these marks from the ends of a segment.
  if (/[^\p{L}\p{N}._/-]/u.test(publicId))
    return "it has a character that Cloudinary replaces with an underscore";
  if (segments.some((segment) => /^[._-]|[._-]$/.test(segment)))
    return "a segment begins or ends with a character that Cloudinary cuts off";
  return segments.slice(0, -1).some((segment) => /^v\d+$/.test(segment))
    ? "a folder has a name like v1, which means a version"
    : undefined;
}

/** Returns the description of an asset in an answer. */
export function describeAsset(
  asset: Asset,
  { cloudName, origin, folders }: { cloudName: string; origin: string; folders: "fixed" | "dynamic" },
): Record<string, unknown> {
  const { resourceType, type, publicId, version, format, body, placeholder } = asset;
  const file = format === undefined ? publicId : `${publicId}.${format}`;
  const url = `${origin}/${cloudName}/${resourceType}/${type}/v${version}/${encodePath(file)}`;
  const folder = publicId.slice(0, Math.max(0, publicId.lastIndexOf("/")));
  return {
    asset_id: asset.assetId,
    public_id: publicId,
    version,
    ...(format !== undefined && { format }),
    ...(resourceType !== "raw" && dimensionsOf(body.start)),
    resource_type: resourceType,
    type,
    created_at: new Date(asset.createdAt).toISOString().replace(/\.\d+Z$/, "Z"),
    tags: asset.tags,
    bytes: placeholder ? 0 : body.size,
    etag: body.md5,
    placeholder,
    url,
    secure_url: url,
    ...(folders === "fixed"
      ? { folder }
      : { asset_folder: "", display_name: publicId.slice(publicId.lastIndexOf("/") + 1) }),
    ...(Object.keys(asset.context).length > 0 && { context: { custom: asset.context } }),
  };
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
