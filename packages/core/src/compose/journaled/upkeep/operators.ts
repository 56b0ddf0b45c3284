import type { CallOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { assertKey } from "../../../contract/key.js";
import { knownNames } from "../../../kit/options.js";
import { OWN_SETS } from "../own-sets.js";
import { distrust } from "../read/inventory.js";
import { adoptKeyOf } from "./adopt.js";
import { forgetMarker } from "./marker.js";

/**
 * Has a composer look where the object of a key is; repair brings it to where it should be.
 *
 * @throws StorageError `InvalidKey`; `Unavailable` when a member does not answer.
 */
export async function adoptKey(
  provider: ComposedProvider,
  key: string,
  options: CallOptions = {},
): Promise<void> {
  const set = OWN_SETS.require(provider, "adoptKey");
  knownNames("adoptKey", options, { signal: true, onEvent: true });
  assertKey(key, "repair", set.name);
  await adoptKeyOf(set, key, options);
}

/**
 * Takes what is in the place of a member for that member, after its disk or bucket was exchanged for an empty one.
 * Until then it is left out, because its marker is missing. Repair looks at every key again, and brings it what it should
 * hold.
 *
 * @param name - The name of the member.
 * @throws TypeError when the composer has no such member; StorageError `Unavailable` when the journal cannot be written.
 */
export async function acceptMember(provider: ComposedProvider, name: string): Promise<void> {
  const set = OWN_SETS.require(provider, "acceptMember");
  if (!set.members.some((member) => member.name === name)) {
    throw new TypeError(`acceptMember: ${JSON.stringify(name)} is no member of ${set.name}`);
  }
  await distrust(set);
  await forgetMarker(set.journal, name);
}
