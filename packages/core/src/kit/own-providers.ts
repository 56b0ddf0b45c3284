import type { StorageProvider } from "../contract/provider.js";

/** A provider, or a storage that was made from a provider. */
export type ProviderOrStorage = StorageProvider | { readonly provider: StorageProvider };

/** The data that a factory stores for each provider that it has made. Functions that take such a provider use this data. */
export interface OwnProviders<Own> {
  readonly remember: (provider: StorageProvider, own: Own) => StorageProvider;
  readonly find: (provider: StorageProvider) => Own | undefined;
  /**
   * Returns the data of a provider. @throws TypeError if the factory has not made the provider, or if the provider is wrapped.
   */
  readonly require: (given: ProviderOrStorage, caller: string) => Own;
}

/**
 * Makes the data store for the providers of one factory.
 *
 * @param factory - The name of the factory, for the message: `"s3()"`.
 */
export function ownProviders<Own>(factory: string): OwnProviders<Own> {
  const known = new WeakMap<StorageProvider, Own>();
  return {
    remember: (provider, own) => {
      known.set(provider, own);
      return provider;
    },
    find: (provider) => known.get(provider),
    require: (given, caller) => {
      const own = known.get("provider" in given ? given.provider : given);
      if (own !== undefined) return own;
      throw new TypeError(
        `${caller} needs the provider that ${factory} returned, without a wrapper around it`,
      );
    },
  };
}
