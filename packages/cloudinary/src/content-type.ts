import { contentTypeOf, type ObjectInfo } from "@stowage/core/provider";
import { infoOf, type Account } from "./account.js";
import type { AssetAnswer } from "./client.js";
import { foreignKey } from "./mapping.js";

/**
 * Cloudinary keeps no types: one that was not stored beside the bytes follows from the key, or from the format where
 * the key says nothing of it.
 */
export async function withType(info: ObjectInfo, asset: AssetAnswer): Promise<ObjectInfo> {
  if (info.contentType !== undefined) return info;
  const isForeign = info.key.endsWith(foreignKey(asset)) && asset.format !== undefined;
  return { ...info, contentType: await contentTypeOf(isForeign ? `x.${asset.format}` : info.key) };
}

/** All that is known of an object, its type included. */
export async function infoWithType(account: Account, key: string, asset: AssetAnswer): Promise<ObjectInfo> {
  return await withType(infoOf(account, key, asset), asset);
}
