import {
  clock,
  StorageError,
  LIST_LIMIT_DEFAULT,
  compareKeys,
  keyProblem,
  packCursor,
  unpackCursor,
  type ListOptions,
  type ListPage,
  type SkippedKey,
} from "@stowage/core/provider";
import type { ListAnswer, ListedObject } from "./server/client.js";
import { toEtag } from "./server/etag.js";
import { ask, type Store } from "./store.js";

/**
 * The maximum number of entries in one answer.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
const LIMIT_MAX = 1000;

export async function listObjects(store: Store, options: ListOptions): Promise<ListPage> {
  const { prefix = "", delimiter, signal, limit = LIST_LIMIT_DEFAULT } = options;
  assertCanList(store);
  const attempted = {
    operation: "list",
    key: prefix === "" ? undefined : prefix,
    signal,
    action: "s3:ListBucket",
  } as const;
  const place = placeOf(store, options);
  const { token } = place;
  const request = { prefix, delimiter, limit: Math.min(limit, LIMIT_MAX), token, after: startOf(options) };
  const answer = await ask(store, attempted, () => store.client.listObjects(request, { signal }));
  store.bucketSeenAt = clock.now();
  const next = nextPlace(store, answer, place);
  const skipped = skippedIn(answer);
  const isSkipped = new Set(skipped.map(({ key }) => key));
  return {
    objects: answer.objects
      .filter(({ key }) => !isSkipped.has(key))
      .map((object) => listedInfo(store, object)),
    prefixes: answer.prefixes.filter((entry) => !isSkipped.has(entry) && isBehind(entry, options)),
    ...(skipped.length > 0 && { skipped }),
    ...(next !== undefined && { cursor: cursorAt(next, options) }),
  };
}

function assertCanList({ canList, name: provider, bucket }: Store): void {
  if (canList) return;
  const reason = `the option canList: false says that the credentials may not list the bucket ${JSON.stringify(bucket)}: grant s3:ListBucket and remove the option`;
  throw new StorageError("Unsupported", reason, { operation: "list", provider });
}

/**
 * The last of all characters. A common prefix followed by this character comes after every key below the prefix. The only
 * exceptions are keys that have the same character after the prefix.
 */
const LAST = "\u{10FFFF}";

/**
 * Returns the key after which the server starts the listing. A server accepts only a key as the start. So if the last entry was
 * a common prefix, the listing starts after the last possible key below the prefix.
 */
function startOf({ after, delimiter, cursor }: ListOptions): string | undefined {
  if (after === undefined || cursor !== undefined) return undefined;
  return delimiter !== undefined && after.endsWith(delimiter) ? after + LAST : after;
}

/**
 * Tells whether an entry comes after the text in `after`. The check is needed if `after` is below a common prefix: the server
 * then returns this prefix again for the keys that follow.
 */
function isBehind(entry: string, { after }: ListOptions): boolean {
  return after === undefined || compareKeys(entry, after) > 0;
}

/** Returns the entries that are not valid keys. Other tools have put them there. */
function skippedIn({ objects, prefixes }: ListAnswer): readonly SkippedKey[] {
  const skipped: SkippedKey[] = [];
  const check = (key: string, name: string): void => {
    const reason = keyProblem(name);
    if (reason !== undefined) skipped.push({ key, reason });
  };
  for (const { key } of objects) check(key, key);
  for (const prefix of prefixes) check(prefix, prefix.slice(0, -1));
  return skipped;
}

/** The position at which a page begins. */
interface Place {
  /** The token that the server gave with the previous page. */
  readonly token: string | undefined;
  /** The number of pages before this page. */
  readonly pages: number;
  /** The first entry of an earlier page: the latest page whose number is a power of two. */
  readonly mark: string | undefined;
  /** The number of consecutive pages without an entry before this page. */
  readonly empty: number;
}

const START: Place = { token: undefined, pages: 0, mark: undefined, empty: 0 };

/** Returns the position in a cursor. A cursor from an older version of this package contains only the token. */
function placeOf(store: Store, options: ListOptions): Place {
  const position = unpackCursor(options, store.name);
  if (position === undefined) return START;
  if (typeof position === "string") return { ...START, token: position };
  const [token, pages, mark, empty] = Array.isArray(position) ? (position as unknown[]) : [];
  if (typeof token === "string" && typeof pages === "number" && typeof empty === "number")
    return { token, pages, mark: typeof mark === "string" ? mark : undefined, empty };
  throw new StorageError("InvalidArgument", "the cursor does not come from this listing", {
    operation: "list",
    provider: store.name,
  });
}

function cursorAt({ token, pages, mark, empty }: Place, options: ListOptions): string {
  return packCursor([token, pages, mark ?? null, empty], options);
}

/**
 * The maximum number of consecutive pages without an entry. Pages without an entry are normal: a server may leave out objects
 * that are being deleted.
 */
const EMPTY_PAGES_MAX = 1000;

/**
 * Returns the position of the next page, or `undefined` after the last page.
 *
 * @throws StorageError `Unavailable` if the server says that there are more pages but gives no token, or if it repeats
 * a page.
 */
function nextPlace(store: Store, answer: ListAnswer, before: Place): Place | undefined {
  if (!answer.isTruncated) return undefined;
  const { token } = answer;
  if (token === undefined || token === "") throw incomplete(store, "does not say where the next page begins");
  const first = answer.objects[0]?.key ?? answer.prefixes[0];
  const pages = before.pages + 1;
  const empty = first === undefined ? before.empty + 1 : 0;
  const isRound = first !== undefined && first === before.mark;
  if (token === before.token || isRound || empty > EMPTY_PAGES_MAX)
    throw incomplete(store, "sends the same page again and again");
  // An entry is never on two pages, so this check detects a loop of any length.
  const isMarked = first !== undefined && Number.isInteger(Math.log2(pages));
  return { token, pages, mark: isMarked ? first : before.mark, empty };
}

function incomplete({ name: provider }: Store, why: string): StorageError {
  return new StorageError("Unavailable", `the listing is incomplete: the server ${why}`, {
    operation: "list",
    provider,
  });
}

function listedInfo(
  store: Store,
  { key, size, etag, lastModified }: ListedObject,
): ListPage["objects"][number] {
  if (size === undefined) throw incomplete(store, "does not send the sizes of objects");
  return { key, size, etag: toEtag(etag), lastModified, provider: store.name, ref: store.places.ref(key) };
}
