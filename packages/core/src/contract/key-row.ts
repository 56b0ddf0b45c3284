import type { ObjectInfo } from "./object.js";
import type { Version } from "./version.js";

/** A write that has begun, and that may or may not have taken effect. */
export interface Intent {
  /** Empty until the journal has given it one. */
  readonly version: Version;
  readonly writeId: string;
  readonly sha256?: string | undefined;
  /** Of the body, in bytes, where it was known before the first byte: a copy of another size is none. */
  readonly size?: number | undefined;
}

/** What a key is: the last write that was decided. */
export interface Committed {
  readonly kind: "put" | "delete";
  /** Empty until the journal has given it one. */
  readonly version: Version;
  readonly sha256?: string | undefined;
  /** For an object that carries no version, by member: the ETag by which it is known there. */
  readonly etags?: Readonly<Record<string, string>> | undefined;
  /** By member: the ETag of a copy that has other bytes than this version. It counts as none. */
  readonly wrong?: Readonly<Record<string, string>> | undefined;
  /** For an object that carries no version: when it was stored, as far as is known. */
  readonly storedAt?: number | undefined;
}

/** What a member holds: a version, `"absent"` for nothing, or `"unknown"` when nobody knows. */
export type Holding = string;

/** Who works on a key. */
export interface Lease {
  readonly process: string;
  readonly until: number;
  /** The members to which requests may be under way. */
  readonly sending: readonly string[];
}

/** A member that a client may upload to by itself, and until when it may begin. */
export interface External {
  readonly member: string;
  readonly until: number;
}

/** An idempotent write, which is not made again when it is repeated. */
export interface Remembered {
  readonly writeId: string;
  readonly until: number;
  /** The facts of the object as the write returned them. */
  readonly info: ObjectInfo;
}

/**
 * What the journal says of a key that is in transition. Times are in milliseconds since 1970.
 *
 * The state machine is the functions of this file: each takes a row and makes the next one.
 */
export interface KeyRow {
  /** The decided truth; absent while it is what the members held before this row began. */
  readonly current?: Committed | undefined;
  /** Whether nothing is left to do, and the row stays for a while so that a delete or an idempotent write is remembered. */
  readonly isKept?: boolean | undefined;
  /** Of a delete that every member has confirmed: until when it is remembered. */
  readonly keepUntil?: number | undefined;
  readonly remembered?: readonly Remembered[] | undefined;
  /** Whether the journal was restored from a backup that this row comes from: members may hold something newer. */
  readonly isDoubtful?: boolean | undefined;
  /** The write that is being made. */
  readonly open?: Intent | undefined;
  /** Writes that failed and may have taken effect, or may do so later; all are newer than `current`. */
  readonly uncertain: readonly Intent[];
  /** A member that is missing holds what it held before this row began. */
  readonly holds: Readonly<Record<string, Holding>>;
  /** Members on which a request may still take effect, and until when. */
  readonly suspects: Readonly<Record<string, number>>;
  readonly lease?: Lease | undefined;
  /** Uploads past the composer that may come: they are adopted when they are reported, or when their time is over. */
  readonly external?: readonly External[] | undefined;
  readonly since: number;
  /** When repair looks at it. */
  readonly nextAt: number;
  /** How often repair has tried. */
  readonly attempts: number;
  /** Members that have said that they cannot hold the current object: it is too large, or of a kind they do not take. */
  readonly cannotHold?: readonly string[] | undefined;
  /** Until when copies that are not needed any more stay: somebody may be listing. */
  readonly clearAt?: number | undefined;
  /** Why repair failed the last time. */
  readonly problem?: string | undefined;
}

/** The row as the journal has written it: what was to be given a version has it. */
export function stampedRow(row: KeyRow, revision: Version): KeyRow {
  const { open, current, holds } = row;
  if (open?.version !== "" && current?.version !== "") return row;
  const held = Object.entries(holds).map(([name, holding]) => [name, holding === "" ? revision : holding]);
  return {
    ...row,
    holds: Object.fromEntries(held),
    ...(open?.version === "" && { open: { ...open, version: revision } }),
    ...(current?.version === "" && { current: { ...current, version: revision } }),
  };
}
