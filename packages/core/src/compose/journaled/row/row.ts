import type { Committed, Holding, Intent, KeyRow, Lease, Remembered } from "../../../contract/key-row.js";
import type { Version } from "../../../contract/version.js";

export function newRow(now: number): KeyRow {
  return { uncertain: [], holds: {}, suspects: {}, since: now, nextAt: now, attempts: 0 };
}

/** Returns the row with the intent of a write. After this row is saved, a crash cannot hide that the write was sent. */
export function opened(row: KeyRow, intent: Omit<Intent, "version">): KeyRow {
  return { ...row, isKept: undefined, open: { ...intent, version: "" }, cannotHold: undefined, attempts: 0 };
}

/** Returns the row of a deleted key. A delete is decided as soon as the row is saved. */
export function deleted(row: KeyRow): KeyRow {
  return {
    ...row,
    open: undefined,
    uncertain: [],
    current: { kind: "delete", version: "" },
    isKept: undefined,
    keepUntil: undefined,
    isDoubtful: undefined,
    clearAt: undefined,
  };
}

/** Returns the row with the answer of a member. The answer is ignored while a request may still take effect on the member. */
export function learned(row: KeyRow, member: string, holding: Holding, now: number): KeyRow {
  const { [member]: until, ...suspects } = row.suspects;
  if (until !== undefined && now < until) return row;
  return { ...row, suspects, holds: { ...row.holds, [member]: holding } };
}

/**
 * Returns the row with the note that a member holds a copy with wrong bytes. This copy is no longer read or used as a
 * source.
 */
export function quarantined(row: KeyRow, member: string, etag: string): KeyRow {
  const { current } = row;
  if (current === undefined) return row;
  return {
    ...row,
    isKept: undefined,
    holds: { ...row.holds, [member]: "unknown" },
    current: { ...current, wrong: { ...current.wrong, [member]: etag } },
  };
}

/**
 * Returns the row with a member marked as a suspect, because a request to the member ended without an answer. At the
 * time `until`, the request can no longer take effect.
 */
export function suspected(row: KeyRow, member: string, until: number): KeyRow {
  return {
    ...row,
    isKept: undefined,
    holds: { ...row.holds, [member]: "unknown" },
    suspects: { ...row.suspects, [member]: until },
  };
}

/**
 * Returns the row without the suspects whose time is up, because their late requests can no longer change anything. If
 * the row has a decided write, returns the row unchanged.
 */
export function calmed(row: KeyRow, now: number): KeyRow {
  const all = Object.entries(row.suspects);
  const left = all.filter(([, until]) => until > now);
  if (row.current !== undefined || left.length === all.length) return row;
  return { ...row, suspects: Object.fromEntries(left) };
}

/** Returns the row with a found or newly written object as the current object. */
export function committed(row: KeyRow, put: Omit<Committed, "kind">): KeyRow {
  return {
    ...row,
    current: { ...put, kind: "put" },
    keepUntil: undefined,
    isDoubtful: undefined,
    open: row.open?.version === put.version ? undefined : row.open,
    uncertain: row.uncertain.filter(({ version }) => version > put.version),
  };
}

/** Returns the entries of `holds` for the suspects. Every entry is `"unknown"`. */
function unknownOn({ suspects }: KeyRow): KeyRow["holds"] {
  return Object.fromEntries(Object.keys(suspects).map((name) => [name, "unknown"]));
}

/** An object that was found on members while its key was not in transition. */
export interface FoundObject {
  /**
   * The identity of the object; absent if the object was not written through a composer with a journal. Such an object gets a version.
   */
  readonly identity: { readonly version: Version; readonly sha256?: string | undefined } | undefined;
  readonly holds: Readonly<Record<string, Holding>>;
  /** The ETag on each member that holds exactly this object. */
  readonly etags: Readonly<Record<string, string>>;
  readonly storedAt: number | undefined;
}

/** Returns the row with a found object as the current object, for a key without any decided write. */
export function adopted(row: KeyRow, { identity, holds, etags, storedAt }: FoundObject): KeyRow {
  const version = identity?.version ?? "";
  const known = Object.fromEntries(Object.keys(etags).map((name) => [name, version]));
  return {
    ...row,
    holds: { ...holds, ...known, ...unknownOn(row) },
    isDoubtful: undefined,
    current: {
      kind: "put",
      version,
      sha256: identity?.sha256,
      ...(identity === undefined && { etags, storedAt }),
    },
  };
}

/** Returns the row with the given holdings of the members, and without the mark as doubtful. */
export function confirmed(row: KeyRow, holds: KeyRow["holds"]): KeyRow {
  return { ...row, holds: { ...holds, ...unknownOn(row) }, isDoubtful: undefined };
}

/** Returns the row with an upload that a client may make to a member from now on. */
export function expecting(row: KeyRow, member: string, until: number): KeyRow {
  const others = (row.external ?? []).filter((each) => each.member !== member || each.until > until);
  return { ...row, isKept: undefined, external: [...others, { member, until }] };
}

/** Returns the row with only those client uploads that may still arrive. */
export function expectingOnly(row: KeyRow, external: KeyRow["external"] = []): KeyRow {
  return { ...row, external: external.length === 0 ? undefined : external };
}

/**
 * Returns the row with an object that a client has uploaded to a member. The uploaded object becomes the current object
 * and gets a version.
 */
export function uploaded(row: KeyRow, member: string, etag: string, others: readonly string[]): KeyRow {
  const unknown = others.map((name) => [name, "unknown"] as const);
  return {
    ...row,
    open: undefined,
    uncertain: [],
    holds: { ...Object.fromEntries(unknown), [member]: "" },
    current: { kind: "put", version: "", etags: { [member]: etag } },
    isKept: undefined,
    keepUntil: undefined,
    isDoubtful: undefined,
    cannotHold: undefined,
  };
}

