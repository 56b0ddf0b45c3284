import { contentTypeOf, type Body, type ObjectInfo, type PutOptions } from "@stowage/core";
import { toFields } from "./facts.js";
import { comparable, infoOf, type Store } from "./store.js";
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
  const { ifNoneMatch } = options;
  const conditions = { ifNoneMatch, ifMatch: comparable(store, options.ifMatch) };
  const { answer, size } = await uploadBody(
    store,
    { operation: "put", key, fields, conditions, options },
    body,
  );
  return infoOf(store, key, { ...fields, size, ...answer });
}
