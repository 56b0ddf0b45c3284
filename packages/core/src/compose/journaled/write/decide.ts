import { StorageError, withErrorFacts, type Attempt } from "../../../contract/errors.js";
import type { ObjectCopy, ObjectInfo } from "../../../contract/object.js";
import { cannotHold, exhausted, movesOn, reasonsOf } from "../../group.js";
import type { ShareOutcome } from "../../send-share.js";
import { conclude } from "../hold/conclude.js";
import type { InsideSource } from "./copy-inside.js";
import type { HeldKey } from "../hold/held-key.js";
import { ownerOfWrite } from "../../../kit/idempotent-id.js";
import { withoutIdentity } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import {
  committed,
  dropped,
  isSuspect,
  learned,
  refused,
  remembering,
  suspected,
  undecided,
} from "../row/row.js";
import type { PutOptions } from "../../../contract/call-options.js";
import type { Intent, KeyRow } from "../../../contract/key-row.js";

/** One put, from its intent to its decision. */
export interface Write {
  readonly set: ReplicaSet;
  readonly held: HeldKey;
  readonly intent: Intent;
  /** The options that the members receive. */
  readonly options: PutOptions & { readonly writeId: string };
  readonly outcomes: ShareOutcome[];
  readonly attempts: Attempt[];
  /** The names of the members that were asked during the put and answered that they hold nothing. */
  readonly absent: Set<string>;
  /** The object that a copy is made from; absent for other puts. */
  readonly source: InsideSource | undefined;
  /** The digest of the bytes; `undefined` until it is known. */
  sha256: string | undefined;
}

/** Saves the outcome of the put in the journal, and returns the facts of the object. */
export async function decide(write: Write): Promise<ObjectInfo> {
  const { set, held, options, outcomes } = write;
  const { row: decided, isDecided } = decidedRow(write);
  const landed = outcomes.filter(({ state }) => state === "applied").length;
  const row = landed >= set.placement.need ? withRemembered(write, decided) : decided;
  const isDone = await conclude(set, held, row);
  if (landed === 0 || landed < set.placement.need) throw failure(write, isDecided);
  const lacking = isDone ? [] : lackingOf(write, row);
  if (lacking.length > 0) {
    options.onEvent?.({ type: "degraded", key: held.key, provider: set.name, lacking });
  }
  return infoOf(write);
}

/** Returns the row with a record of an idempotent write, so that a repeated call does not write again. */
function withRemembered(write: Write, row: KeyRow): KeyRow {
  const { set, intent, outcomes } = write;
  if (ownerOfWrite(intent.writeId) === undefined || outcomes.length === 0) return row;
  const { copies: _copies, ...info } = infoOf(write);
  return remembering(row, { writeId: intent.writeId, until: set.journal.now() + set.keepDeletesMs, info });
}

/**
 * Returns the names of the members that should have the write and do not have it. Leaves out the members that the put
 * did not need to try.
 */
function lackingOf({ set, held, outcomes }: Write, row: KeyRow): readonly string[] {
  const now = set.journal.now();
  const failed = outcomes.flatMap(({ member, state }) => (state === "applied" ? [] : [member.name]));
  const order = set.placement.writeOrder(held.key).map(({ name }) => name);
  return order.filter((name) => {
    if (row.cannotHold?.includes(name) === true) return false;
    return failed.includes(name) || isSuspect(row, name, now);
  });
}

/** Returns the row with the members' answers so far, and tells whether the write is decided. */
export function decidedRow({ set, held, intent, outcomes, absent, sha256 }: Write): {
  readonly row: KeyRow;
  readonly isDecided: boolean;
} {
  const now = set.journal.now();
  let { row } = held;
  // A member in `absent` may have received the put after its answer. The loop below then uses the outcome of the put
  // instead.
  for (const name of absent) row = learned(row, name, "absent", now);
  for (const outcome of outcomes) {
    const { member, state } = outcome;
    if (outcome.state === "refused" && cannotHold(outcome.error)) row = refused(row, member.name);
    if (state === "applied" || state === "partial") row = learned(row, member.name, intent.version, now);
    if (state === "unknown") row = suspected(row, member.name, now + set.settleMs);
  }
  if (outcomes.some(({ state }) => state === "applied" || state === "partial")) {
    const put = { version: intent.version, sha256 };
    return { row: { ...committed(row, put), clearAt: now + set.graceMs }, isDecided: true };
  }
  const isUnknown = outcomes.some(({ state }) => state === "unknown");
  return { row: isUnknown ? undecided(row) : dropped(row), isDecided: false };
}

/** Returns the facts from the first member that has the object. */
export function infoOf(write: Write): ObjectInfo {
  for (const member of write.set.members) {
    const outcome = write.outcomes.find((each) => each.member === member);
    if (outcome?.state === "applied") return { ...withoutIdentity(outcome.info), ...copiesOf(write) };
  }
  throw new TypeError("No member has the object of the write");
}

function copiesOf({ set, held, outcomes }: Write): Pick<ObjectInfo, "copies"> {
  if (!set.placement.alike) return {};
  const copies = set.members.map((member): ObjectCopy => {
    const outcome = outcomes.find((each) => each.member === member);
    const state =
      outcome?.state === "applied" ? "current" : outcome?.state === "unknown" ? "unknown" : "pending";
    return { provider: member.name, ref: member.ref(held.key), state };
  });
  return { copies };
}

function failure(write: Write, isDecided: boolean): unknown {
  const { set, held, options, outcomes, attempts } = write;
  if (options.signal?.aborted === true) return options.signal.reason;
  const only = attempts.find(({ error }) => !movesOn(set, error));
  if (!isDecided && only !== undefined) {
    // The reason comes from one member, but a different member may have stored the object.
    const isUnknown = outcomes.some(({ state }) => state === "unknown");
    return isUnknown ? withErrorFacts(only.error, { applied: "unknown" }) : only.error;
  }
  const error = exhausted("put", held.key, attempts, set);
  if (!isDecided) return error;
  const landed = outcomes.filter(({ state }) => state === "applied").length;
  const reason = `the object is on ${landed} of ${set.placement.need} required members; repair copies it to the others (${reasonsOf(attempts)})`;
  return new StorageError("PartialWrite", reason, {
    operation: "put",
    provider: set.name,
    key: held.key,
    attempts,
    cause: error,
  });
}
