import type { Version } from "../../journal.js";
import type { ObjectInfo, StorageProvider } from "../../provider.js";
import type { Committed } from "./row.js";

/** What a composer with a journal writes beside every object, in the place of the write id. */
export interface Identity {
  readonly version: Version;
  /** The caller's write id, or one that was made for it. */
  readonly writeId: string;
  /** Of the bytes, where it was known before the first of them was sent; lower-case hexadecimal. */
  readonly sha256?: string | undefined;
}

const PACKED = /^s1:([0-9a-f]{16}):([0-9a-f]{64})?:(.+)$/;

/** Packs an identity into a write id, which every provider with metadata keeps and gives back. */
export function packIdentity({ version, writeId, sha256 = "" }: Identity): string {
  return `s1:${version}:${sha256}:${writeId}`;
}

/** The identity of an object; none when it was not written through a composer with a journal. */
export function identityOf({ writeId }: Pick<ObjectInfo, "writeId">): Identity | undefined {
  const [, version, sha256, inner] = PACKED.exec(writeId ?? "") ?? [];
  return version === undefined || inner === undefined ? undefined : { version, writeId: inner, sha256 };
}

export function versionOf(info: Pick<ObjectInfo, "writeId">): Version | undefined {
  return identityOf(info)?.version;
}

/** Whether an object is the one that the key is. */
export function isCurrent(current: Committed, { name }: StorageProvider, info: ObjectInfo): boolean {
  const { version, etags } = current;
  return versionOf(info) === version || (info.etag !== undefined && etags?.[name] === info.etag);
}

/** An object, and where it was found. */
export interface Copy {
  readonly member: StorageProvider;
  readonly info: ObjectInfo;
}

/** The newest of several copies; the first of those that are equally new, or of no known age. */
export function newestOf<T extends Copy>(copies: readonly T[]): T | undefined {
  return copies.reduce<T | undefined>(
    (best, copy) =>
      best === undefined || (versionOf(copy.info) ?? "") > (versionOf(best.info) ?? "") ? copy : best,
    undefined,
  );
}

/** The facts as callers see them: the write id is their own. */
export function withoutIdentity(info: ObjectInfo): ObjectInfo {
  const identity = identityOf(info);
  if (identity === undefined) return info;
  const { sha256, writeId } = identity;
  if (sha256 === undefined || info.checksum !== undefined) return { ...info, writeId };
  return { ...info, writeId, checksum: { algorithm: "sha256", value: sha256 } };
}
