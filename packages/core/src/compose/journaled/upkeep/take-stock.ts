import type { Caller } from "../../../contract/caller.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { isStorageError } from "../../../contract/errors.js";
import { concurrently } from "../../../kit/concurrently.js";
import type { MergedPage } from "../../merge-list.js";
import {
  INVENTORY,
  covers,
  epochOf,
  expiringMembers,
  isTrusted,
  lackingNow,
  mayLack,
  note,
  unlistable,
  walkOf,
  type Inventory,
} from "../read/inventory.js";
import type { ReplicaSet } from "../replica-set.js";
import { walkedPage } from "./walked-page.js";

const KEYS_AT_ONCE = 8;

/**
 * Walks one page of the keys that members hold. If the object of a key may be on the wrong members, puts the key in transition. A walk runs
 * when the journal is new, and again whenever the placement changes.
 *
 * @returns `true` if the walk has more pages.
 */
export async function takeStock(
  set: ReplicaSet,
  options: Caller,
  adopt: (key: string) => Promise<void>,
): Promise<boolean> {
  const { journal, placement, state } = set;
  if (set.members.length === 1) return false;
  await isTrusted(set);
  const record = await journal.readControl(INVENTORY);
  const epoch = epochOf(set);
  const known = record === undefined ? undefined : await note(set, record.value as Inventory);
  if (known !== record?.value) return true;
  const stock = begunFor(set, epoch, known);
  if (!mayWalk(set, stock, known)) return false;
  const walks = placement.alike ? [set.members] : set.members.map((member) => [member]);
  const members = walks[stock.walk] ?? [];
  const page = await pageOf(set, members, stock.after, options);
  const doubtful = page.objects.filter(
    ({ key }) => !members.every((member) => placement.isHome(key, member)),
  );
  await concurrently(doubtful, KEYS_AT_ONCE, ({ key }) => adopt(key));
  if (epochOf(set) !== epoch) return true;
  const next = advanced(set, stock, page, walks.length);
  if ((await journal.writeControl(INVENTORY, record?.revision, next)) === undefined) return true;
  state.isTrusted ||= next.isTrusted;
  state.mayLack = mayLack(set, next);
  if (next.isDone) await endRestores(set);
  return !next.isDone;
}

/** Tells whether a walk is needed and this process can do it. */
function mayWalk(set: ReplicaSet, stock: Inventory, known: Inventory | undefined): boolean {
  // Another process has members that this process lacks, and walks all members.
  const isOthers = stock.members?.some((name) => set.members.every((own) => own.name !== name)) === true;
  if (stock.isDone || (stock === known && isOthers)) return false;
  // Without this condition, a member that cannot be walked would count as walked.
  return stock.isTrusted || unlistable(set).length === 0;
}

/** Ends the restored state of each member that was walked and holds no extra objects. */
async function endRestores({ members, marks, placement }: ReplicaSet): Promise<void> {
  if (marks === undefined || !placement.hasCopies) return;
  await marks.refresh();
  for (const { name } of members) {
    const extras = marks.restored(name);
    if (extras === undefined || (extras === "report" && marks.extras(name) > 0)) continue;
    await marks.setRestored(name, undefined);
  }
}

/**
 * Returns the inventory of the current walk, or of a new walk. The walk starts again after a new epoch or after a
 * member was added. When a member stops expiring objects, the walk also starts again, because that member may lack
 * objects that expired earlier.
 */
function begunFor(set: ReplicaSet, epoch: string, stock: Inventory | undefined): Inventory {
  const own = expiringMembers(set);
  const isWhole = stock?.isDone !== true || (stock.lacking ?? []).every((name) => own.includes(name));
  const isCovered = stock !== undefined && covers(set, stock);
  if (stock?.epoch === epoch && isWhole && isCovered) return stock;
  return {
    ...(stock ?? lackingNow(set)),
    ...walkOf(set),
    isTrusted: stock?.isTrusted === true && isCovered,
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
  options: Caller,
): Promise<MergedPage> {
  try {
    return await walkedPage(name, members, { ...options, after });
  } catch (error) {
    // A walk leaves out a member that cannot be listed.
    if (isStorageError(error, "Unsupported")) return { objects: [], prefixes: [], differing: [] };
    throw error;
  }
}
