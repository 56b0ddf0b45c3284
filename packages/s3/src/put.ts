import { contentTypeOf, type Body, type ObjectInfo, type PutOptions } from "@stowage/core";
import type { Conditions } from "./client.js";
import { bareEtag } from "./etag.js";
import { toFields } from "./facts.js";
import { infoOf, type Store } from "./store.js";
import { uploadBody } from "./upload.js";

export async function putObject(
  store: Store,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  const contentType = options.contentType ?? (await contentTypeOf(key));
  const fields = toFields(options, contentType);
  const conditions = conditionsOf(store, options);
  const { answer, size } = await uploadBody(
    store,
    { operation: "put", key, fields, conditions, options },
    body,
  );
  return infoOf(store, key, { ...fields, size, ...answer });
}

function conditionsOf({ dialect }: Store, { ifMatch, ifNoneMatch }: PutOptions): Conditions {
  return { ifNoneMatch, ifMatch: dialect.bareIfMatch ? bareEtag(ifMatch) : ifMatch };
}
