import { concurrently } from "../../concurrently.js";
import { isStorageError } from "../../errors.js";
import type { CallOptions, ListPage, StorageProvider } from "../../provider.js";
import { ask } from "../chain.js";
import { mergeLists, type MergedPage } from "../merge-list.js";
import { changeControl } from "./control.js";
import type { ReplicaSet } from "./replica-set.js";

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
    state.isTrusted = (record.value as Inventory).isTrusted;
    return;
  }
  if (journal.now() < state.emptyAfter) return;
  state.emptyAfter = journal.now() + EMPTY_PAUSE_MS;
  if (!(await areEmpty(set))) return;
  const stock: Inventory = { epoch: set.placement.epoch(), walk: 0, isDone: true, isTrusted: true };
  const written = await journal.writeControl(CONTROL, undefined, stock).catch(() => undefined);
  if (written !== undefined) state.isTrusted = true;
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
  const stock = begunFor(epoch, record?.value as Inventory | undefined);
  if (stock.isDone) return false;
  const walks = placement.alike ? [set.members] : set.members.map((member) => [member]);
  const members = walks[stock.walk] ?? [];
  const page = await pageOf(set, members, stock.after, options);
  const doubtful = page.objects.filter(
    ({ key }) => !members.every((member) => placement.isHome(key, member)),
  );
  await concurrently(doubtful, KEYS_AT_ONCE, ({ key }) => adopt(key));
  if (placement.epoch() !== epoch) return true;
  const next = advanced(stock, page, walks.length);
  if ((await journal.writeControl(CONTROL, record?.revision, next)) === undefined) return true;
  state.isTrusted ||= next.isTrusted;
  return !next.isDone;
}

function begunFor(epoch: string, stock: Inventory | undefined): Inventory {
  if (stock?.epoch === epoch) return stock;
  return { epoch, walk: 0, isDone: false, isTrusted: stock?.isTrusted ?? false };
}

function advanced(stock: Inventory, { cursor, end }: MergedPage, walks: number): Inventory {
  if (cursor !== undefined) return { ...stock, after: end };
  if (stock.walk + 1 < walks) return { ...stock, walk: stock.walk + 1, after: undefined };
  return { ...stock, after: undefined, isDone: true, isTrusted: true };
}

async function pageOf(
  { name }: ReplicaSet,
  members: readonly StorageProvider[],
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
export async function distrust({ journal, state, placement }: ReplicaSet): Promise<void> {
  const stock: Inventory = { epoch: placement.epoch(), walk: 0, isDone: false, isTrusted: false };
  await changeControl(journal, CONTROL, () => stock);
  state.isTrusted = false;
}
