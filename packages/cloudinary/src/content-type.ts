import { contentTypeOf, type ObjectInfo } from "@stowage/core/provider";
import { infoOf, type Account } from "./account.js";
import type { AssetAnswer } from "./client.js";
import { foreignKey } from "./mapping.js";

/**
 * Adds the content type to the facts of an object. Cloudinary stores no content types. If no type is stored in the
 * metadata, the type follows from the key. For assets that were stored by other programs, the type follows from the
 * asset's format, because the key does not show it.
 */
export async function withType(info: ObjectInfo, asset: AssetAnswer): Promise<ObjectInfo> {
  if (info.contentType !== undefined) return info;
  const isForeign = info.key.endsWith(foreignKey(asset)) && asset.format !== undefined;
  return { ...info, contentType: await contentTypeOf(isForeign ? `x.${asset.format}` : info.key) };
}

/** Returns everything that is known about an object, including its content type. */
export async function infoWithType(account: Account, key: string, asset: AssetAnswer): Promise<ObjectInfo> {
  return await withType(infoOf(account, key, asset), asset);
}
