import { contentTypeOf, headersOf, type KeyLock, type ObjectInfo } from "@stowage/core/provider";
import { etagOf, type FileVersion, type Generation, type Generations } from "./generation.js";
import type { Places } from "./places.js";
import type { RootHolder } from "./root.js";
import type { Facts } from "./facts.js";

/** The parts that all methods of one provider share. */
export interface Disk {
  readonly name: string;
  readonly root: RootHolder;
  readonly places: Places;
  /** True if a put waits for the disk. */
  readonly durable: boolean;
  readonly lock: KeyLock;
  readonly generations: Generations;
  /** True if a listing skips folders that the process may not read. */
  readonly skipsUnreadable: boolean;
}

/** Returns the public facts of one version of a key. The result is a promise only if the content type has to be looked up. */
export function infoOf(
  disk: Disk,
  key: string,
  generation: Generation,
  facts: Facts | undefined,
): ObjectInfo | Promise<ObjectInfo> {
  const type = facts?.contentType ?? contentTypeOf(key);
  if (typeof type !== "string") return type.then((found) => fullInfo(disk, key, generation, facts, found));
  return fullInfo(disk, key, generation, facts, type);
}

function fullInfo(
  disk: Disk,
  key: string,
  generation: Generation,
  facts: Facts | undefined,
  contentType: string,
): ObjectInfo {
  const info = listedInfo(disk, key, generation, contentType);
  if (facts === undefined) return info;
  const { metadata, writeId } = facts;
  return { ...info, ...headersOf(facts), contentType, metadata, writeId };
}

/** Returns the facts that the file itself shows. */
export function listedInfo(
  disk: Disk,
  key: string,
  generation: FileVersion,
  contentType?: string,
): ObjectInfo {
  return {
    key,
    size: Number(generation.size),
    contentType,
    etag: etagOf(generation),
    lastModified: new Date(Number(generation.mtimeNs / 1_000_000n)),
    provider: disk.name,
    ref: disk.places.ref(key),
  };
}
