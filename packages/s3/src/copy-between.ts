import { types } from "node:util";
import {
  headersOf,
  assertKey,
  assertPut,
  guardResult,
  isStorageError,
  knownNames,
  nonEmptyText,
  oneOf,
  toStorageError,
  toBody,
  withPolicies,
  type CopyOptions,
  type ObjectInfo,
  type StorageProvider,
} from "@stowage/core/provider";
import { copyObject } from "./copy.js";
import { OWN } from "./own-provider.js";
import { partitionOf } from "./server/amazon.js";
import type { Store } from "./store.js";

/** A provider, and a key in that provider. */
export interface ObjectPlace {
  readonly provider: StorageProvider;
  readonly key: string;
}

/**
 * Copies an object from one provider to another, with its headers and metadata. If both buckets are on one server, and
 * the credentials of `to` may read the source and write the target, the server copies the bytes itself. Otherwise the
 * bytes pass through this process.
 *
 * @param from - The object to copy. Any provider works.
 * @param to - The key and the provider that receive the copy. Any provider works.
 * @throws StorageError `NotFound` if there is no such object; also every error that a put throws.
 * @example
 * ```ts
 * await copyBetween({ provider: uploads, key: "1.mp4" }, { provider: archive, key: "2026/1.mp4" });
 * ```
 */
export async function copyBetween(
  from: ObjectPlace,
  to: ObjectPlace,
  options: Omit<CopyOptions, "writeId" | "tries" | "beforeCommit"> = {},
): Promise<ObjectInfo> {
  knownNames("copyBetween", options, { signal: true, onEvent: true, ifNoneMatch: true, sourceIfMatch: true });
  oneOf("copyBetween", "ifNoneMatch", options.ifNoneMatch, [undefined, "*"]);
  if (options.sourceIfMatch !== undefined) {
    nonEmptyText("copyBetween", "sourceIfMatch", options.sourceIfMatch, "the etag of an object");
  }
  const inside = insideServer(from, to);
  if (inside === undefined) return await streamThrough(from, to, options);
  try {
    return await inside(options);
  } catch (error) {
    // The two buckets may need different credentials, or may be in two regions.
    const isElsewhere = isStorageError(error, "PermissionDenied") || isStorageError(error, "Misconfigured");
    if (!isElsewhere) throw error;
    return await streamThrough(from, to, options);
  }
}

type Copy = (options: CopyOptions) => Promise<ObjectInfo>;

function insideServer(from: ObjectPlace, to: ObjectPlace): Copy | undefined {
  const source = OWN.find(from.provider);
  const target = OWN.find(to.provider);
  if (source === undefined || target === undefined) return undefined;
  if (!isSameServer(source.store, target.store)) return undefined;
  const provider: StorageProvider = {
    ...to.provider,
    copy: async (_from, key, options) => {
      const reading = { store: source.store, key: source.keyPrefix + from.key };
      const info = await copyObject(target.store, reading, target.keyPrefix + key, options);
      return { ...info, key };
    },
  };
  const { copy } = withPolicies(provider);
  return copy && ((options) => copy(from.key, to.key, options));
}

/**
 * Tells whether two stores are on the same server. If the servers are not known yet, they count as the same only if the caller
 * has given both stores the same client.
 */
function isSameServer(source: Store, target: Store): boolean {
  const [from, to] = [source.server(), target.server()];
  if (!from.isKnown || !to.isKnown) {
    return source.clientOfCaller !== undefined && source.clientOfCaller === target.clientOfCaller;
  }
  return from.endpoint === to.endpoint && partitionOf(from.region) === partitionOf(to.region);
}

/**
 * Copies the bytes through this process. Turns every failure into a `StorageError`. An error of any other class gets
 * the code `Unknown`.
 */
async function streamThrough(from: ObjectPlace, to: ObjectPlace, options: CopyOptions): Promise<ObjectInfo> {
  try {
    return await copyThrough(from, to, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw toStorageError(error, { operation: "copy", provider: to.provider.name, key: to.key });
  }
}

async function copyThrough(
  from: ObjectPlace,
  to: ObjectPlace,
  { signal, onEvent, ifNoneMatch, sourceIfMatch }: CopyOptions,
): Promise<ObjectInfo> {
  const [source, target] = [withPolicies(from.provider), withPolicies(to.provider)];
  assertKey(from.key, "get", source.name);
  const opened = guardResult(await source.get(from.key, { signal, onEvent, ifMatch: sourceIfMatch }), source);
  const { size, metadata } = opened.info;
  const options = { ...headersOf(opened.info), metadata, signal, onEvent, ifNoneMatch };
  try {
    assertPut(target, to.key, options, size);
    const body = await toBody(opened.body, { size, key: to.key, provider: target.name });
    return await target.put(to.key, body, options);
  } finally {
    if (!types.isUint8Array(opened.body)) opened.body.destroy();
  }
}
