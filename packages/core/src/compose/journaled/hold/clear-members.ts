import type { Caller } from "../../../contract/caller.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { isStorageError } from "../../../contract/errors.js";
import type { KeyRow } from "../../../contract/key-row.js";
import type { ObjectInfo } from "../../../contract/object.js";
import { deleteFrom } from "../../group.js";
import type { ReplicaSet } from "../replica-set.js";
import { versionOf } from "../row/identity.js";
import { learned } from "../row/row.js";
import { look, suspectedNow } from "./ask-member.js";
import type { HeldKey } from "./held-key.js";

/**
 * Deletes the object that a member holds, but not an object that was written in the meantime. If the member supports
 * conditional deletes, the ETag is the condition. For other members, the delete is sent immediately after the member
 * has shown which object it holds. This is safe while the key is held.
 *
 * @param mayGo - Tells whether an object may be deleted.
 * @returns `"absent"` if the member holds nothing now, `"kept"` if `mayGo` returned `false` for the object, `"failed"` if nothing was
 *   deleted, and `"unknown"` if the outcome of the delete is unknown.
 */
export async function clearMember(
  set: ReplicaSet,
  member: ComposedProvider,
  held: HeldKey,
  { onEvent }: Pick<Caller, "onEvent">,
  mayGo: (info: ObjectInfo) => boolean,
): Promise<"absent" | "kept" | "unknown" | "failed"> {
  const answer = await look(set, member, held.key, { onEvent });
  if (answer.state === "silent") return "failed";
  if (answer.state === "absent") return "absent";
  if (!mayGo(answer.info)) return "kept";
  const { signal, assertHeld: beforeCommit } = held;
  try {
    await deleteFrom(set, member, held.key, answer.info.etag, { signal, onEvent, beforeCommit });
    return "absent";
  } catch (error) {
    return isStorageError(error) && error.applied === "no" ? "failed" : "unknown";
  }
}

/** Deletes the copies on the given members, except copies that are newer than the decided version. Returns the row with the results. */
export async function clearMembers(
  set: ReplicaSet,
  held: HeldKey,
  members: readonly ComposedProvider[],
  options: Caller,
): Promise<KeyRow> {
  const version = held.row.current?.version ?? "";
  const mayGo = (info: ObjectInfo): boolean => (versionOf(info) ?? "") <= version;
  const results = await Promise.all(
    members.map(async (member) => [member, await clearMember(set, member, held, options, mayGo)] as const),
  );
  const now = set.journal.now();
  return results.reduce((row, [{ name }, result]) => {
    if (result === "absent") return learned(row, name, "absent", now);
    return result === "unknown" ? suspectedNow(set, row, held.key, name, options) : row;
  }, held.row);
}
