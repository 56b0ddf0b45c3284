import {
  StorageError,
  assertKey,
  knownNames,
  type CallOptions,
  type StorageProvider,
} from "@stowage/core/provider";
import { assertTags } from "../server/object-options.js";
import { OWN } from "../own-provider.js";
import { ask, type Store } from "../store.js";
import { timedStore } from "../server/timed-client.js";

/** The tags of an object, by their names. */
export type Tags = Readonly<Record<string, string>>;

/**
 * Returns the tags of an object, which lifecycle rules and policies can refer to.
 *
 * @param provider - A provider that `s3()` returned.
 * @throws TypeError for a provider that `s3()` did not return.
 * @throws StorageError `NotFound`; `Unsupported` if the server has no tags.
 */
export async function objectTags(
  provider: StorageProvider,
  key: string,
  options: Pick<CallOptions, "signal"> = {},
): Promise<Tags> {
  knownNames("objectTags", options, { signal: true });
  const { signal } = options;
  const { store, keyPrefix } = tagged(provider, key, "objectTags");
  const attempted = { operation: "head", key, signal, action: "s3:GetObjectTagging" } as const;
  return await ask(store, attempted, () => store.client.readTags({ key: keyPrefix + key }, { signal }));
}

/**
 * Replaces all tags of an object.
 *
 * @param provider - A provider that `s3()` returned.
 * @param tags - At most ten tags. An empty object removes all tags.
 * @throws TypeError for a provider that `s3()` did not return, and for tags that S3 does not accept.
 * @throws StorageError `NotFound`; `Unsupported` if the server has no tags.
 */
export async function setObjectTags(
  provider: StorageProvider,
  key: string,
  tags: Tags,
  options: Pick<CallOptions, "signal"> = {},
): Promise<void> {
  knownNames("setObjectTags", options, { signal: true });
  const { signal } = options;
  assertTags(tags);
  const { store, keyPrefix } = tagged(provider, key, "setObjectTags");
  await writeTags(store, { key: keyPrefix + key, tags, shown: key }, signal);
}

function tagged(provider: StorageProvider, key: string, caller: string): ReturnType<typeof OWN.require> {
  const own = OWN.require(provider, caller);
  assertKey(key, "head", own.store.name);
  const { dialect, name } = own.store;
  // A server without tags would treat the request as a request about the object itself.
  if (dialect.tags) return { ...own, store: timedStore(own.store) };
  const reason = `a server of the dialect "${dialect.name}" does not support tags`;
  throw new StorageError("Unsupported", reason, { operation: "head", provider: name, key });
}

export async function writeTags(
  store: Store,
  { key, tags, shown = key }: { readonly key: string; readonly tags: Tags; readonly shown?: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const action = "s3:PutObjectTagging";
  const attempted = { operation: "put", key: shown, signal, action, writes: true } as const;
  await ask(store, attempted, () => store.client.writeTags({ key, tags }, { signal }));
}
