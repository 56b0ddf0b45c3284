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
 * Has a composer look where the object of a key is. Repair then brings the object to where it should be.
 *
 * @param provider - The composer, or the storage that was made of it.
 * @throws StorageError `InvalidKey`; `Unavailable` when a member does not answer.
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
   * For a member that was restored from a backup: the fate of the objects that it alone holds, which others have deleted since. They are
   * left and counted in `health()` (`"report"`), brought to the others (`"keep"`), or removed (`"remove"`).
   *
   * Give this option for a backup without the marker too: nothing in such a backup shows that it is one.
   *
   * @default `"report"` for a member that is known to be restored; the objects of any other member are brought to the others
   */
  readonly extras?: Extras | undefined;
}

/**
 * Accepts the disk or bucket that is in the place of a member now: after it was exchanged, has moved to another place, or was restored from
 * a backup. Until then the member is left out. The call works while the process runs, and for all processes. Repair looks at every key
 * again, and brings the member what it should hold. Work that was pending for the member stays.
 *
 * @param provider - The composer, or the storage that was made of it.
 * @param name - The name of the member.
 * @throws TypeError when the composer has no such member; StorageError `Unavailable` when the journal cannot be written.
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
  // A backup that was made before the member had its marker is recognised only by the operator's word.
  const chosen = extras ?? (wasRestored ? "report" : undefined);
  await set.marks?.setRestored(name, set.placement.hasCopies ? chosen : undefined);
  await set.marks?.forget(name);
  await distrust(set);
  await set.roster.refresh();
  await set.roster.accept(name);
  await forgetMarker(set.journal, name);
  // The first call after a replacement fails, so the probe is that call.
  await probe(member);
  for (const tell of set.workListeners) tell(0);
}

/** The objects that were given up with a member. */
export interface ForgottenMember {
  /** Keys whose last acknowledged version was, as far as the journal knows, on this member alone. They are `NotFound` from now on. */
  readonly lost: readonly string[];
  /** The number of keys that waited for this member and no longer do. */
  readonly released: number;
}

/**
 * Lets a member go for good that the configuration no longer names, because its place is gone for ever. From now on nothing waits for the
 * member, and the objects that it alone held are given up. Objects of a chain or a split that were settled on the member have no row in the
 * journal. They are `NotFound` from now on, and the result does not list them.
 *
 * @param provider - The composer, or the storage that was made of it.
 * @param name - The name of the member, as `health()` gives it.
 * @throws TypeError when the configuration still names it, or the journal does not know it; StorageError `Unavailable` when the journal
 * cannot be written.
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

/** Tells whether some member holds the decided object, or may hold it. */
function isHeld({ current, holds }: KeyRow): boolean {
  return Object.values(holds).some((held) => held === current?.version || held === "unknown");
}
