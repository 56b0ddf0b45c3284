import { StorageError, decodeKeyPath, encodeKeyPath, keyProblem, type Located } from "@stowage/core/provider";
import { bucketAddress } from "./server/address.js";
import { amazonHost, partitionOf } from "./server/amazon.js";
import type { Server } from "./server/server.js";

/** The functions that turn a key into a ref or a link, and a ref or a link back into a key. */
export interface Places {
  readonly ref: (key: string) => string;
  /**
   * Returns a link that begins with `publicBaseUrl`. Without `publicBaseUrl`, the link begins with the bucket's own
   * address, as a signed link does.
   *
   * @throws StorageError `Misconfigured` while the server of the caller's client is still unknown.
   */
  readonly publicUrl: (key: string) => string;
  readonly hasPublicBase: boolean;
  readonly locate: (text: string) => Located | undefined;
}

export interface PlacesOptions {
  readonly provider: string;
  readonly bucket: string;
  readonly server: () => Server;
  readonly publicEndpoint: string | undefined;
  readonly publicBaseUrl: string | undefined;
}

export function createPlaces(options: PlacesOptions): Places {
  const { provider, bucket, publicBaseUrl } = options;
  const base = publicBaseUrl?.replace(/\/$/, "");
  const ref = (key: string): string => `s3://${bucket}/${encodeKeyPath(key)}`;
  const located = (key: string | undefined): Located | undefined =>
    key === undefined || keyProblem(key) !== undefined ? undefined : { key, provider, ref: ref(key) };
  return {
    ref,
    publicUrl: (key) => `${base ?? bucketUrl(options, key)}/${encodeKeyPath(key)}`,
    hasPublicBase: base !== undefined,
    locate: (text) => {
      const scheme = `s3://${bucket}/`;
      if (text.startsWith(scheme)) return located(keyOf(text.slice(scheme.length)));
      if (base !== undefined && text.startsWith(`${base}/`))
        return located(decodeKeyPath(text.slice(base.length + 1)));
      const url = URL.canParse(text) ? new URL(text) : undefined;
      const path = url && pathInBucket(url, options);
      return located(path === undefined ? undefined : decodeKeyPath(path));
    },
  };
}

/** Returns the URL at which the server itself serves the bucket. */
function bucketUrl({ provider, bucket, server, publicEndpoint }: PlacesOptions, key: string): string {
  const known = server();
  const endpoint = publicEndpoint ?? known.endpoint;
  if (endpoint === undefined && !known.isKnown) {
    const reason = "the endpoint of the client is not known yet: give publicBaseUrl or endpoint";
    throw new StorageError("Misconfigured", reason, { operation: "publicUrl", provider, key });
  }
  return bucketAddress({ ...known, endpoint }, bucket).href.replace(/\/$/, "");
}

/**
 * Returns the key in the path of an `s3://` text. Other tools do not encode the key. So if the path cannot be decoded, the path
 * itself is the key.
 */
function keyOf(path: string): string | undefined {
  return decodeKeyPath(path) ?? path;
}

/** Returns the part of a URL's path that follows this bucket. The URL may name the bucket in its host or in its path. */
function pathInBucket(url: URL, { bucket, server, publicEndpoint }: PlacesOptions): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  const known = server();
  for (const endpoint of [known.endpoint, publicEndpoint]) {
    const path = endpoint === undefined ? undefined : pathAtServer(url, new URL(endpoint), bucket);
    if (path !== undefined) return path;
  }
  return isAmazons(known) ? pathAtAmazon(url, known, bucket) : undefined;
}

/** Returns the part of a URL's path that follows the server's own path and the bucket. */
function pathAtServer({ host, pathname }: URL, server: URL, bucket: string): string | undefined {
  const own = server.pathname.replace(/\/$/, "");
  if (host === `${bucket}.${server.host}`) return below(pathname, `${own}/`);
  return host === server.host ? below(pathname, `${own}/${encodeKeyPath(bucket)}/`) : undefined;
}

function below(path: string, prefix: string): string | undefined {
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
}

function isAmazons({ endpoint, isKnown }: Server): boolean {
  if (endpoint === undefined) return isKnown;
  return amazonHost(new URL(endpoint).hostname) !== undefined;
}

/**
 * Returns the path below the bucket in a URL of one of Amazon's servers. The name of a bucket is unique in all regions
 * of a partition, so an old URL without a region also belongs to this bucket.
 */
function pathAtAmazon({ hostname, pathname }: URL, { region }: Server, bucket: string): string | undefined {
  const found = amazonHost(hostname);
  if (found === undefined) return undefined;
  if (region !== undefined) {
    if (found.region !== undefined && found.region !== region) return undefined;
    if (found.domain !== partitionOf(region).domain) return undefined;
  }
  if (found.bucket !== undefined) return found.bucket === bucket ? pathname.slice(1) : undefined;
  return below(pathname, `/${encodeKeyPath(bucket)}/`);
}
