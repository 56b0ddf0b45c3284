import type { ObjectInfo } from "./object.js";
import type { Version } from "./version.js";

/** A write that has begun. The write may have taken effect, or may have failed. */
export interface Intent {
  /** The version of the write; empty until the journal has stamped it. */
  readonly version: Version;
  readonly writeId: string;
  readonly sha256?: string | undefined;
  /**
   * The size of the body in bytes, if it was known before the first byte. An object with a different size is not a copy of this
   * write.
   */
  readonly size?: number | undefined;
}

/** The last decided write or delete of a key. */
export interface Committed {
  readonly kind: "put" | "delete";
  /** The version of the write; empty until the journal has stamped it. */
  readonly version: Version;
  readonly sha256?: string | undefined;
  /** The ETag of the object on each member. An object without a stored version is recognised by its ETag. */
  readonly etags?: Readonly<Record<string, string>> | undefined;
  /**
   * For each member with a wrong copy, the ETag of that copy. The bytes of a wrong copy differ from this version, and
   * the copy does not count.
   */
  readonly wrong?: Readonly<Record<string, string>> | undefined;
  /** The time when an object without a stored version was written, if this time is known. */
  readonly storedAt?: number | undefined;
}

/**
 * The version of an object that a member holds; `"absent"` if the member has no object; `"unknown"` if the version is
 * not known.
 */
export type Holding = string;

/** The claim of one process on a key, so that no other process writes the key. */
export interface Lease {
  readonly process: string;
  readonly until: number;
  /** The members to which requests may be under way. */
  readonly sending: readonly string[];
}

/** A member to which a client may upload directly, and the latest time at which the upload can arrive. */
export interface External {
  readonly member: string;
  readonly until: number;
}

/** The record of an idempotent write. A repeated call returns this record and does not write again. */
export interface Remembered {
  readonly writeId: string;
  readonly until: number;
  /** The facts of the object that the write returned. */
  readonly info: ObjectInfo;
}

/**
 * The record of one key in the journal while the key is in transition. Times are in milliseconds since 1970.
 *
 * Pure functions make each new row from the previous row: `stampedRow` here, and the functions of
 * `compose/journaled/row`.
 */
export interface KeyRow {
  /**
   * The last decided write or delete. Absent while the key still has the object that it had when this row was created.
   */
  readonly current?: Committed | undefined;
  /** True if nothing is left to do. The row stays for a while so that a delete or an idempotent write is remembered. */
  readonly isKept?: boolean | undefined;
  /** The time until which the journal remembers a delete that every member has confirmed. */
  readonly keepUntil?: number | undefined;
  readonly remembered?: readonly Remembered[] | undefined;
  /** True if the journal was restored from a backup that contains this row. Members may hold something newer. */
  readonly isDoubtful?: boolean | undefined;
  /** The write that is being sent now. */
  readonly open?: Intent | undefined;
  /** The writes that failed, but may have taken effect or may still take effect. All are newer than `current`. */
  readonly uncertain: readonly Intent[];
  /**
   * The version that each member has. A member without an entry still holds the object that it had when this row was
   * created.
   */
  readonly holds: Readonly<Record<string, Holding>>;
  /**
   * The members on which a request may still take effect, each with the time after which the request can no longer take
   * effect.
   */
  readonly suspects: Readonly<Record<string, number>>;
  readonly lease?: Lease | undefined;
  /**
   * Uploads that clients make directly to members, and that may still arrive. These uploads are adopted when they are
   * reported, or when their time is up.
   */
  readonly external?: readonly External[] | undefined;
  readonly since: number;
  /** The time at which repair next works on the row. */
  readonly nextAt: number;
  /** The number of consecutive attempts of repair that made no progress. */
  readonly attempts: number;
  /**
   * The members that have refused the current object because they cannot hold it. The object is too large for them, or of a kind
   * that they refuse.
   */
  readonly cannotHold?: readonly string[] | undefined;
  /** The time until which unneeded copies stay. A listing that is under way may still need these copies. */
  readonly clearAt?: number | undefined;
  /** The reason why repair failed the last time. */
  readonly problem?: string | undefined;
}

/** Returns the row as the journal has written it. A write that was waiting for its version now has the version. */
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
