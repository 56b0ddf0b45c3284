import {
  assertKey,
  guardResult,
  assertRange,
  knownNames,
  toStoredObject,
  withPolicies,
  type CallOptions,
  type GetOptions,
  type ObjectInfo,
  type StorageProvider,
  type StoredObject,
} from "@stowage/core/provider";
import { deleteObject } from "./delete.js";
import { getObject } from "./get.js";
import { headObject } from "./head.js";
import { OWN } from "./own-provider.js";

const CALL = { signal: true, onEvent: true } as const;

/** One version of an object. */
export interface ObjectVersion {
  /** @throws StorageError `NotFound` if there is no such version, or if the version is a delete marker. */
  readonly head: (options?: CallOptions) => Promise<ObjectInfo>;
  /** Opens the version. The result holds a socket open until you read it to its end or call `destroy()`. */
  readonly get: (options?: Pick<GetOptions, "range" | "signal">) => Promise<StoredObject & AsyncDisposable>;
  /** Deletes the version permanently. Also succeeds if there is no such version. */
  readonly delete: (options?: CallOptions) => Promise<void>;
}

/**
 * Returns functions that read or delete one version of an object. The bucket must keep versions. A put returns the id
 * of the new version in the field `version`.
 *
 * @param provider - A provider that `s3()` returned.
 * @param version - The id that the server gave to the version.
 * @throws TypeError for a provider that `s3()` did not return.
 * @throws StorageError `InvalidKey`.
 * @example
 * ```ts
 * const { version } = await storage.put("contract.pdf", first);
 * await storage.put("contract.pdf", second);
 * await (await objectVersion(provider, "contract.pdf", version).get()).bytes(); // the first
 * ```
 */
export function objectVersion(provider: StorageProvider, key: string, version: string): ObjectVersion {
  const { store, keyPrefix } = OWN.require(provider, "objectVersion");
  assertKey(key, "head", store.name);
  if (typeof version !== "string" || version === "")
    throw new TypeError("version must be the id of a version");
  const of = (outer: string): string => keyPrefix + outer;
  const view = withPolicies({
    ...provider,
    head: async (outer, options) => ({
      ...(await headObject(store, of(outer), options, version)),
      key: outer,
    }),
    get: async (outer, options) => {
      const result = await getObject(store, of(outer), options, version);
      return { ...result, info: { ...result.info, key: outer } };
    },
    delete: (outer, options) => deleteObject(store, of(outer), options, version),
  });
  return {
    head: async (options = {}) => {
      knownNames("objectVersion.head", options, CALL);
      return await view.head(key, options);
    },
    get: async (options = {}) => {
      knownNames("objectVersion.get", options, { range: true, signal: true });
      if (options.range !== undefined) assertRange(options.range);
      return toStoredObject(guardResult(await view.get(key, options), view));
    },
    delete: async (options = {}) => {
      knownNames("objectVersion.delete", options, CALL);
      await view.delete(key, options);
    },
  };
}
