import {
  StorageError,
  LIST_LIMIT_DEFAULT,
  compareKeys,
  keyProblem,
  packCursor,
  unpackKeyCursor,
  type ListOptions,
  type ListPage,
  type SkippedKey,
} from "@stowage/core/provider";
import type { ListAnswer, ListedObject } from "./server/client.js";
import { toEtag } from "./server/etag.js";
import { ask, type Store } from "./store.js";

/** The most entries in one answer. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
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
  const token = options.cursor === undefined ? undefined : unpackKeyCursor(options, store.name);
  const request = { prefix, delimiter, limit: Math.min(limit, LIMIT_MAX), token, after: startOf(options) };
  const answer = await ask(store, attempted, () => store.client.listObjects(request, { signal }));
  store.bucketSeenAt = performance.now();
  const skipped = skippedIn(answer);
  const isSkipped = new Set(skipped.map(({ key }) => key));
  return {
    objects: answer.objects
      .filter(({ key }) => !isSkipped.has(key))
      .map((object) => listedInfo(store, object)),
    prefixes: answer.prefixes.filter((entry) => !isSkipped.has(entry) && isBehind(entry, options)),
    ...(skipped.length > 0 && { skipped }),
    ...nextPage(answer, options),
  };
}

function assertCanList({ canList, name: provider, bucket }: Store): void {
  if (canList) return;
  const reason = `the credentials may not list the bucket ${JSON.stringify(bucket)} (canList: false): grant s3:ListBucket`;
  throw new StorageError("Unsupported", reason, { operation: "list", provider });
}

/** Behind every key that begins with a common prefix, but for those that go on with the last of all characters. */
const LAST = "\u{10FFFF}";

/** Where a server is to begin: it knows keys only, so behind a common prefix is behind all that it rolls up. */
function startOf({ after, delimiter, cursor }: ListOptions): string | undefined {
  if (after === undefined || cursor !== undefined) return undefined;
  return delimiter !== undefined && after.endsWith(delimiter) ? after + LAST : after;
}

/** A key in the middle of a common prefix is behind it, and the server rolls up the rest. */
function isBehind(entry: string, { after }: ListOptions): boolean {
  return after === undefined || compareKeys(entry, after) > 0;
}

/** What others have put there, and no key of ours can name. */
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

function nextPage({ isTruncated, token }: ListAnswer, options: ListOptions): Pick<ListPage, "cursor"> {
  return isTruncated && token !== undefined ? { cursor: packCursor(token, options) } : {};
}

function listedInfo(
  store: Store,
  { key, size, etag, lastModified }: ListedObject,
): ListPage["objects"][number] {
  return { key, size, etag: toEtag(etag), lastModified, provider: store.name, ref: store.places.ref(key) };
}
