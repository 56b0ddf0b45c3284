import { randomBytes } from "node:crypto";
import { assertPublicId, isThere, type Asset, type AssetPlace } from "./assets.js";
import type { StoredBody } from "./bodies.js";
import type { Cloud } from "./cloud.js";
import { formatOf, typeOf } from "./formats.js";
import { Refusal } from "./refusal.js";
import type { Fields } from "./signature.js";
import { contextOf, flagOf, textOf } from "./upload-fields.js";
import { DELIVERY_TYPES, type DeliveryType, RESOURCE_TYPES, type ResourceType } from "./kinds.js";

/** The result of an upload. */
interface Stored {
  readonly asset: Asset;
  /** True if the asset already existed and was kept, and the sent file was dropped. */
  readonly existing: boolean;
}

/** Stores an uploaded file as an asset. Refuses a file that the account's limits or the request's fields do not allow. */
export function storeUpload(
  cloud: Cloud,
  place: Omit<AssetPlace, "resourceType"> & { readonly resourceType: ResourceType | "auto" },
  fields: Fields,
  body: StoredBody,
): Stored {
  if (body.size === 0) throw new Refusal(400, "Empty file");
  const resourceType = place.resourceType === "auto" ? typeOf(body.start) : place.resourceType;
  const where = { ...place, resourceType };
  const format = allowedFormat(cloud, where, fields, body);
  assertSize(cloud, resourceType, body.size);
  const before = cloud.assets.find(where);
  if (flagOf(fields, "overwrite") === false && isThere(before)) return { asset: before, existing: true };
  if (before !== undefined && flagOf(fields, "invalidate") === true) cloud.cdn.invalidate(before);
  const now = cloud.now();
  const asset = cloud.assets.save({
    ...where,
    ...(before !== undefined && { assetId: before.assetId }),
    version: Math.floor(now / 1000),
    createdAt: isThere(before) ? before.createdAt : now,
    body,
    format,
    context: contextOf(textOf(fields, "context")),
    tags: textOf(fields, "tags")?.split(",") ?? [],
    placeholder: false,
  });
  return { asset, existing: false };
}

function allowedFormat(
  { checksFormats, limits }: Cloud,
  { resourceType, publicId }: AssetPlace,
  fields: Fields,
  body: StoredBody,
): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(publicId)?.[1]?.toLowerCase();
  const format =
    checksFormats || resourceType === "raw"
      ? formatOf(resourceType, body.start)
      : (extension ?? (resourceType === "image" ? "jpg" : "mp4"));
  const shown = format ?? extension ?? "";
  if (limits.forbiddenFormats.includes(shown)) throw new Refusal(400, `File type ${shown} is not allowed`);
  const allowed = textOf(fields, "allowed_formats")?.split(",");
  if (allowed !== undefined && !allowed.includes(shown)) {
    throw new Refusal(400, `File format ${shown} not allowed`);
  }
  return format;
}

function assertSize({ limits }: Cloud, resourceType: ResourceType, size: number): void {
  const { imageBytesMax, videoBytesMax, rawBytesMax } = limits;
  const most = { image: imageBytesMax, video: videoBytesMax, raw: rawBytesMax }[resourceType];
  if (size <= most) return;
  const upgrade =
    "Upgrade your plan to enjoy higher limits https://www.cloudinary.com/pricing/upgrades/file-limit";
  throw new Refusal(400, `File size too large. Got ${size}. Maximum is ${most}. ${upgrade}`);
}

/** Returns the place of an upload. Makes a public id if the fields contain none. */
export function placeOf(
  fields: Fields,
  resourceType: string,
  filename: string | undefined,
): AssetPlace & { readonly resourceType: ResourceType } {
  if (!RESOURCE_TYPES.includes(resourceType as ResourceType) && resourceType !== "auto") {
    throw new Refusal(400, `Invalid resource type ${resourceType}`);
  }
  const kind = resourceType as ResourceType;
  const folder = textOf(fields, "folder");
  const given = textOf(fields, "public_id") ?? generatedId(fields, filename);
  const publicId = withExtension(folder === undefined ? given : `${folder}/${given}`, kind, filename);
  assertPublicId(publicId);
  return { resourceType: kind, type: deliveryType(textOf(fields, "type")), publicId };
}

export function deliveryType(type: string | undefined): DeliveryType {
  const known = DELIVERY_TYPES.find((one) => one === (type ?? "upload"));
  if (known === undefined) throw new Refusal(400, `Invalid type ${type}`);
  return known;
}

function generatedId(fields: Fields, filename: string | undefined): string {
  const stem = filename?.replace(/\.[^.]*$/, "");
  if (flagOf(fields, "use_filename") !== true || stem === undefined) return randomBytes(10).toString("hex");
  return flagOf(fields, "unique_filename") === false ? stem : `${stem}_${randomBytes(3).toString("hex")}`;
}

/** Returns the public id. If the public id of a raw file has no extension, adds the extension of the form's file. */
function withExtension(publicId: string, resourceType: ResourceType, filename: string | undefined): string {
  const extension = /\.[^.]+$/.exec(filename ?? "")?.[0];
  const has = /\.[^./]+$/.test(publicId);
  return resourceType === "raw" && !has && extension !== undefined ? publicId + extension : publicId;
}
