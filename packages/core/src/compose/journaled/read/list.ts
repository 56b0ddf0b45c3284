import { concurrently } from "../../../kit/concurrently.js";
import { packCursor, unpackKeyCursor } from "../../../kit/cursor.js";
import { StorageError, isStorageError } from "../../../contract/errors.js";
import { compareKeys } from "../../../contract/key.js";
import { listEntry } from "../../../kit/page.js";
import { type ListPage } from "../../../contract/provider.js";
import { cannotList } from "../../supports.js";
import { mergeLists, type MergedPage } from "../../merge-list.js";
import { isTrusted } from "./inventory.js";
import { assertNoneAway, believed, isDisbelieved, isOneEnough, type ReplicaSet } from "../replica-set.js";
import { LIST_LIMIT_DEFAULT, type ListOptions } from "../../../contract/call-options.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";

/**
 * The minimum and the maximum number of journal rows that are read for one page. Within these limits, as many rows are
 * read as the page may have entries.
 */
const ROWS_MIN = 100;
const ROWS_MAX = 1000;
const HEADS_AT_ONCE = 8;
const ROUNDS_MAX = 3;

/** A function that reads the facts of a key through the journal. It returns `undefined` for a key that has no object. */
type HeadThrough = (key: string, options: ListOptions) => Promise<ObjectInfo | undefined>;

/**
 * Returns one page of a listing. The members list the entries, and the journal corrects the entries of keys that are in transition.
 *
 * @throws StorageError `Unavailable` if a member that may hold a key does not answer, or if the page takes too long. A page is either
 *   complete or an error.
 */
export async function listWithJournal(
  set: ReplicaSet,
  options: ListOptions,
  head: HeadThrough,
): Promise<ListPage> {
  for (let round = 1; ; round++) {
    const startedAt = set.journal.now();
    const page = await listOnce(set, options, head);
    // When an object moves, its old copy stays for `graceMs`. A page that is read in less than `graceMs` therefore
    // finds the old copy or the new copy.
    if (set.placement.alike || set.journal.now() - startedAt < set.graceMs) return page;
    if (round < ROUNDS_MAX) continue;
    const reason = `a page takes longer than ${set.graceMs} ms, the time that moved copies are kept; ask for smaller pages`;
    throw new StorageError("Unavailable", reason, { operation: "list", provider: set.name });
  }
}

/** Reads one page. Reads it again if a member may have been repaired after a restore while the page was read. */
async function listOnce(set: ReplicaSet, options: ListOptions, head: HeadThrough): Promise<ListPage> {
  for (;;) {
    const page = await tryToList(set, options, head);
    if (page !== undefined) return page;
  }
}

async function tryToList(
  set: ReplicaSet,
  options: ListOptions,
  head: HeadThrough,
): Promise<ListPage | undefined> {
  const from = unpackKeyCursor(options, set.name);
  const { marks } = set;
  const wasTrusted = await isTrusted(set);
  const stamps = new Map(set.members.map(({ name }) => [name, marks?.stamp(name)]));
  const before = await rowKeys(set, options, from);
  const isSteady = ({ name }: ComposedProvider): boolean => marks?.stamp(name) === stamps.get(name);
  const listed = await listMembers(set, options, from, wasTrusted ? isSteady : undefined);
  if (listed === undefined) return undefined;
  const after = await rowKeys(set, options, from);
  const last = [listed.end, before.end, after.end]
    .filter((end) => end !== undefined)
    .toSorted(compareKeys)[0];
  const isInside = (entry: string): boolean =>
    (from === undefined || compareKeys(entry, from) > 0) &&
    (last === undefined || compareKeys(entry, last) <= 0);
  const shown = new Set([...listed.objects.map(({ key }) => key), ...listed.prefixes]);
  const keys = [...new Set([...before.keys, ...after.keys])].filter((key) => {
    const entry = listEntry(key, options);
    // A settled key needs a correction only when a member has listed an old copy.
    if (before.kept.has(key) && after.kept.has(key) && !shown.has(entry)) return false;
    return isInside(entry);
  });
  const objects = new Map(listed.objects.map((info) => [info.key, info]));
  const prefixes = new Set(listed.prefixes);
  // Until the journal has seen every key, only the objects themselves show which copy is the newest.
  const doubtful = wasTrusted && (await isTrusted(set)) ? [] : listed.differing.filter(isInside);
  await correct(set, options, head, [...new Set([...keys, ...doubtful])], objects, prefixes);
  return pageOf(set, options, listed, objects, prefixes, last, isInside);
}

/** The keys that have a row. */
interface RowKeys {
  readonly keys: readonly string[];
  /** The keys for which nothing is left to do. */
  readonly kept: ReadonlySet<string>;
  readonly end: string | undefined;
}

