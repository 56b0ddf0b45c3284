import { StorageError, type Operation } from "../../contract/errors.js";
import type { JournalOwner, JournalPart } from "../../contract/journal.js";
import type { Version } from "../../contract/version.js";
import { changeControl } from "./control.js";

/** The name of the control record that holds the roster. */
const ROSTER = "members";

/** A member as the journal knows it. */
interface KnownMember {
  /** The place of its objects: the result of `ref("x")`. */
  readonly place: string;
  /** True if a retiring member was found empty. The member can then be removed from the configuration. */
  readonly isEmpty?: boolean | undefined;
}

type KnownMembers = Readonly<Record<string, KnownMember>>;

/**
 * The members that a journal knows. A member that the configuration no longer names counts as retiring and down. Such a member may hold
 * objects, but no call writes to the member or waits for the member. A member whose place has changed counts as down until an operator has
 * confirmed the new place.
 */
export interface Roster {
  /** The names of the members that the configuration does not name. */
  readonly away: () => readonly string[];
  /** Returns the place that the journal has recorded for a member, if the member is now at a different place. */
  readonly knownPlace: (name: string) => string | undefined;
  /** Reads the changes of other processes, and saves the changes of this process. */
  readonly refresh: () => Promise<void>;
  /** Records the current place of a member in the journal. */
  readonly accept: (name: string) => Promise<void>;
  /** Removes a member from the journal's roster. */
  readonly forget: (name: string) => Promise<void>;
  /** Tells whether a retiring member was found empty. */
  readonly isEmpty: (name: string) => boolean;
  /** Records that a retiring member no longer holds any object. */
  readonly noteEmpty: (name: string) => Promise<void>;
}

export function createRoster(
  journal: JournalPart,
  { members }: JournalOwner,
  retiring: readonly string[],
): Roster {
  const own = new Map(members.map(({ name, place }) => [name, place]));
  let known: KnownMembers = {};
  /** The revision of the record that already contains the members of this process. */
  let seen: Version | undefined;
  const change = async (next: (was: KnownMembers) => KnownMembers): Promise<void> => {
    known = (await changeControl<KnownMembers>(journal, ROSTER, (was) => {
      const changed = next(was ?? {});
      return was !== undefined && isSame(was, changed) ? was : changed;
    })) as KnownMembers;
  };
  const refresh = async (): Promise<void> => {
    const record = await journal.readControl(ROSTER);
    // Every put calls this function twice, and usually the record has not changed.
    if (record !== undefined && record.revision === seen) return;
    await change((was) => withOwn(was, own, retiring));
    if (record !== undefined && isSame(record.value as KnownMembers, known)) seen = record.revision;
  };
  const set = (name: string, facts: KnownMember): Promise<void> =>
    change((was) => ({ ...was, [name]: facts }));
  return {
    away: () => Object.keys(known).filter((name) => !own.has(name)),
    knownPlace: (name) => {
      const place = known[name]?.place;
      return place === own.get(name) ? undefined : place;
    },
    refresh,
    accept: (name) => set(name, { place: own.get(name) ?? "" }),
    forget: (name) => change(({ [name]: _gone, ...others }) => others),
    isEmpty: (name) => known[name]?.isEmpty === true,
    noteEmpty: (name) => set(name, { place: own.get(name) ?? "", isEmpty: true }),
  };
}

/** Adds new members, and removes each member that was found empty and is no longer in the configuration. */
function withOwn(
  was: KnownMembers,
  own: ReadonlyMap<string, string>,
  retiring: readonly string[],
): KnownMembers {
  const kept = Object.entries(was).filter(([name, { isEmpty }]) => own.has(name) || isEmpty !== true);
  const next = Object.fromEntries(kept);
  for (const [name, place] of own) {
    const known = next[name];
    // If a member is no longer retiring, calls write to the member again.
    if (known === undefined || (known.isEmpty === true && !retiring.includes(name))) {
      next[name] = { place: known?.place ?? place };
    }
  }
  return next;
}

function isSame(a: KnownMembers, b: KnownMembers): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => a[name]?.place === b[name]?.place && a[name]?.isEmpty === b[name]?.isEmpty);
}

/** Returns the error for a member that may hold an object and is no longer in the configuration. */
export function notConfigured(name: string, operation: Operation, key: string | undefined): StorageError {
  const reason =
    `${JSON.stringify(name)} may hold the object, and the configuration no longer names this member: ` +
    "add the member again, or call forgetMember if the member is permanently lost";
  return new StorageError("Unavailable", reason, { operation, provider: name, key, retryable: false });
}
