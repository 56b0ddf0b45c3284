import { contentTypeOf, type ObjectInfo } from "@stowage/core/provider";
import { infoOf, type Account } from "./account.js";
import type { AssetAnswer } from "./client.js";
import { foreignKey } from "./mapping.js";

/**
 * Adds the content type to the facts of an object. Cloudinary stores no content types. If the metadata contains no
 * type, the type follows from the extension of the key. If a different program has stored the asset, the key does not
 * show the type. In that case the type follows from the asset's format.
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
