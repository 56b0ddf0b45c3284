import { NOBODY } from "../../../contract/caller.js";
import type { CallOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { LostKey, ReplicaSet } from "../replica-set.js";
import { packIdentity } from "../row/identity.js";
import { suspectedNow } from "./ask-member.js";
import { clearMember } from "./clear-members.js";
import { conclude } from "./conclude.js";
import { findRow } from "./find-row.js";
import { holding, type HeldKey } from "./held-key.js";

/**
 * Puts a key in transition again after this process has lost the key while sending. The process may have been suspended between reading the
 * clock and sending the request. If a later version is decided, the version of this process is removed. Repair then checks every member to
 * which this process has sent a request.
 */
export async function reopen(set: ReplicaSet, lost: LostKey, onEvent: CallOptions["onEvent"]): Promise<void> {
  const { key, sending } = lost;
  const members = set.members.filter(({ name }) => sending.includes(name));
  const caller = { ...NOBODY, onEvent };
  await holding(set, "repair", key, caller, async (held) => {
    const { current, open, uncertain } = held.row;
    const isUnknown = current === undefined && open === undefined && uncertain.length === 0;
    const found = isUnknown ? await findRow(set, held, caller) : undefined;
    const row = sending.reduce(
      (next, name) => suspectedNow(set, next, key, name, { onEvent }),
      found ?? held.row,
    );
    await held.save(row, []);
    await Promise.all(members.map((member) => removeOwn(set, held, member, lost, onEvent)));
    await conclude(set, held, held.row);
  });
}

/** Removes this process's object from a member, if a later version is decided. */
async function removeOwn(
  set: ReplicaSet,
  held: HeldKey,
  member: ComposedProvider,
  { open }: LostKey,
  onEvent: CallOptions["onEvent"],
): Promise<void> {
  const version = held.row.current?.version ?? "";
  if (open === undefined || open.version >= version) return;
  const own = packIdentity(open);
  await clearMember(set, member, held, { onEvent }, ({ writeId }) => writeId === own);
}
