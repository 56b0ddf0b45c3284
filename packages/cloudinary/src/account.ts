import { StorageError, type ObjectInfo, type Operation } from "@stowage/core/provider";
import type { AssetAnswer, CloudinaryClient } from "./client.js";
import type { Settings } from "./cloudinary-options.js";
import { toCloudinaryError, type FailureContext } from "./errors.js";
import { fromContext } from "./facts.js";
import { PUBLIC_ID_LENGTH_MAX, type AssetPlace, type Mapping, type ResourceType } from "./mapping.js";
import type { Places } from "./places.js";

/** What the verbs of one provider share. */
export interface Account {
  readonly name: string;
  readonly settings: Settings;
  readonly client: CloudinaryClient;
  readonly mapping: Mapping;
  readonly places: Places;
  /** The largest files that the plan was said to take, in bytes, and when that was, by the monotonic clock. */
  readonly learnt: Map<ResourceType, { readonly most: number; readonly at: number }>;
}

/** What a verb says of itself, for the error of a failed request. */
export type Attempted = Pick<FailureContext, "operation" | "key" | "writes">;

/** Sends a request for a verb, and explains its failure. */
export async function ask<T>(account: Account, attempted: Attempted, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw toCloudinaryError(error, { ...attempted, provider: account.name });
  }
}

/** Whether Cloudinary can hold it. */
export function fits({ publicId }: AssetPlace): boolean {
  return publicId.length <= PUBLIC_ID_LENGTH_MAX;
}

/** @throws StorageError `Unsupported` for a key whose id would be too long. */
export function placeFor({ name, mapping }: Account, key: string, operation: Operation): AssetPlace {
  const place = mapping.placeOf(key);
  if (fits(place)) return place;
  const reason = `its public id would have ${place.publicId.length} characters, and Cloudinary takes ${PUBLIC_ID_LENGTH_MAX}`;
  throw new StorageError("Unsupported", reason, { operation, provider: name, key });
}

/** The public facts of an asset that Cloudinary has described. */
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

/** The digest of the bytes; where an answer has none, what changes with every upload. */
export function etagOf({ md5, version, size }: AssetAnswer): string {
  return `"${md5 ?? `v${version}-${size}`}"`;
}
