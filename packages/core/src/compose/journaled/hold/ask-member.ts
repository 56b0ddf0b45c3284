import { ask } from "../../group.js";
import { askMember, type Answer } from "../../survey.js";
import { isStorageError } from "../../../contract/errors.js";
import type { CallOptions, ObjectInfo, StorageProvider } from "../../../contract/provider.js";
import type { HeldKey } from "./held-key.js";
import type { ReplicaSet } from "../replica-set.js";
import { suspected, type KeyRow } from "../row/row.js";

/** Asks whether a member holds a key, whatever the caller's signal says by now: the answer decides what to keep. */
export async function look(
  set: ReplicaSet,
  member: StorageProvider,
  key: string,
  { onEvent }: CallOptions,
): Promise<Answer> {
  return await askMember(set, member, key, { onEvent, isFinal: true });
}

/** The row after a request to a member ended without an answer. */
export function suspectedNow(
  set: ReplicaSet,
  row: KeyRow,
  key: string,
  member: string,
  { onEvent }: CallOptions,
): KeyRow {
  onEvent?.({ type: "suspect", key, provider: member, milliseconds: set.settleMs });
  return suspected(row, member, set.journal.now() + set.settleMs);
}

/**
 * Deletes what a member holds, and nothing that has come meanwhile: by condition where the member keeps one, else
 * right after it was looked at, which is safe while the key is held.
 *
 * @param mayGo - Whether this is an object that is to be deleted.
 * @returns Whether the member holds nothing now, or what it still holds.
 */
export async function clearMember(
  set: ReplicaSet,
  member: StorageProvider,
  held: HeldKey,
  { onEvent }: CallOptions,
  mayGo: (info: ObjectInfo) => boolean,
): Promise<"absent" | "kept" | "unknown" | "failed"> {
  const answer = await look(set, member, held.key, { onEvent });
  if (answer.state === "silent") return "failed";
  if (answer.state === "absent") return "absent";
  if (!mayGo(answer.info)) return "kept";
  const { etag } = answer.info;
  const ifMatch = member.supports.conditionalDelete ? etag : undefined;
  try {
    const remove = (call: CallOptions): Promise<void> => member.delete(held.key, { ...call, ifMatch });
    await ask(set, member, held.key, { onEvent, signal: held.signal }, remove, "delete");
    return "absent";
  } catch (error) {
    return isStorageError(error) && error.applied === "no" ? "failed" : "unknown";
  }
}
