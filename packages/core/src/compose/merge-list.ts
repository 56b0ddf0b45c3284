import { packCursor, unpackKeyCursor } from "../kit/cursor.js";
import { ERROR_CODES, StorageError, toStorageError } from "../contract/errors.js";
import { compareKeys } from "../contract/key.js";
import { type ListPage, type SkippedKey } from "../contract/provider.js";
import { LIST_LIMIT_DEFAULT, type ListOptions } from "../contract/call-options.js";
import type { ObjectInfo } from "../contract/object.js";
import type { ComposedProvider } from "../contract/composed-provider.js";

/** The maximum number of entries that are sorted in memory for a member that lists without an order. */
const UNORDERED_ENTRIES_MAX = 100_000;

interface Entry {
  readonly name: string;
  readonly info: ObjectInfo | undefined;
  /** True if another member's object has a different size. */
  readonly differs?: boolean;
}

/** One member's entries, page by page. */
interface Feed {
  readonly member: ComposedProvider;
  entries: readonly Entry[];
  index: number;
  next: string | undefined;
  /** The skipped keys of all pages read so far. */
  readonly skipped: SkippedKey[];
}

/** A page with its last entry. The next page begins after this entry. */
export interface MergedPage extends ListPage {
  readonly end?: string | undefined;
  /** The keys whose objects have different sizes on different members. */
  readonly differing: readonly string[];
}

/**
 * Returns one page of the merged listings of several members. Every key appears once, in UTF-8 byte order. If several
 * members have a key, the page shows the object of the first of these members. The cursor of the page is its last
 * entry, so that a listing can continue after the members have changed.
 *
 * @throws StorageError `Unavailable` if a member cannot be listed. A listing is either complete or an error.
 */
export async function mergeLists(
  name: string,
  members: readonly ComposedProvider[],
  options: ListOptions,
): Promise<MergedPage> {
  const from = unpackKeyCursor(options, name);
  const feeds = await Promise.all(members.map((member) => openFeed(member, from, options)));
  const objects: ObjectInfo[] = [];
  const prefixes: string[] = [];
  const differing: string[] = [];
  const limit = options.limit ?? LIST_LIMIT_DEFAULT;
  let end = from;
  for (;;) {
    // The entries are nearly always loaded already. Waiting for each entry would take longer than comparing the entries.
    for (const feed of feeds) if (isEmpty(feed, end)) await fill(feed, end, options);
    const entry = takeFirst(feeds, objects.length + prefixes.length < limit);
    if (entry === undefined) return { objects, prefixes, differing, ...skippedBy(feeds) };
    if (end !== undefined && objects.length + prefixes.length >= limit) {
      return { objects, prefixes, differing, ...skippedBy(feeds), end, cursor: packCursor(end, options) };
    }
    if (entry.info === undefined) prefixes.push(entry.name);
    else objects.push(entry.info);
    if (entry.differs === true) differing.push(entry.name);
    end = entry.name;
  }
}

function skippedBy(feeds: readonly Feed[]): Pick<ListPage, "skipped"> {
  const skipped = feeds.flatMap((feed) => feed.skipped);
  return skipped.length === 0 ? {} : { skipped };
}

async function openFeed(
  member: ComposedProvider,
  after: string | undefined,
  options: ListOptions,
): Promise<Feed> {
  const feed: Feed = { member, entries: [], index: 0, next: undefined, skipped: [] };
  if (member.supports.orderedList) await loadPage(feed, { ...options, cursor: undefined, after });
  else await loadAll(feed, options);
  return feed;
}

async function loadPage(feed: Feed, options: ListOptions): Promise<void> {
  const { cursor, objects, prefixes, skipped } = await listMember(feed.member, options);
  feed.skipped.push(...(skipped ?? []));
  feed.entries = toEntries(objects, prefixes);
  feed.index = 0;
  feed.next = cursor;
}

async function loadAll(feed: Feed, options: ListOptions): Promise<void> {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  do {
    const page: ListPage = await listMember(feed.member, {
      ...options,
      limit: undefined,
      after: undefined,
      cursor,
    });
    entries.push(...toEntries(page.objects, page.prefixes));
    feed.skipped.push(...(page.skipped ?? []));
    cursor = page.cursor;
    if (entries.length > UNORDERED_ENTRIES_MAX) {
      throw new StorageError(
        "Unsupported",
        `the member lists keys without an order, and has more than ${UNORDERED_ENTRIES_MAX} keys: too many to sort`,
        { operation: "list", provider: feed.member.name },
      );
    }
  } while (cursor !== undefined);
  feed.entries = entries.sort((a, b) => compareKeys(a.name, b.name));
}

function toEntries(objects: readonly ObjectInfo[], prefixes: readonly string[]): Entry[] {
  const entries = objects.map((info): Entry => ({ name: info.key, info }));
  if (prefixes.length === 0) return entries;
  for (const name of prefixes) entries.push({ name, info: undefined });
  return entries.sort((a, b) => compareKeys(a.name, b.name));
}

async function listMember(member: ComposedProvider, options: ListOptions): Promise<ListPage> {
  try {
    return await member.list(options);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    const error = toStorageError(thrown, { operation: "list", provider: member.name, key: options.prefix });
    if (!isPassing(error)) throw error;
    const { provider = member.name } = error;
    const reason = `the listing would be incomplete: ${JSON.stringify(provider)} does not answer`;
    throw new StorageError("Unavailable", reason, {
      operation: "list",
      provider,
      key: options.prefix,
      retryable: false,
      attempts: [{ provider, error, milliseconds: 0 }],
      cause: error,
    });
  }
}

/** Tells whether an error is a failure of the member. A refusal of the call is not such a failure. */
function isPassing({ code }: StorageError): boolean {
  return ERROR_CODES[code].movesOn === "yes" && code !== "Unsupported";
}

/** Tells whether a feed must load a page to know its first entry after a position. */
function isEmpty(feed: Feed, after: string | undefined): boolean {
  let entry = feed.entries[feed.index];
  while (entry !== undefined && after !== undefined && compareKeys(entry.name, after) <= 0) {
    entry = feed.entries[++feed.index];
  }
  return entry === undefined && feed.next !== undefined;
}

async function fill(feed: Feed, after: string | undefined, options: ListOptions): Promise<void> {
  do {
    await loadPage(feed, { ...options, after: undefined, cursor: feed.next });
  } while (isEmpty(feed, after));
}

/** Returns the first entry of all feeds. If `taken` is true, removes the entry from the feeds. */
function takeFirst(feeds: readonly Feed[], taken: boolean): Entry | undefined {
  let first: Entry | undefined;
  for (const { entries, index } of feeds) {
    const entry = entries[index];
    if (entry === undefined) continue;
    if (first === undefined || compareKeys(entry.name, first.name) < 0) first = entry;
  }
  if (first === undefined || !taken) return first;
  let differs = false;
  for (const feed of feeds) {
    const entry = feed.entries[feed.index];
    if (entry?.name !== first.name) continue;
    differs ||= entry.info?.size !== first.info?.size;
    feed.index++;
  }
  return differs ? { ...first, differs } : first;
}
