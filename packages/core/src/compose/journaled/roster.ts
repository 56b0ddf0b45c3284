import { StorageError, type Operation } from "../../contract/errors.js";
import type { JournalOwner, JournalPart } from "../../contract/journal.js";
import type { Version } from "../../contract/version.js";
import { changeControl } from "./control.js";

/** The name of the control record. */
const ROSTER = "members";

/** A member as the journal knows it. */
interface KnownMember {
  /** The place of its objects: what `ref("x")` gives. */
  readonly place: string;
  /** True when a member that is retiring was found empty: it can be left out. */
  readonly isEmpty?: boolean | undefined;
}

type KnownMembers = Readonly<Record<string, KnownMember>>;

/**
 * The members that a journal knows. A member that the configuration no longer names counts as retiring and down: it may hold objects, but
 * is neither written nor waited for. A member at another place counts as down until an operator has confirmed the place.
 */
export interface Roster {
  /** The names of the members that the configuration does not name. */
  readonly away: () => readonly string[];
  /** Returns the place where the journal knows a member, when the member is now at another place. */
  readonly knownPlace: (name: string) => string | undefined;
  /** Looks at what other processes have changed, and writes down what is new here. */
  readonly refresh: () => Promise<void>;
  /** Makes the journal know a member at the place where it is now. */
  readonly accept: (name: string) => Promise<void>;
  /** Has the journal forget a member. */
  readonly forget: (name: string) => Promise<void>;
  /** Tells whether a member that is retiring was found empty. */
  readonly isEmpty: (name: string) => boolean;
  /** Notes that a member which is retiring holds nothing any more. */
  readonly noteEmpty: (name: string) => Promise<void>;
}

export function createRoster(
  journal: JournalPart,
  { members }: JournalOwner,
  retiring: readonly string[],
): Roster {
  const own = new Map(members.map(({ name, place }) => [name, place]));
  let known: KnownMembers = {};
  /** The revision of a record that needs no change of this process. */
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

/** Adds new members, and leaves out a member that was found empty and that the configuration no longer names. */
function withOwn(
  was: KnownMembers,
  own: ReadonlyMap<string, string>,
  retiring: readonly string[],
): KnownMembers {
  const kept = Object.entries(was).filter(([name, { isEmpty }]) => own.has(name) || isEmpty !== true);
  const next = Object.fromEntries(kept);
  for (const [name, place] of own) {
    const known = next[name];
    // A member that is no longer retiring is written to again.
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

/** Returns the error for a member that may hold an object and that the configuration no longer names. */
export function notConfigured(name: string, operation: Operation, key: string | undefined): StorageError {
  const reason =
    `${JSON.stringify(name)} may hold the object, and the configuration no longer names this member: ` +
    "add the member again, or give it up with forgetMember";
  return new StorageError("Unavailable", reason, { operation, provider: name, key, retryable: false });
}
