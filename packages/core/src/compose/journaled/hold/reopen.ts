import type { StorageEvent } from "../../../contract/event.js";
import { isStorageError } from "../../../contract/errors.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { ask } from "../../group.js";
import type { LostKey, ReplicaSet } from "../replica-set.js";
import { packIdentity, versionOf } from "../row/identity.js";
import { look, suspectedNow } from "./ask-member.js";
import { conclude } from "./conclude.js";
import { findRow } from "./find-row.js";
import { holding, type HeldKey } from "./held-key.js";

/**
 * Puts a key in transition once more that this process has lost while it sent: between the look at the clock and the
 * request it may have been stopped. Its own version is removed where a later one is decided, and repair looks at every
 * member that it has sent to.
 */
export async function reopen(
  set: ReplicaSet,
  lost: LostKey,
  onEvent: ((event: StorageEvent) => void) | undefined,
): Promise<void> {
  const { key, sending } = lost;
  const members = set.members.filter(({ name }) => sending.includes(name));
  try {
    await holding(set, "repair", key, { onEvent }, async (held) => {
      const { current, open, uncertain } = held.row;
      const isUnknown = current === undefined && open === undefined && uncertain.length === 0;
      const found = isUnknown ? await findRow(set, held, { onEvent }) : undefined;
      const row = sending.reduce(
        (next, name) => suspectedNow(set, next, key, name, { onEvent }),
        found ?? held.row,
      );
      await held.save(row, []);
      await Promise.all(members.map((member) => removeOwn(set, held, member, lost)));
      await conclude(set, held, held.row);
    });
  } catch (error) {
    // Nobody waits for it; the process that has taken the key over looks at its members too.
    if (!isStorageError(error)) throw error;
  }
}

/** Removes what this process has written, where it is not what the key is. */
async function removeOwn(
  set: ReplicaSet,
  held: HeldKey,
  member: ComposedProvider,
  { key, open }: LostKey,
): Promise<void> {
  const version = held.row.current?.version ?? "";
  if (open === undefined || open.version >= version) return;
  const answer = await look(set, member, key, {});
  if (answer.state !== "present" || versionOf(answer.info) !== open.version) return;
  const { etag, writeId } = answer.info;
  if (writeId !== packIdentity(open)) return;
  const ifMatch = member.supports.conditionalDelete ? etag : undefined;
  const { signal, assertHeld: beforeCommit } = held;
  await ask(
    set,
    member,
    key,
    { signal },
    (call) => member.delete(key, { ...call, ifMatch, beforeCommit }),
    "delete",
  ).catch((error: unknown) => {
    if (!isStorageError(error)) throw error;
  });
}
