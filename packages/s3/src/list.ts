import {
  LIST_LIMIT_DEFAULT,
  keyProblem,
  packCursor,
  unpackKeyCursor,
  type ListOptions,
  type ListPage,
} from "@stowage/core";
import type { ListAnswer, ListedObject } from "./client.js";
import { toEtag } from "./etag.js";
import { ask, type Store } from "./store.js";

/** The most entries in one answer. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
const LIMIT_MAX = 1000;

export async function listObjects(store: Store, options: ListOptions): Promise<ListPage> {
  const { prefix = "", delimiter, signal, limit = LIST_LIMIT_DEFAULT } = options;
  const attempted = {
    operation: "list",
    key: prefix === "" ? undefined : prefix,
    signal,
    action: "s3:ListBucket",
  } as const;
  const token = unpackKeyCursor(options, store.name);
  const request = { prefix, delimiter, limit: Math.min(limit, LIMIT_MAX), token };
  const answer = await ask(store, attempted, () => store.client.listObjects(request, { signal }));
  store.bucketSeenAt = performance.now();
  const objects = answer.objects.filter(({ key }) => keyProblem(key) === undefined);
  return {
    objects: objects.map((object) => listedInfo(store, object)),
    prefixes: answer.prefixes,
    ...nextPage(answer, options),
  };
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
