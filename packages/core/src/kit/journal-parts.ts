import { StorageError } from "../contract/errors.js";
import type { JournalOwner } from "../contract/journal.js";

/** The age of a row, in milliseconds, from which on somebody should look why repair does not end. */
export const STUCK_MS: number = 24 * 60 * 60 * 1000;

/** Returns the revision of a key that has no row, after so many rows were dropped. */
export function noRow(drops: number): string {
  return `none-${drops}`;
}

/**
 * Checks that a composer comes to its journal with the members that the journal knows.
 *
 * @throws StorageError `InvalidArgument` when a member is new, has gone, or is at another place.
 */
export function assertSameOwner(known: JournalOwner, owner: JournalOwner): void {
  const was = describeOwner(known);
  const is = describeOwner(owner);
  if (was === is) return;
  const reason =
    `the journal knows ${JSON.stringify(owner.name)} as ${was}, and now it is ${is}; ` +
    "give a composer with other members another `name`, or another journal";
  throw new StorageError("InvalidArgument", reason, { operation: "open", provider: owner.name });
}

function describeOwner({ type, members }: JournalOwner): string {
  return `${type}(${members.map(({ name, place }) => `${name} at ${place}`).join(", ")})`;
}
