import type { Committed, Holding, Intent, KeyRow, Lease, Remembered } from "../../../contract/key-row.js";
import type { Version } from "../../../contract/version.js";

export function newRow(now: number): KeyRow {
  return { uncertain: [], holds: {}, suspects: {}, since: now, nextAt: now, attempts: 0 };
}

/** Returns the row with the intent of a write: from here on a crash cannot hide that this write was sent. */
export function opened(row: KeyRow, intent: Omit<Intent, "version">): KeyRow {
  return { ...row, isKept: undefined, open: { ...intent, version: "" }, cannotHold: undefined, attempts: 0 };
}

/** Returns the row of a key that is deleted. A delete is decided as soon as it is written down. */
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

/** Returns the row of a key of which a member holds a copy with other bytes than were put. That copy is neither read nor copied from. */
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

/** Returns the row after a request to a member ended without an answer. The request may take effect until `until`. */
export function suspected(row: KeyRow, member: string, until: number): KeyRow {
  return {
    ...row,
    isKept: undefined,
    holds: { ...row.holds, [member]: "unknown" },
    suspects: { ...row.suspects, [member]: until },
  };
}

/** Returns the row without suspects whose time is over, when no write was decided: a late request can no longer change anything. */
export function calmed(row: KeyRow, now: number): KeyRow {
  const all = Object.entries(row.suspects);
  const left = all.filter(([, until]) => until > now);
  if (row.current !== undefined || left.length === all.length) return row;
  return { ...row, suspects: Object.fromEntries(left) };
}

/** Returns the row in which an object that was found, or that was just written, is the current one. */
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

/** Returns the entries of `holds` for the suspects, which are all `"unknown"`. */
function unknownOn({ suspects }: KeyRow): KeyRow["holds"] {
  return Object.fromEntries(Object.keys(suspects).map((name) => [name, "unknown"]));
}

/** An object that was found on members, for a key that was not in transition. */
export interface FoundObject {
  /** The identity of the object; absent when it was not written through a composer with a journal. Such an object is given a version. */
  readonly identity: { readonly version: Version; readonly sha256?: string | undefined } | undefined;
  readonly holds: Readonly<Record<string, Holding>>;
  /** The ETag on each member that holds this very object. */
  readonly etags: Readonly<Record<string, string>>;
  readonly storedAt: number | undefined;
}

/** Returns the row in which the object that was found is the current one, for a key of which nothing was decided. */
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

/** Returns a row that is no longer doubtful: it says what the members hold. */
export function confirmed(row: KeyRow, holds: KeyRow["holds"]): KeyRow {
  return { ...row, holds: { ...holds, ...unknownOn(row) }, isDoubtful: undefined };
}

/** Returns the row with an upload that a client may make to a member from now on. */
export function expecting(row: KeyRow, member: string, until: number): KeyRow {
  const others = (row.external ?? []).filter((each) => each.member !== member || each.until > until);
  return { ...row, isKept: undefined, external: [...others, { member, until }] };
}

/** Returns the row with the uploads by clients that may still come. */
export function expectingOnly(row: KeyRow, external: KeyRow["external"] = []): KeyRow {
  return { ...row, external: external.length === 0 ? undefined : external };
}

/** Returns the row in which the object that a client has uploaded to a member is the current one. The object is given a version. */
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

/** Returns the row without its undecided writes: nothing is left of them. */
export function resolved(row: KeyRow): KeyRow {
  return { ...row, open: undefined, uncertain: [] };
}

/** Returns the row without its open write, which failed everywhere and can no longer arrive. */
export function dropped(row: KeyRow): KeyRow {
  return { ...row, open: undefined };
}

/** Returns the row in which the open write is uncertain: it failed, and may have taken effect. */
export function undecided(row: KeyRow): KeyRow {
  return row.open === undefined ? row : { ...row, open: undefined, uncertain: [...row.uncertain, row.open] };
}

