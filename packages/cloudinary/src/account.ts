import { StorageError, type ObjectInfo, type Operation } from "@stowage/core/provider";
import type { AssetAnswer, CloudinaryClient } from "./client.js";
import type { Settings } from "./cloudinary-options.js";
import { toCloudinaryError, type FailureContext } from "./errors.js";
import { fromContext } from "./facts.js";
import { PUBLIC_ID_LENGTH_MAX, type AssetPlace, type Mapping, type ResourceType } from "./mapping.js";
import type { Places } from "./places.js";

/** The state that all methods of one provider share. */
export interface Account {
  readonly name: string;
  readonly settings: Settings;
  readonly client: CloudinaryClient;
  readonly mapping: Mapping;
  readonly places: Places;
  /**
   * The size limits of the plan that Cloudinary has named in its answers, by resource type. `most` is a limit in bytes.
   * `at` is the time of the answer by the monotonic clock, in milliseconds.
   */
  readonly learnt: Map<ResourceType, { readonly most: number; readonly at: number }>;
}

/** The part of a {@link FailureContext} that depends on the call. {@link ask} adds the name of the provider. */
export type Attempted = Pick<FailureContext, "operation" | "key" | "writes">;

/** Sends the request of one call. Throws a `StorageError` if the request fails. */
export async function ask<T>(account: Account, attempted: Attempted, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw toCloudinaryError(error, { ...attempted, provider: account.name });
  }
}

/** Tells whether a public id is short enough for Cloudinary. */
export function fits({ publicId }: AssetPlace): boolean {
  return publicId.length <= PUBLIC_ID_LENGTH_MAX;
}

/**
 * Returns the resource type and the public id of a key.
 *
 * @throws StorageError `Unsupported` if the public id of the key would be too long.
 */
export function placeFor({ name, mapping }: Account, key: string, operation: Operation): AssetPlace {
  const place = mapping.placeOf(key);
  if (fits(place)) return place;
  const reason = `its public id would have ${place.publicId.length} characters, but Cloudinary allows at most ${PUBLIC_ID_LENGTH_MAX}`;
  throw new StorageError("Unsupported", reason, { operation, provider: name, key });
}

/** Returns the public facts of an asset that Cloudinary has described. */
export function infoOf(account: Account, key: string, asset: AssetAnswer): ObjectInfo {
  const { size, version, md5 } = asset;
  return {
    ...fromContext(asset.context),
    key,
    size,
    etag: etagOf(asset),
    lastModified: new Date(version * 1000),
    version: String(version),
    ...(md5 !== undefined && { checksum: { algorithm: "md5" as const, value: md5 } }),
    provider: account.name,
    ref: account.places.ref(key),
  };
}

/**
 * Returns the ETag of an asset: the MD5 of its bytes. If the answer has no MD5, the ETag consists of the version and the size.
 */
export function etagOf({ md5, version, size }: AssetAnswer): string {
  return `"${md5 ?? `v${version}-${size}`}"`;
}
