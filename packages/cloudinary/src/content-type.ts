import { contentTypeOf, type ObjectInfo } from "@stowage/core/provider";
import { infoOf, type Account } from "./account.js";
import type { AssetAnswer } from "./client.js";
import { foreignKey } from "./mapping.js";

/**
 * Adds the content type to the facts of an object. Cloudinary keeps no content types. A type that was not stored beside
 * the bytes follows from the key. The key of an asset that others stored says no type: its type follows from the
 * asset's format.
 */
export async function withType(info: ObjectInfo, asset: AssetAnswer): Promise<ObjectInfo> {
  if (info.contentType !== undefined) return info;
  const isForeign = info.key.endsWith(foreignKey(asset)) && asset.format !== undefined;
  return { ...info, contentType: await contentTypeOf(isForeign ? `x.${asset.format}` : info.key) };
}

/** Returns all that is known of an object, with its content type. */
export async function infoWithType(account: Account, key: string, asset: AssetAnswer): Promise<ObjectInfo> {
  return await withType(infoOf(account, key, asset), asset);
}
