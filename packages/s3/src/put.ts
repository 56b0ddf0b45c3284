import { contentTypeOf, type Body, type ObjectInfo, type PutOptions } from "@stowage/core";
import type { Conditions, WriteAnswer } from "./client.js";
import { bareEtag, toEtag } from "./etag.js";
import { toFields } from "./facts.js";
import type { Store } from "./store.js";
import { uploadBody, type Write } from "./upload.js";

export async function putObject(
  store: Store,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<ObjectInfo> {
  options.signal?.throwIfAborted();
  const contentType = options.contentType ?? (await contentTypeOf(key));
  const write = {
    key,
    fields: toFields(options, contentType),
    conditions: conditionsOf(store, options),
    options,
  };
  const { answer, size } = await uploadBody(store, write, body);
  return writtenInfo(store, write, contentType, size, answer);
}

function conditionsOf({ dialect }: Store, { ifMatch, ifNoneMatch }: PutOptions): Conditions {
  return { ifNoneMatch, ifMatch: dialect.bareIfMatch ? bareEtag(ifMatch) : ifMatch };
}

function writtenInfo(
  store: Store,
  { key, options }: Write,
  contentType: string,
  size: number,
  { etag, versionId }: WriteAnswer,
): ObjectInfo {
  const { cacheControl, contentDisposition, metadata, writeId } = options;
  const isEmpty = metadata === undefined || Object.keys(metadata).length === 0;
  return {
    key,
    size,
    etag: toEtag(etag),
    contentType,
    cacheControl,
    contentDisposition,
    metadata: isEmpty ? undefined : { ...metadata },
    writeId,
    ...(versionId !== undefined && { version: versionId }),
    provider: store.name,
    ref: store.places.ref(key),
  };
}
