import type { Caller } from "../../../contract/caller.js";
import { askMember, type Answer } from "../../survey.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { ReplicaSet } from "../replica-set.js";
import { learned, suspected } from "../row/row.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { isCurrent } from "../row/identity.js";

/**
 * Asks a member whether it holds a key. The caller's signal does not end the question, because the answer decides which objects are
 * kept.
 */
export async function look(
  set: ReplicaSet,
  member: ComposedProvider,
  key: string,
  { onEvent }: Pick<Caller, "onEvent">,
): Promise<Answer> {
  return await askMember(set, member, key, { signal: undefined, onEvent, isFinal: true });
}

/** Returns the row with a member marked as a suspect, because a request to the member ended without an answer. */
export function suspectedNow(
  set: ReplicaSet,
  row: KeyRow,
  key: string,
  member: string,
  { onEvent }: Pick<Caller, "onEvent">,
): KeyRow {
  onEvent?.({ type: "suspect", key, provider: member, milliseconds: set.settleMs });
  return suspected(row, member, set.journal.now() + set.settleMs);
}

/** Returns the row with the answer of a member. */
export function withAnswer(row: KeyRow, answer: Answer, now: number): KeyRow {
  const { name } = answer.member;
  const { current } = row;
  if (answer.state === "silent") return row;
  if (answer.state === "absent") return learned(row, name, "absent", now);
  const isThere = current !== undefined && isCurrent(current, answer.member, answer.info);
  return learned(row, name, isThere ? current.version : "unknown", now);
}
