import { contentTypeOf, type Body, type ObjectInfo, type PutOptions } from "@stowage/core/provider";
import { toFields } from "./server/facts.js";
import { isUnknown } from "./server/object-options.js";
import { ask, comparable, infoOf, type Store } from "./store.js";
import { uploadBody } from "./upload/upload.js";

export async function putObject(
  store: Store,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  const contentType = options.contentType ?? (await contentTypeOf(key));
  const fields = toFields(options, contentType, store.objects.contentEncoding);
  const { ifNoneMatch } = options;
  const conditions = { ifNoneMatch, ifMatch: comparable(store, options.ifMatch) };
  const { answer, size } = await uploadBody(
    store,
    { operation: "put", key, fields, conditions, options },
    body,
  );
  await lookForClass(store, key, options);
  return infoOf(store, key, { ...fields, size, ...answer });
}

/**
 * Checks the first object that is stored on an unknown server, because such a server may silently ignore the storage
 * class. Reports an event of the type `"ignored"` if the object does not have the requested class.
 */
async function lookForClass(store: Store, key: string, { signal, onEvent }: PutOptions): Promise<void> {
  const { storageClass = "STANDARD" } = store.objects;
  if (storageClass === "STANDARD" || store.knowsClass || onEvent === undefined || !isUnknown(store.dialect))
    return;
  const attempted = { operation: "put", key, signal, action: "s3:GetObject" } as const;
  const found = await ask(store, attempted, () => store.client.headObject({ key }, { signal })).catch(
    () => undefined,
  );
  if (found === undefined) return;
  store.knowsClass = true;
  if (found.storageClass === storageClass) return;
  onEvent({ type: "ignored", operation: "put", provider: store.name, key, option: "storageClass" });
}