/** Returns the row of a key for which nothing is left to do; it stays until `until`. */
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

/** Returns the row with the time at which repair has to come again. */
export function waiting(row: KeyRow, nextAt: number): KeyRow {
  return { ...row, nextAt };
}

/** Returns the row with the number of times that repair has failed in a row. */
export function tried(row: KeyRow, attempts: number): KeyRow {
  return { ...row, attempts };
}

/** Returns the row with the reason why repair gets no further. */
export function hindered(row: KeyRow, problem: string): KeyRow {
  return { ...row, problem };
}

/** Returns the row with the time until which copies that are no longer needed stay. A listing may still need them. */
export function staying(row: KeyRow, clearAt: number): KeyRow {
  return { ...row, clearAt };
}

/** Returns the row after a member has got its copy. */
export function copied(row: KeyRow, member: string, now: number, graceMs: number): KeyRow {
  const version = row.current?.version ?? "";
  return learned({ ...row, clearAt: now + graceMs, problem: undefined }, member, version, now);
}

/** Returns the row with the lease of its holder. The lease names the members that the holder sends to from now on. */
export function leased(row: KeyRow, lease: Lease): KeyRow {
  return { ...row, isKept: undefined, lease, nextAt: lease.until };
}

/** Returns the row without its lease, as the next holder finds it. */
export function unleased(row: KeyRow): KeyRow {
  return { ...row, lease: undefined };
}

/** Returns a row that was kept, so that every member is looked at once more. */
export function reopened(row: KeyRow, members: readonly string[]): KeyRow {
  const holds = Object.fromEntries(members.map((name) => [name, "unknown"]));
  return { ...row, isKept: undefined, holds };
}

/** Returns the row with an idempotent write that is remembered, so that it is not made again. */
export function remembering(row: KeyRow, write: Remembered): KeyRow {
  const others = (row.remembered ?? []).filter(({ writeId }) => writeId !== write.writeId);
  return { ...row, remembered: [...others, write] };
}

/** Tells whether a kept row says that an object of that version was deleted or replaced. */
export function isBuried({ current }: KeyRow, version: Version | undefined): boolean {
  if (current === undefined || version === undefined) return false;
  return current.kind === "delete" ? version <= current.version : version < current.version;
}

/** Returns the row of a key without a member that is gone for ever. */
export function withoutMember(row: KeyRow, member: string): KeyRow {
  const { [member]: _holding, ...holds } = row.holds;
  const { [member]: _until, ...suspects } = row.suspects;
  return expectingOnly(
    { ...row, holds, suspects },
    row.external?.filter((each) => each.member !== member),
  );
}

/** Returns the doubtful row of a journal that was restored from a backup: members may hold something newer. */
export function doubted(row: KeyRow): KeyRow {
  return { ...unleased(undecided(row)), isDoubtful: true };
}

/** Returns the row that a holder has left behind. The requests that were under way may still arrive, so their members are suspects. */
export function takenOver(row: KeyRow, now: number, settleMs: number): KeyRow {
  const { lease } = row;
  if (lease === undefined) return row;
  const left = lease.sending.reduce((next, member) => suspected(next, member, now + settleMs), row);
  return { ...undecided(left), lease: undefined, nextAt: now };
}

/** Returns the row with a member that cannot hold the object, and so cannot be its home. */
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

/** Tells whether nothing is left to do for a key, so that its row can go. */
export function isSettled(row: KeyRow, members: readonly string[], targets: readonly string[]): boolean {
  const { current, open, uncertain, suspects, holds, external = [] } = row;
  if (external.length > 0) return false;
  if (open !== undefined || uncertain.length > 0 || Object.keys(suspects).length > 0) return false;
  if (current === undefined) return true;
  const wanted = (member: string): Holding =>
    current.kind === "put" && targets.includes(member) ? current.version : "absent";
  return members.every((member) => holds[member] === wanted(member));
}
