import { decodeKeyPath, encodeKeyPath, keyProblem, type Located } from "@stowage/core/provider";

/** Where keys are, as texts. */
export interface Places {
  readonly ref: (key: string) => string;
  /** Below the address that was given for it, else the bucket's own. */
  readonly publicUrl: (key: string) => string;
  readonly hasPublicBase: boolean;
  readonly locate: (text: string) => Located | undefined;
}

export interface PlacesOptions {
  readonly provider: string;
  readonly bucket: string;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly publicEndpoint: string | undefined;
  readonly publicBaseUrl: string | undefined;
  /** Whether the bucket is in the path. */
  readonly forcePathStyle: boolean;
}

export function createPlaces(options: PlacesOptions): Places {
  const { provider, bucket, region, publicBaseUrl } = options;
  const base = publicBaseUrl?.replace(/\/$/, "");
  const isAmazon = options.endpoint === undefined;
  const endpoints = [options.endpoint, options.publicEndpoint]
    .filter((endpoint) => endpoint !== undefined)
    .map((endpoint) => new URL(endpoint));
  const ref = (key: string): string => `s3://${bucket}/${encodeKeyPath(key)}`;
  const located = (key: string | undefined): Located | undefined =>
    key === undefined || keyProblem(key) !== undefined ? undefined : { key, provider, ref: ref(key) };
  return {
    ref,
    publicUrl: (key) => `${base ?? bucketUrl(options)}/${encodeKeyPath(key)}`,
    hasPublicBase: base !== undefined,
    locate: (text) => {
      const scheme = `s3://${bucket}/`;
      if (text.startsWith(scheme)) return located(keyOf(text.slice(scheme.length)));
      if (base !== undefined && text.startsWith(`${base}/`))
        return located(decodeKeyPath(text.slice(base.length + 1)));
      const url = URL.canParse(text) ? new URL(text) : undefined;
      const path = url && pathInBucket(url, { bucket, region, endpoints, isAmazon });
      return located(path === undefined ? undefined : decodeKeyPath(path));
    },
  };
}

/** Where the server itself serves the bucket. */
function bucketUrl({ bucket, region, endpoint, publicEndpoint, forcePathStyle }: PlacesOptions): string {
  const server = publicEndpoint ?? endpoint;
  if (server === undefined) {
    return `https://${bucket}.s3${region === undefined ? "" : `.${region}`}.amazonaws.com`;
  }
  const url = new URL(server);
  if (!forcePathStyle) url.host = `${bucket}.${url.host}`;
  return `${url.href.replace(/\/$/, "")}${forcePathStyle ? `/${bucket}` : ""}`;
}

/** Other tools write `s3://` with the key as it is: a percent sign that encodes nothing is one. */
function keyOf(path: string): string | undefined {
  return decodeKeyPath(path) ?? path;
}

interface Bucket {
  readonly bucket: string;
  readonly region: string | undefined;
  readonly endpoints: readonly URL[];
  readonly isAmazon: boolean;
}

/** The rest of a URL's path below this bucket, in either of the two styles. */
function pathInBucket({ protocol, host, pathname }: URL, own: Bucket): string | undefined {
  if (protocol !== "https:" && protocol !== "http:") return undefined;
  const virtual = `${own.bucket}.`;
  if (host.startsWith(virtual) && isServer(host.slice(virtual.length), own)) return pathname.slice(1);
  const prefix = `/${encodeKeyPath(own.bucket)}/`;
  return isServer(host, own) && pathname.startsWith(prefix) ? pathname.slice(prefix.length) : undefined;
}

/** Amazon's hosts. @see https://docs.aws.amazon.com/general/latest/gr/s3.html */
const AMAZON = /^s3(?:[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?$/;
const AMAZON_OTHER = /^s3(?:-accelerate(?:\.dualstack)?|\.dualstack\.[a-z0-9-]+)\.amazonaws\.com$/;

function isServer(host: string, { endpoints, isAmazon, region }: Bucket): boolean {
  if (endpoints.some((endpoint) => host === endpoint.host)) return true;
  if (!isAmazon) return false;
  if (AMAZON_OTHER.test(host)) return true;
  const found = AMAZON.exec(host);
  // A bucket's name is one in all regions, so an old URL without the region, or with none known, is ours too.
  return found !== null && (found[1] === undefined || region === undefined || found[1] === region);
}
