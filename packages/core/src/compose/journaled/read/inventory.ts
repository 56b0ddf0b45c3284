import { concurrently } from "../../../kit/concurrently.js";
import { isStorageError } from "../../../contract/errors.js";
import type { ListPage } from "../../../contract/provider.js";
import { ask } from "../../group.js";
import { mergeLists, type MergedPage } from "../../merge-list.js";
import { changeControl } from "../control.js";
import type { ReplicaSet } from "../replica-set.js";
import type { CallOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";

const CONTROL = "inventory";
const KEYS_PER_ROUND = 256;
/** Of a member without an order everything is listed for each stretch. */
const KEYS_PER_ROUND_UNORDERED = 10_000;
const KEYS_AT_ONCE = 8;

/** When members that were not empty, or did not answer, are asked again, in milliseconds. */
const EMPTY_PAUSE_MS = 60_000;

/** How far the keys that members hold have been walked. */
interface Inventory {
  /** For which placement: with another one the walk begins anew. */
  readonly epoch: string;
  /** Which members are being walked, and behind which key. */
  readonly walk: number;
  readonly after?: string | undefined;
  readonly isDone: boolean;
  /** Whether every key has been looked at since the journal began. */
  readonly isTrusted: boolean;
  /** Members that may lack objects, because their rules let them expire; and since when all processes may know. */
  readonly lacking?: readonly string[] | undefined;
  readonly lackingSince?: number | undefined;
}

/**
 * Whether a key that has no row is as it should be. It is not known of a journal that has just begun, over members
 * that hold objects: they may never have been together, or an earlier journal was lost. Until every key has been
 * looked at, all members are asked, and the newest version counts.
 */
export async function isTrusted(set: ReplicaSet): Promise<boolean> {
  const { state } = set;
  if (!state.isTrusted) {
    state.checking ??= check(set).finally(() => (state.checking = undefined));
    await state.checking;
  }
  return state.isTrusted;
}

async function check(set: ReplicaSet): Promise<void> {
  const { state, journal } = set;
  const record = await journal.readControl(CONTROL);
  if (record !== undefined) {
    const stock = await noted(set, record.value as Inventory);
    state.isTrusted = stock.isTrusted;
    return;
  }
  if (journal.now() < state.emptyAfter) return;
  state.emptyAfter = journal.now() + EMPTY_PAUSE_MS;
  if (!(await areEmpty(set))) return;
  const stock: Inventory = {
    epoch: set.placement.epoch(),
    walk: 0,
    isDone: true,
    isTrusted: true,
    ...lackingNow(set),
  };
  const written = await journal.writeControl(CONTROL, undefined, stock).catch(() => undefined);
  if (written !== undefined) state.isTrusted = true;
}

/** Members that let objects expire, as far as this process knows. */
function expiringMembers({ members }: ReplicaSet): readonly string[] {
  return members.flatMap(({ name, expiresAfterMs }) => (expiresAfterMs === undefined ? [] : [name]));
}

function lackingNow(set: ReplicaSet): Pick<Inventory, "lacking" | "lackingSince"> {
  const lacking = expiringMembers(set);
  return lacking.length === 0 ? {} : { lacking, lackingSince: set.journal.now() };
}

/** What stands in the journal, with the members that let objects expire here: from now on others know of it. */
async function noted(set: ReplicaSet, stock: Inventory): Promise<Inventory> {
  const { journal, state } = set;
  const own = expiringMembers(set);
  const isKnown = own.every((name) => stock.lacking?.includes(name) === true);
  state.mayLack = own.length > 0 || (stock.lacking ?? []).length > 0;
  if (isKnown) return stock;
  const written = await changeControl<Inventory>(journal, CONTROL, (was = stock) => ({
    ...was,
    lacking: [...new Set([...(was.lacking ?? []), ...own])],
    lackingSince: journal.now(),
  })).catch(() => undefined);
  // Where it cannot be written reads go on, and nothing expires.
  return written ?? stock;
}

/** Whether a member may remove what has expired: all know the newest copies, and that it may lack some. */
export async function mayExpire(
  { journal, members, graceMs }: ReplicaSet,
  { name }: ComposedProvider,
): Promise<boolean> {
  if (members.length === 1) return true;
  const {
    isTrusted: isWhole,
    lacking,
    lackingSince,
  } = ((await journal.readControl(CONTROL))?.value ?? {}) as Partial<Inventory>;
  if (isWhole !== true || lacking?.includes(name) !== true) return false;
  return journal.now() >= (lackingSince ?? 0) + graceMs;
}

async function areEmpty(set: ReplicaSet): Promise<boolean> {
  const answers = await Promise.all(
    set.members.map(async (member) => {
      const list = (call: CallOptions): Promise<ListPage> => member.list({ ...call, limit: 1 });
      const page = await ask(set, member, undefined, {}, list, "list").catch(() => undefined);
      return page !== undefined && page.objects.length === 0 && page.cursor === undefined;
    }),
  );
  return answers.every(Boolean);
}

/**
 * Walks the keys that members hold, a stretch at a time, and puts those into transition that may be elsewhere than
 * they should be: once when the journal is new, and whenever keys are placed otherwise.
 *
 * @returns Whether there is more to walk.
 */
export async function takeStock(
  set: ReplicaSet,
  options: CallOptions,
  adopt: (key: string) => Promise<void>,
): Promise<boolean> {
  const { journal, placement, state } = set;
  if (set.members.length === 1) return false;
  await isTrusted(set);
  const record = await journal.readControl(CONTROL);
  const epoch = placement.epoch();
  const known = record === undefined ? undefined : await noted(set, record.value as Inventory);
  if (known !== record?.value) return true;
  const stock = begunFor(set, epoch, known);
  if (stock.isDone) return false;
  const walks = placement.alike ? [set.members] : set.members.map((member) => [member]);
  const members = walks[stock.walk] ?? [];
  const page = await pageOf(set, members, stock.after, options);
  const doubtful = page.objects.filter(
    ({ key }) => !members.every((member) => placement.isHome(key, member)),
  );
  await concurrently(doubtful, KEYS_AT_ONCE, ({ key }) => adopt(key));
  if (placement.epoch() !== epoch) return true;
  const next = advanced(set, stock, page, walks.length);
  if ((await journal.writeControl(CONTROL, record?.revision, next)) === undefined) return true;
  state.isTrusted ||= next.isTrusted;
  state.mayLack = expiringMembers(set).length > 0 || (next.lacking ?? []).length > 0;
  return !next.isDone;
}

/** A member that lets nothing expire any more may lack what it has let go before: everything is looked at again. */
function begunFor(set: ReplicaSet, epoch: string, stock: Inventory | undefined): Inventory {
  const own = expiringMembers(set);
  const isWhole = stock?.isDone !== true || (stock.lacking ?? []).every((name) => own.includes(name));
  if (stock?.epoch === epoch && isWhole) return stock;
  return {
    ...(stock ?? { isTrusted: false, ...lackingNow(set) }),
    epoch,
    walk: 0,
    after: undefined,
    isDone: false,
  };
}

function advanced(set: ReplicaSet, stock: Inventory, { cursor, end }: MergedPage, walks: number): Inventory {
  if (cursor !== undefined) return { ...stock, after: end };
  if (stock.walk + 1 < walks) return { ...stock, walk: stock.walk + 1, after: undefined };
  const own = expiringMembers(set);
  const lacking = stock.lacking?.filter((name) => own.includes(name));
  return { ...stock, after: undefined, isDone: true, isTrusted: true, lacking };
}

async function pageOf(
  { name }: ReplicaSet,
  members: readonly ComposedProvider[],
  after: string | undefined,
  options: CallOptions,
): Promise<MergedPage> {
  const isOrdered = members.every(({ supports }) => supports.orderedList);
  const limit = isOrdered ? KEYS_PER_ROUND : KEYS_PER_ROUND_UNORDERED;
  try {
    return await mergeLists(name, members, { ...options, after, limit });
  } catch (error) {
    // What cannot be listed cannot be walked.
    if (isStorageError(error, "Unsupported")) return { objects: [], prefixes: [], differing: [] };
    throw error;
  }
}

/** Has every key looked at again: a member holds other things than the journal believes. */
export async function distrust(set: ReplicaSet): Promise<void> {
  const { journal, state, placement } = set;
  await changeControl<Inventory>(journal, CONTROL, (was) => ({
    ...(was ?? lackingNow(set)),
    epoch: placement.epoch(),
    walk: 0,
    after: undefined,
    isDone: false,
    isTrusted: false,
  }));
  state.isTrusted = false;
}
