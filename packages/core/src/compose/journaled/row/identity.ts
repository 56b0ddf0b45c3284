import { sha256In } from "../../../body/digest.js";
import type { Version } from "../../../contract/version.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { Committed } from "../../../contract/key-row.js";

/** The facts that a composer with a journal stores with every object, in the field for the write id. */
export interface Identity {
  readonly version: Version;
  /** The caller's write id, or a generated id. */
  readonly writeId: string;
  /** The digest of the bytes, in lower-case hexadecimal; absent if the digest was not known before the first byte was sent. */
  readonly sha256?: string | undefined;
}

/** The start of a packed identity. A packed identity has the form `s1:<version>:<sha256, may be empty>:<write id>`. */
const START = "s1:";
const VERSION_END = START.length + 16;
const HEX = /^[0-9a-f]*$/;

/** Packs an identity into a write id. Every provider with metadata stores the write id and returns it. */
export function packIdentity({ version, writeId, sha256 = "" }: Identity): string {
  return `s1:${version}:${sha256}:${writeId}`;
}

/** Returns the identity of an object; `undefined` if the object was not written through a composer with a journal. */
export function identityOf(info: Pick<ObjectInfo, "writeId">): Identity | undefined {
  const version = versionOf(info);
  if (version === undefined) return undefined;
  const rest = (info.writeId as string).slice(VERSION_END + 1);
  const end = rest.indexOf(":");
  if (end === -1 || end === rest.length - 1) return undefined;
  return { version, writeId: rest.slice(end + 1), sha256: end === 0 ? undefined : rest.slice(0, end) };
}

/** Returns the digest that a member knows for its object, from the object's identity or from the member's own checksum. */
export function digestIn(info: ObjectInfo): string | undefined {
  return identityOf(info)?.sha256 ?? sha256In(info);
}

/**
 * Returns the version of an object; `undefined` if the object was not written through a composer with a journal. Every read calls this
 * function.
 */
export function versionOf({ writeId }: Pick<ObjectInfo, "writeId">): Version | undefined {
  if (writeId === undefined || !writeId.startsWith(START) || writeId[VERSION_END] !== ":") return undefined;
  const version = writeId.slice(START.length, VERSION_END);
  return HEX.test(version) ? version : undefined;
}

/**
 * Tells whether the version of a copy was assigned after the object was written. Objects from before the journal and objects that a client
 * has uploaded have no version of their own, so the composer assigns one. The copies that repair makes contain the assigned version; the
 * original object does not. In these copies the version stands in place of the missing write id.
 */
export function hasGivenVersion(info: Pick<ObjectInfo, "writeId">): boolean {
  const identity = identityOf(info);
  return identity !== undefined && identity.writeId === identity.version;
}

/** Tells whether an object is the current object of its key. */
export function isCurrent(current: Committed, { name }: ComposedProvider, info: ObjectInfo): boolean {
  const { version, etags, wrong } = current;
  if (info.etag !== undefined && wrong?.[name] === info.etag) return false;
  return versionOf(info) === version || (info.etag !== undefined && etags?.[name] === info.etag);
}

/** An object, and the member on which it was found. */
export interface Copy {
  readonly member: ComposedProvider;
  readonly info: ObjectInfo;
}

/** Returns the newest of several copies. Among copies with the same version, or without a version, the first copy counts. */
export function newestOf<T extends Copy>(copies: readonly T[]): T | undefined {
  return copies.reduce<T | undefined>(
    (best, copy) =>
      best === undefined || (versionOf(copy.info) ?? "") > (versionOf(best.info) ?? "") ? copy : best,
    undefined,
  );
}

/** Returns the facts as callers see them, with the caller's own write id. */
export function withoutIdentity(info: ObjectInfo): ObjectInfo {
  const identity = identityOf(info);
  if (identity === undefined) return info;
  const { sha256, writeId } = identity;
  if (sha256 === undefined || info.checksum !== undefined) return { ...info, writeId };
  return { ...info, writeId, checksum: { algorithm: "sha256", value: sha256 } };
}