/** Returns the keys that come after an entry and have a row. If there may be more keys, `end` is the last key that was read. */
async function rowKeys(
  { journal }: ReplicaSet,
  { prefix = "", limit = LIST_LIMIT_DEFAULT }: ListOptions,
  from: string | undefined,
): Promise<RowKeys> {
  const most = Math.min(Math.max(limit, ROWS_MIN), ROWS_MAX);
  const rows = await journal.rows(prefix, from, most);
  const keys = rows.map(({ key }) => key);
  const kept = new Set(rows.filter(({ row }) => row.isKept === true).map(({ key }) => key));
  return { keys, kept, end: rows.length < most ? undefined : keys.at(-1) };
}

/**
 * Lists one member if that member can answer for all members; otherwise lists all members.
 *
 * @param isSteady - Tells whether a member's mark is what it was before the journal's rows were read. If the mark has
 *   changed, the member may lack an object that another process has repaired since then. The journal has no row for
 *   this object any more. Absent if every member has to be listed.
 * @returns `undefined` if the rows and the page have to be read again.
 */
async function listMembers(
  set: ReplicaSet,
  options: ListOptions,
  from: string | undefined,
  isSteady: ((member: ComposedProvider) => boolean) | undefined,
): Promise<MergedPage | undefined> {
  const { name, members, placement } = set;
  const behind = { ...options, cursor: undefined, after: from };
  if (isSteady === undefined || !(await isTrusted(set)) || !isOneEnough(set)) {
    assertNoneAway(set, "list");
    const merged = await mergeLists(name, believed(set, members), behind);
    assertNoneAway(set, "list");
    return merged;
  }
  let failure: unknown;
  // A member that is retiring may already be empty.
  const order = placement.readOrder("").filter((member) => !set.retiring.includes(member.name));
  const listable = order.filter((member) => !cannotList(member));
  for (const member of listable.length === 0 ? order : listable) {
    if (isDisbelieved(set, member)) continue;
    try {
      const page = await mergeLists(name, [member], behind);
      // During its first call to a member, a process learns which members the journal knows. This check therefore comes after the call.
      assertNoneAway(set, "list");
      if (!isSteady(member)) return undefined;
      if (!isDisbelieved(set, member)) return page;
      failure ??= new StorageError("Unavailable", RESTORED, { operation: "list", provider: member.name });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isStorageError(error, "Unavailable")) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

const RESTORED = "the member was restored from a backup";

async function correct(
  set: ReplicaSet,
  options: ListOptions,
  head: HeadThrough,
  keys: readonly string[],
  objects: Map<string, ObjectInfo>,
  prefixes: Set<string>,
): Promise<void> {
  const doubtful = new Set<string>();
  await concurrently(keys, HEADS_AT_ONCE, async (key) => {
    const info = await head(key, options);
    const entry = listEntry(key, options);
    if (entry === key) {
      if (info === undefined) objects.delete(key);
      else objects.set(key, info);
    } else if (info !== undefined) prefixes.add(entry);
    else if (prefixes.has(entry)) doubtful.add(entry);
  });
  // A common prefix may contain only deleted objects.
  for (const prefix of doubtful) {
    if (!(await hasObjects(set, { ...options, prefix }, head))) prefixes.delete(prefix);
  }
}

async function hasObjects(set: ReplicaSet, options: ListOptions, head: HeadThrough): Promise<boolean> {
  let next: ListOptions | undefined = {
    ...options,
    delimiter: undefined,
    cursor: undefined,
    after: undefined,
  };
  while (next !== undefined) {
    const page: ListPage = await listOnce(set, next, head);
    if (page.objects.length > 0) return true;
    next = page.cursor === undefined ? undefined : { ...next, cursor: page.cursor };
  }
  return false;
}

function pageOf(
  set: ReplicaSet,
  options: ListOptions,
  listed: ListPage,
  objects: ReadonlyMap<string, ObjectInfo>,
  prefixes: ReadonlySet<string>,
  last: string | undefined,
  isInside: (entry: string) => boolean,
): ListPage {
  const entries = [...objects.keys(), ...prefixes].filter(isInside).toSorted(compareKeys);
  const shown = entries.slice(0, options.limit ?? LIST_LIMIT_DEFAULT);
  const end = shown.length < entries.length ? shown.at(-1) : last;
  const { skipped } = listed;
  return {
    objects: shown.flatMap((entry) => objects.get(entry) ?? []),
    prefixes: shown.filter((entry) => prefixes.has(entry)),
    ...(skipped !== undefined && { skipped }),
    ...(end !== undefined && { cursor: packCursor(end, options) }),
  };
}
