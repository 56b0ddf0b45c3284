import type { Asset } from "./assets.js";

/** The copies of delivered assets. They stay until they are invalidated, so they can be stale, as on the real CDN. */
export interface Cdn {
  readonly find: (url: string) => Asset | undefined;
  readonly keep: (url: string, asset: Asset) => void;
  /** Forgets the copies whose URLs have no version, or the version `v1`. Copies whose URLs have other versions stay. */
  readonly invalidate: (asset: Asset) => void;
}

export function createCdn(): Cdn {
  const copies = new Map<string, Asset>();
  return {
    find: (url) => copies.get(url),
    keep: (url, asset) => void copies.set(url, asset),
    invalidate: ({ assetId }) => {
      for (const [url, copy] of copies) {
        const version = /\/v(\d+)\//.exec(url)?.[1];
        if (copy.assetId === assetId && (version === undefined || version === "1")) copies.delete(url);
      }
    },
  };
}
