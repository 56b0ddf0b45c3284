import {
  LIST_LIMIT_DEFAULT,
  PageBuilder,
  StorageError,
  compareKeys,
  keyProblem,
  listEntry,
  packCursor,
  unpackCursor,
  unpackKeyCursor,
  type ListOptions,
  type ListPage,
  type ObjectInfo,
  type SkippedKey,
} from "@stowage/core/provider";
import { ask, type Account } from "./account.js";
import type { AssetAnswer, ListAnswer } from "./client.js";
import { infoWithType } from "./content-type.js";
import { PUBLIC_ID_LENGTH_MAX, foreignKey, type ResourceType } from "./mapping.js";
import { encodePrefix } from "./public-id.js";

/** @see https://cloudinary.com/documentation/admin_api#get_resources */
const ASSETS_PER_CALL_MAX = 500;

/** The maximum number of assets that a listing with a delimiter reads. Every 500 assets cost one call of the Admin API. */
const WALK_MAX = 50_000;

/**
 * The maximum number of calls to Cloudinary for one page. The limit is needed for a feed with a short prefix: most
 * assets in such a feed may not belong to the listing.
 */
const CALLS_MAX = 10;

/** The assets of one resource type whose public ids begin with the same text. */
interface Feed {
  readonly resourceType: ResourceType;
  readonly prefix: string;
}

/** The position of a listing: one of its feeds, and Cloudinary's cursor in that feed. */
interface Position {
  readonly feed: number;
  readonly cursor: string | undefined;
}

export async function listObjects(account: Account, options: ListOptions): Promise<ListPage> {
  options.signal?.throwIfAborted();
  return options.delimiter === undefined
    ? await listAll(account, options)
    : await listFolder(account, options);
}

/** Lists one feed after the other, in Cloudinary's order. */
async function listAll(account: Account, options: ListOptions): Promise<ListPage> {
  const { limit = LIST_LIMIT_DEFAULT } = options;
  const objects: ObjectInfo[] = [];
  const skipped: SkippedKey[] = [];
  let position: Position | undefined = positionIn(account, options);
  const feeds = feedsOf(account, options);
  for (let calls = 0; position !== undefined && objects.length < limit && calls < CALLS_MAX; calls++) {
    const answer = await askPage(
      account,
      options,
      feeds[position.feed],
      position.cursor,
      limit - objects.length,
    );
    await addAll(account, answer.assets, options, { objects, skipped });
    position = nextPosition(feeds, position, answer);
  }
  const cursor = position && packCursor([position.feed, position.cursor ?? null], options);
  return {
    objects,
    prefixes: [],
    ...(cursor !== undefined && { cursor }),
    ...(skipped.length > 0 && { skipped }),
  };
}

/**
 * Returns the feeds that a listing reads. Public ids that this package made begin with the encoded prefix. Public ids
 * that other programs chose begin with the prefix itself. If the prefix itself begins with the encoded prefix, one feed
 * for each resource type finds all of these public ids.
 */
function feedsOf({ mapping }: Account, { prefix = "" }: ListOptions): readonly Feed[] {
  const own = encodePrefix(prefix);
  const prefixes = prefix.startsWith(own) ? [own] : [own, prefix];
  return mapping.resourceTypes.flatMap((resourceType) =>
    prefixes.map((one) => ({ resourceType, prefix: one })),
  );
}

async function askPage(
  account: Account,
  { signal }: ListOptions,
  { resourceType, prefix }: Feed = { resourceType: "raw", prefix: "" },
  cursor: string | undefined,
  wanted: number,
): Promise<ListAnswer> {
  const request = { resourceType, prefix, limit: Math.min(wanted, ASSETS_PER_CALL_MAX), cursor };
  const attempted = { operation: "list", key: undefined, writes: false } as const;
  return await ask(account, attempted, () => account.client.resources(request, { signal }));
}

function nextPosition(
  feeds: readonly Feed[],
  { feed }: Position,
  { cursor }: ListAnswer,
): Position | undefined {
  if (cursor !== undefined) return { feed, cursor };
  return feed + 1 < feeds.length ? { feed: feed + 1, cursor: undefined } : undefined;
}

function positionIn(account: Account, options: ListOptions): Position {
  const { name } = account;
  const position = unpackCursor(options, name);
  if (position === undefined) return { feed: 0, cursor: undefined };
  const [feed, cursor] = Array.isArray(position) ? (position as unknown[]) : [];
  const isFeed = typeof feed === "number" && feed in feedsOf(account, options);
  if (isFeed && (cursor === null || typeof cursor === "string")) return { feed, cursor: cursor ?? undefined };
  const reason = "the cursor does not come from this listing";
  throw new StorageError("InvalidArgument", reason, { operation: "list", provider: name });
}

interface Found {
  readonly objects: ObjectInfo[];
  readonly skipped: SkippedKey[];
}

async function addAll(
  account: Account,
  assets: readonly AssetAnswer[],
  { prefix = "" }: ListOptions,
  { objects, skipped }: Found,
): Promise<void> {
  for (const asset of assets) {
    if (asset.isPlaceholder) continue;
    const key = account.mapping.keyOf(asset);
    if (key === undefined || Buffer.byteLength(key) > PUBLIC_ID_LENGTH_MAX) skipped.push(skippedKey(asset));
    else if (key.startsWith(prefix)) objects.push(await infoWithType(account, key, asset));
  }
}

function skippedKey(asset: AssetAnswer): SkippedKey {
  const key = foreignKey(asset);
  return {
    key,
    reason: keyProblem(key) ?? "its public id is too long, or has characters that a request cannot contain",
  };
}

/**
 * Lists the objects and prefixes of one folder, in order. The call reads all assets below the prefix. Cloudinary cannot
 * list one folder, because Cloudinary's own folders may differ from the folders in public ids.
 */
async function listFolder(account: Account, options: ListOptions): Promise<ListPage> {
  const page = new PageBuilder(options, unpackKeyCursor(options, account.name));
  const { entries, skipped } = await walk(account, options);
  for (const entry of [...entries.keys()].toSorted(compareKeys)) {
    if (page.wants(entry) && !page.add(entry, entries.get(entry))) break;
  }
  const isFirst = options.cursor === undefined;
  return { ...page.build(), ...(isFirst && skipped.length > 0 && { skipped }) };
}

async function walk(
  account: Account,
  { prefix, delimiter, signal }: ListOptions,
): Promise<{
  readonly entries: Map<string, ObjectInfo | undefined>;
  readonly skipped: readonly SkippedKey[];
}> {
  const entries = new Map<string, ObjectInfo | undefined>();
  const skipped: SkippedKey[] = [];
  let walked = 0;
  const feeds = feedsOf(account, { prefix });
  let position: Position | undefined = { feed: 0, cursor: undefined };
  while (position !== undefined) {
    const { feed, cursor } = position;
    const answer = await askPage(account, { signal }, feeds[feed], cursor, ASSETS_PER_CALL_MAX);
    const objects: ObjectInfo[] = [];
    await addAll(account, answer.assets, { prefix }, { objects, skipped });
    for (const info of objects) {
      const entry = listEntry(info.key, { prefix, delimiter });
      entries.set(entry, entry === info.key ? info : undefined);
    }
    walked += answer.assets.length;
    if (walked > WALK_MAX) throw tooMany(account);
    position = nextPosition(feeds, position, answer);
  }
  return { entries, skipped };
}

function tooMany({ name }: Account): StorageError {
  const reason = `the listing would read more than ${WALK_MAX} assets: list without a delimiter, or give a longer prefix`;
  return new StorageError("Unsupported", reason, { operation: "list", provider: name });
}
