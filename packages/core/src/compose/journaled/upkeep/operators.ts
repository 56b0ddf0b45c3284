import { callerOf } from "../../../contract/caller.js";
import type { CallOptions } from "../../../contract/call-options.js";
import { assertKey } from "../../../contract/key.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { knownNames, oneOf } from "../../../kit/options.js";
import type { ProviderOrStorage } from "../../../kit/own-providers.js";
import { conclude } from "../hold/conclude.js";
import { holding } from "../hold/held-key.js";
import type { Extras } from "../marks.js";
import { deleted, withoutMember } from "../row/row.js";
import { probe } from "../../../kit/health.js";
import { OWN_SETS } from "../own-sets.js";
import { distrust } from "../read/inventory.js";
import { adoptKeyOf } from "./adopt.js";
import { everyKey } from "./every-key.js";
import { forgetMarker } from "./marker.js";

/**
 * Finds out which members of a composer hold the object of a key. Repair then brings the object to the right members.
 *
 * @param provider - The composer, or the storage that was made from it.
 * @throws StorageError `InvalidKey`; `Unavailable` if a member does not answer.
 */
export async function adoptKey(
  provider: ProviderOrStorage,
  key: string,
  options: CallOptions = {},
): Promise<void> {
  const set = OWN_SETS.require(provider, "adoptKey");
  knownNames("adoptKey", options, { signal: true, onEvent: true });
  assertKey(key, "repair", set.name);
  await adoptKeyOf(set, key, callerOf(options));
}

/** The options of {@link acceptMember}. */
export interface AcceptOptions {
  /**
   * For a member that was restored from a backup: the treatment of objects that only this member holds, because they
   * were deleted after the backup. `"report"` leaves these objects and counts them in `health()`, `"keep"` copies them
   * to the other members, and `"remove"` deletes them.
   *
   * Set this option even if the backup does not contain the marker. Without the marker, the composer cannot recognise a backup.
   *
   * @default `"report"` for a member that is known to be restored; the objects of any other member are copied to the other members
   */
  readonly extras?: Extras | undefined;
}

/**
 * Accepts the current disk or bucket of a member. Call this function after the disk or bucket was replaced, moved to another place, or
 * restored from a backup. Until this call, the member is left out. The call takes effect without a restart, and for all processes. Repair
 * then checks every key again and copies the missing objects to the member. Work that was pending for the member stays pending.
 *
 * @param provider - The composer, or the storage that was made from it.
 * @param name - The name of the member.
 * @throws TypeError if the composer has no such member; StorageError `Unavailable` if the journal cannot be written.
 */
export async function acceptMember(
  provider: ProviderOrStorage,
  name: string,
  options: AcceptOptions = {},
): Promise<void> {
  const set = OWN_SETS.require(provider, "acceptMember");
  knownNames("acceptMember", options, { extras: true });
  const extras = oneOf("acceptMember", "extras", options.extras, [undefined, "report", "keep", "remove"]);
  const member = set.members.find((each) => each.name === name);
  if (member === undefined) {
    throw new TypeError(`acceptMember: ${JSON.stringify(name)} is not a member of ${set.name}`);
  }
  await member.reopen?.();
  await set.marks?.refresh();
  const wasRestored = set.marks?.restored(name) !== undefined;
  // If a backup was made before the member had its marker, only the operator knows that it is a backup.
  const chosen = extras ?? (wasRestored ? "report" : undefined);
  await set.marks?.setRestored(name, set.placement.hasCopies ? chosen : undefined);
  await set.marks?.forget(name);
  await distrust(set);
  await set.roster.refresh();
  await set.roster.accept(name);
  await forgetMarker(set.journal, name);
  // The first call after a replacement fails. This probe is that first call.
  await probe(member);
  for (const tell of set.workListeners) tell(0);
}

/** The objects and keys that were affected when a member was forgotten. */
export interface ForgottenMember {
  /**
   * The keys whose last acknowledged version was only on this member, as far as the journal knows. From now on, reads of these keys fail
   * with `NotFound`.
   */
  readonly lost: readonly string[];
  /** The number of keys that no longer wait for this member. */
  readonly released: number;
}

/**
 * Forgets a member permanently. Call this function if the disk, bucket or account of the member is lost, after the member was removed from
 * the configuration. From now on no key waits for the member, and objects that only this member held are lost. Settled objects of a chain
 * or a split have no row in the journal. If such an object was on this member, reads of the object fail with `NotFound` from now on, and
 * the result does not list the object.
 *
 * @param provider - The composer, or the storage that was made from it.
 * @param name - The name of the member, as `health()` gives it.
 * @throws TypeError if the member is still in the configuration, or if the journal does not know the member; StorageError `Unavailable` if
 *   the journal cannot be written.
 */
export async function forgetMember(
  provider: ProviderOrStorage,
  name: string,
  options: CallOptions = {},
): Promise<ForgottenMember> {
  const set = OWN_SETS.require(provider, "forgetMember");
  knownNames("forgetMember", options, { signal: true, onEvent: true });
  if (set.members.some((member) => member.name === name)) {
    throw new TypeError(
      `forgetMember: the configuration still names ${JSON.stringify(name)}; remove it from the configuration first`,
    );
  }
  await set.roster.refresh();
  if (!set.roster.away().includes(name)) {
    throw new TypeError(
      `forgetMember: the journal of ${set.name} does not know a member ${JSON.stringify(name)}`,
    );
  }
  await set.roster.forget(name);
  const lost: string[] = [];
  let released = 0;
  await everyKey(set, (key) =>
    holding(set, "repair", key, callerOf(options), async (held) => {
      if (held.isNew) return;
      if (held.row.isKept !== true) released++;
      const row = withoutMember(held.row, name);
      const { current } = row;
      const isLost = current?.kind === "put" && held.row.holds[name] === current.version && !isHeld(row);
      if (isLost) lost.push(key);
      await conclude(set, held, isLost ? deleted(row) : row);
    }),
  );
  return { lost, released };
}

/** Tells whether any member holds or may hold the decided object. */
function isHeld({ current, holds }: KeyRow): boolean {
  return Object.values(holds).some((held) => held === current?.version || held === "unknown");
}
