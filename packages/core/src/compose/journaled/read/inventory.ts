import { NOBODY } from "../../../contract/caller.js";
import { StorageError, type Operation } from "../../../contract/errors.js";
import type { ListPage } from "../../../contract/provider.js";
import { ask } from "../../group.js";
import { cannotList } from "../../supports.js";
import { changeControl } from "../control.js";
import type { ReplicaSet } from "../replica-set.js";
import type { CallOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";

/** The name of the control record. */
export const INVENTORY = "inventory";
/** The time in milliseconds after which the members are asked again, if a member held objects or did not answer. */
const EMPTY_PAUSE_MS = 60_000;

/** The record of the walk through all keys that the members hold. It says how far the walk has come. */
export interface Inventory {
  /** The epoch of the walk. A new epoch starts a new walk. */
  readonly epoch: string;
  /**
   * The index of the current walk. Members that are alike share one walk; otherwise each member has its own walk. The
   * current walk continues after the key `after`.
   */
  readonly walk: number;
  readonly after?: string | undefined;
  readonly isDone: boolean;
  /** True if every key has been checked since the journal began. */
  readonly isTrusted: boolean;
  /**
   * The members that may lack objects because their rules let objects expire. `lackingSince` is the time at which these
   * names were saved for all processes.
   */
  readonly lacking?: readonly string[] | undefined;
  readonly lackingSince?: number | undefined;
  /** The kind of composer and the members that the walk covers. */
  readonly type?: string | undefined;
  readonly members?: readonly string[] | undefined;
}

/** Tells whether a walk covers every member: no member was added later, and the kind of composer is the same. */
export function covers({ type, members }: ReplicaSet, stock: Inventory): boolean {
  if (stock.type !== undefined && stock.type !== type) return false;
  return stock.members === undefined || members.every(({ name }) => stock.members?.includes(name) === true);
}

/** Returns the kind of composer and the members that a walk of this set covers. */
export function walkOf({ type, members }: ReplicaSet): Pick<Inventory, "type" | "members"> {
  return { type, members: members.map(({ name }) => name) };
}

/**
 * Tells whether a missing row proves that all members agree. A missing row proves nothing while the journal is new and members already hold
 * objects. Until every key has been walked, reads ask all members and use the newest version.
 */
export async function isTrusted(set: ReplicaSet): Promise<boolean> {
  const { state } = set;
  if (!state.isTrusted) {
    state.checking ??= check(set).finally(() => (state.checking = undefined));
    await state.checking;
  }
  return state.isTrusted;
}

/** Returns the names of the members that cannot be walked, because their credentials do not allow listing. */
export function unlistable({ members }: ReplicaSet): readonly string[] {
  return members.filter(cannotList).map(({ name }) => name);
}

/**
 * Refuses a put or a delete if a member cannot be walked and the journal does not know every object. On such a member,
 * repair cannot find objects that the journal does not know.
 *
 * @throws StorageError `Misconfigured` while the journal does not know every object.
 */
export async function assertWhole(set: ReplicaSet, operation: Operation, key: string): Promise<void> {
  if (set.state.isTrusted || set.members.length === 1) return;
  const [provider] = unlistable(set);
  if (provider === undefined || (await isTrusted(set))) return;
  const reason =
    `the journal does not know every object yet, and ${JSON.stringify(provider)} cannot be listed: ` +
    "give its credentials the permission to list until repair has looked at every object";
  throw new StorageError("Misconfigured", reason, { operation, provider, key });
}

async function check(set: ReplicaSet): Promise<void> {
  const { state, journal } = set;
  // The journal may have been restored from a backup. The marks of the members show this.
  await set.compareMarks();
  const record = await journal.readControl(INVENTORY);
  if (record !== undefined) {
    const stock = await note(set, record.value as Inventory);
    state.isTrusted = stock.isTrusted && covers(set, stock);
    return;
  }
  if (journal.now() < state.emptyAfter) return;
  state.emptyAfter = journal.now() + EMPTY_PAUSE_MS;
  if (!(await areEmpty(set))) return;
  const stock: Inventory = {
    epoch: epochOf(set),
    walk: 0,
    isDone: true,
    isTrusted: true,
    ...lackingNow(set),
    ...walkOf(set),
  };
  const written = await journal.writeControl(INVENTORY, undefined, stock).catch(() => undefined);
  if (written !== undefined) state.isTrusted = true;
}

/**
 * Returns the epoch. The epoch changes when the placement changes or a member begins to retire. Stored objects may then belong on other
 * members.
 */
export function epochOf({ placement, retiring }: ReplicaSet): string {
  return retiring.length === 0 ? placement.epoch() : `${placement.epoch()}|without ${retiring.join(", ")}`;
}

/** Returns the names of the members that let objects expire, as far as this process knows. */
export function expiringMembers({ members }: ReplicaSet): readonly string[] {
  return members.flatMap(({ name, expiresAfterMs }) => (expiresAfterMs === undefined ? [] : [name]));
}

/** Tells whether a member may lack objects because its rules let objects expire, in this process or in another process. */
export function mayLack(set: ReplicaSet, { lacking = [] }: Inventory): boolean {
  return expiringMembers(set).length > 0 || lacking.length > 0;
}

export function lackingNow(set: ReplicaSet): Pick<Inventory, "lacking" | "lackingSince"> {
  const lacking = expiringMembers(set);
  return lacking.length === 0 ? {} : { lacking, lackingSince: set.journal.now() };
}

/** Saves which members let objects expire in this process, so that other processes know these members. Returns the inventory. */
export async function note(set: ReplicaSet, stock: Inventory): Promise<Inventory> {
  const { journal, state } = set;
  const own = expiringMembers(set);
  const isKnown = own.every((name) => stock.lacking?.includes(name) === true);
  state.mayLack = mayLack(set, stock);
  if (isKnown) return stock;
  const written = await changeControl<Inventory>(journal, INVENTORY, (was = stock) => ({
    ...was,
    lacking: [...new Set([...(was.lacking ?? []), ...own])],
    lackingSince: journal.now(),
  })).catch(() => undefined);
  // If the record cannot be written, reads continue and nothing expires.
  return written ?? stock;
}

/**
 * Tells whether `member` may delete expired objects. This is allowed after the walk is complete and every process has had `graceMs` to
 * learn that the member may lack objects.
 */
export async function mayExpire(
  { journal, members, graceMs }: ReplicaSet,
  { name }: ComposedProvider,
): Promise<boolean> {
  if (members.length === 1) return true;
  const {
    isTrusted: isWhole,
    lacking,
    lackingSince,
  } = ((await journal.readControl(INVENTORY))?.value ?? {}) as Partial<Inventory>;
  if (isWhole !== true || lacking?.includes(name) !== true) return false;
  return journal.now() >= (lackingSince ?? 0) + graceMs;
}

async function areEmpty(set: ReplicaSet): Promise<boolean> {
  const answers = await Promise.all(
    set.members.map(async (member) => {
      const list = (call: CallOptions): Promise<ListPage> => member.list({ ...call, limit: 1 });
      const page = await ask(set, member, undefined, NOBODY, list, "list").catch(() => undefined);
      return page !== undefined && page.objects.length === 0 && page.cursor === undefined;
    }),
  );
  return answers.every(Boolean);
}

/** Asks repair to check every key again. Called when a member holds different objects than the journal says. */
export async function distrust(set: ReplicaSet): Promise<void> {
  const { journal, state } = set;
  await changeControl<Inventory>(journal, INVENTORY, (was) => ({
    ...(was ?? lackingNow(set)),
    ...walkOf(set),
    epoch: epochOf(set),
    walk: 0,
    after: undefined,
    isDone: false,
    isTrusted: false,
  }));
  state.isTrusted = false;
}
