import { sha256In } from "../../../body/digest.js";
import type { Version } from "../../../contract/version.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { Committed } from "../../../contract/key-row.js";

/** What a composer with a journal writes beside every object, in the place of the write id. */
export interface Identity {
  readonly version: Version;
  /** The caller's write id, or one that was made for it. */
  readonly writeId: string;
  /** Of the bytes, where it was known before the first of them was sent; lower-case hexadecimal. */
  readonly sha256?: string | undefined;
}

/** `s1:<version>:<sha256, may be empty>:<write id>`. */
const START = "s1:";
const VERSION_END = START.length + 16;
const HEX = /^[0-9a-f]*$/;

/** Packs an identity into a write id, which every provider with metadata keeps and gives back. */
export function packIdentity({ version, writeId, sha256 = "" }: Identity): string {
  return `s1:${version}:${sha256}:${writeId}`;
}

/** The identity of an object; none when it was not written through a composer with a journal. */
export function identityOf(info: Pick<ObjectInfo, "writeId">): Identity | undefined {
  const version = versionOf(info);
  if (version === undefined) return undefined;
  const rest = (info.writeId as string).slice(VERSION_END + 1);
  const end = rest.indexOf(":");
  if (end === -1 || end === rest.length - 1) return undefined;
  return { version, writeId: rest.slice(end + 1), sha256: end === 0 ? undefined : rest.slice(0, end) };
}

/** Returns the digest that a member knows of its object, by the object's identity or by a checksum of its own. */
export function digestIn(info: ObjectInfo): string | undefined {
  return identityOf(info)?.sha256 ?? sha256In(info);
}

/** Every read asks for it. */
export function versionOf({ writeId }: Pick<ObjectInfo, "writeId">): Version | undefined {
  if (writeId === undefined || !writeId.startsWith(START) || writeId[VERSION_END] !== ":") return undefined;
  const version = writeId.slice(START.length, VERSION_END);
  return HEX.test(version) ? version : undefined;
}

/** Whether an object is the one that the key is. */
export function isCurrent(current: Committed, { name }: ComposedProvider, info: ObjectInfo): boolean {
  const { version, etags, wrong } = current;
  if (info.etag !== undefined && wrong?.[name] === info.etag) return false;
  return versionOf(info) === version || (info.etag !== undefined && etags?.[name] === info.etag);
}

/** An object, and where it was found. */
export interface Copy {
  readonly member: ComposedProvider;
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