/** Returns the row without its undecided writes, because no member holds these writes any more. */
export function resolved(row: KeyRow): KeyRow {
  return { ...row, open: undefined, uncertain: [] };
}

/** Returns the row without its open write. The write failed on every member and can no longer arrive. */
export function dropped(row: KeyRow): KeyRow {
  return { ...row, open: undefined };
}

/** Returns the row with the open write marked as uncertain: the write failed, and may have taken effect. */
export function undecided(row: KeyRow): KeyRow {
  return row.open === undefined ? row : { ...row, open: undefined, uncertain: [...row.uncertain, row.open] };
}

/** Returns the row of a key for which nothing is left to do. The journal keeps the row until the time `until`. */
export function kept(row: KeyRow, until: number, now: number): KeyRow {
  const remembered = row.remembered?.filter((each) => each.until > now);
  return {
    ...row,
    isKept: true,
    keepUntil: row.current?.kind === "delete" ? until : undefined,
    remembered: remembered?.length === 0 ? undefined : remembered,
    nextAt: until,
    attempts: 0,
    clearAt: undefined,
    problem: undefined,
  };
}

/** Returns the row with the time of the next repair. */
export function waiting(row: KeyRow, nextAt: number): KeyRow {
  return { ...row, nextAt };
}

/** Returns the row with the number of consecutive failures of repair. */
export function tried(row: KeyRow, attempts: number): KeyRow {
  return { ...row, attempts };
}

/** Returns the row with the reason why repair failed. */
export function hindered(row: KeyRow, problem: string): KeyRow {
  return { ...row, problem };
}

/**
 * Returns the row with the time at which unneeded copies may be removed from their members. Until then, a listing may
 * still need these copies.
 */
export function staying(row: KeyRow, clearAt: number): KeyRow {
  return { ...row, clearAt };
}

/** Returns the row with the note that a member has received its copy. */
export function copied(row: KeyRow, member: string, now: number, graceMs: number): KeyRow {
  const version = row.current?.version ?? "";
  return learned({ ...row, clearAt: now + graceMs, problem: undefined }, member, version, now);
}

/**
 * Returns the row with the lease of the process that holds the key. The lease names the members that this process will send requests to.
 */
export function leased(row: KeyRow, lease: Lease): KeyRow {
  return { ...row, isKept: undefined, lease, nextAt: lease.until };
}

/** Returns the row without its lease, ready for the next holder. */
export function unleased(row: KeyRow): KeyRow {
  return { ...row, lease: undefined };
}

/** Returns a copy of a kept row, modified so that repair checks every member again. */
export function reopened(row: KeyRow, members: readonly string[]): KeyRow {
  const holds = Object.fromEntries(members.map((name) => [name, "unknown"]));
  return { ...row, isKept: undefined, holds };
}

/** Returns the row with a record of an idempotent write, so that the same write is not done a second time. */
export function remembering(row: KeyRow, write: Remembered): KeyRow {
  const others = (row.remembered ?? []).filter(({ writeId }) => writeId !== write.writeId);
  return { ...row, remembered: [...others, write] };
}

/** Tells whether a kept row says that an object of that version was deleted or replaced. */
export function isBuried({ current }: KeyRow, version: Version | undefined): boolean {
  if (current === undefined || version === undefined) return false;
  return current.kind === "delete" ? version <= current.version : version < current.version;
}

/** Returns the row without a member that is permanently lost. */
export function withoutMember(row: KeyRow, member: string): KeyRow {
  const { [member]: _holding, ...holds } = row.holds;
  const { [member]: _until, ...suspects } = row.suspects;
  return expectingOnly(
    { ...row, holds, suspects },
    row.external?.filter((each) => each.member !== member),
  );
}

/** Returns a copy of a row, marked as doubtful. The journal was restored from a backup, so members may hold something newer. */
export function doubted(row: KeyRow): KeyRow {
  return { ...unleased(undecided(row)), isDoubtful: true };
}

/**
 * Returns the row of a key whose holder has died, ready for the next holder. Requests that were under way may still
 * arrive, so their members become suspects.
 */
export function takenOver(row: KeyRow, now: number, settleMs: number): KeyRow {
  const { lease } = row;
  if (lease === undefined) return row;
  const left = lease.sending.reduce((next, member) => suspected(next, member, now + settleMs), row);
  return { ...undecided(left), lease: undefined, nextAt: now };
}

/** Returns the row with the note that a member cannot hold the object, and therefore cannot be the object's home. */
export function refused(row: KeyRow, member: string): KeyRow {
  return { ...row, cannotHold: [...(row.cannotHold ?? []).filter((name) => name !== member), member] };
}

export function isSuspect(row: KeyRow | undefined, member: string, now: number): boolean {
  const until = row?.suspects[member];
  return until !== undefined && now < until;
}

/** Tells whether a version belongs to a write that is open or uncertain. */
export function isUndecided({ open, uncertain }: KeyRow, version: Version | undefined): boolean {
  if (version === undefined) return false;
  return open?.version === version || uncertain.some((intent) => intent.version === version);
}

/** Tells whether a key needs no more work, so that its row can be dropped. */
export function isSettled(row: KeyRow, members: readonly string[], targets: readonly string[]): boolean {
  const { current, open, uncertain, suspects, holds, external = [] } = row;
  if (external.length > 0) return false;
  if (open !== undefined || uncertain.length > 0 || Object.keys(suspects).length > 0) return false;
  if (current === undefined) return true;
  const wanted = (member: string): Holding =>
    current.kind === "put" && targets.includes(member) ? current.version : "absent";
  return members.every((member) => holds[member] === wanted(member));
}
