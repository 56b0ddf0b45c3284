import { amazonHost } from "./amazon.js";
import { DIALECTS, type Dialect, type DialectName } from "./dialect.js";

/** A service that is recognised by the names of its servers. */
interface Vendor {
  readonly dialect: DialectName;
  /**
   * The pattern of a server's name, with the region if the name contains a region. A bucket may stand in front of the
   * name.
   */
  readonly host: RegExp;
  /** The region for which requests are signed, if the name has no region. */
  readonly region?: string;
}

/** The known vendors. Each pattern of host names follows the vendor's documentation. */
const VENDORS: readonly Vendor[] = [
  {
    dialect: "r2",
    host: /^[^.]+\.(?:(?:eu|us|fedramp)\.)?r2\.cloudflarestorage\.com$/,
    region: "auto",
  },
  { dialect: "b2", host: /^s3\.(?<region>[a-z0-9-]+)\.backblazeb2\.com$/ },
  {
    dialect: "gcs",
    host: /^storage(?:\.googleapis|-[a-z0-9-]+\.p\.googleapis|\.[a-z0-9-]+\.rep\.googleapis)\.com$/,
    region: "auto",
  },
  { dialect: "spaces", host: /^[a-z]{2,4}\d{1,2}\.digitaloceanspaces\.com$/ },
  { dialect: "wasabi", host: /^s3(?:\.(?<region>[a-z0-9-]+))?\.wasabisys\.com$/ },
];

/** The patterns of the names of other servers. Nothing else is known about these servers. */
const OTHERS: readonly RegExp[] = [
  /^s3[.-].+$/,
  /^[a-z0-9-]+\.(?:your-objectstorage|linodeobjects|vultrobjects|contabostorage)\.com$/,
  /^(?:oss|cos|obs|sos)[.-].+$/,
];

const DOMAINS: readonly (readonly [domain: RegExp, name: DialectName])[] = [
  [/\.r2\.cloudflarestorage\.com$/, "r2"],
  [/\.backblazeb2\.com$/, "b2"],
  [/\.digitaloceanspaces\.com$/, "spaces"],
  [/\.wasabisys\.com$/, "wasabi"],
];

function vendorOf(hostname: string): Vendor | undefined {
  return VENDORS.find(({ host }) => host.test(hostname));
}

/** Returns the region in the name of an endpoint, or the only region of its vendor. */
export function regionOf(endpoint: string): string | undefined {
  const { hostname } = new URL(endpoint);
  const vendor = vendorOf(hostname);
  const named = vendor?.host.exec(hostname)?.groups?.["region"];
  return amazonHost(hostname)?.region ?? named ?? vendor?.region;
}

/** Returns the dialect that belongs to the name of an endpoint. No endpoint means AWS. An unknown name means `generic`. */
export function dialectOf(endpoint: string | undefined): Dialect {
  if (endpoint === undefined) return DIALECTS.aws;
  const { hostname } = new URL(endpoint);
  if (amazonHost(hostname) !== undefined) return DIALECTS.aws;
  const found = vendorOf(hostname)?.dialect ?? DOMAINS.find(([domain]) => domain.test(hostname))?.[1];
  return DIALECTS[found ?? "generic"];
}

/** A bucket that was found in the address of a server, and the address without the bucket. */
export interface Misplaced {
  readonly bucket: string;
  readonly endpoint: string;
}

/**
 * Finds a bucket in an endpoint, either in front of the server's name or in the path. Such an endpoint is wrong, because
 * requests would contain the bucket twice.
 *
 * @param bucket - The configured bucket. If the name of the server is not known, only this bucket is found.
 */
export function bucketIn(url: URL, bucket: string): Misplaced | undefined {
  return bucketInHost(url, bucket) ?? bucketInPath(url, bucket);
}

function bucketInHost(url: URL, bucket: string): Misplaced | undefined {
  const { protocol, hostname, port } = url;
  const at = (found: string): Misplaced => {
    const rest = hostname.slice(found.length + 1);
    return { bucket: found, endpoint: `${protocol}//${rest}${port === "" ? "" : `:${port}`}` };
  };
  const amazon = amazonHost(hostname);
  if (amazon !== undefined) return amazon.bucket === undefined ? undefined : at(amazon.bucket);
  if (vendorOf(hostname) !== undefined) return undefined;
  for (let end = hostname.indexOf("."); end > 0; end = hostname.indexOf(".", end + 1)) {
    const rest = hostname.slice(end + 1);
    const front = hostname.slice(0, end);
    const isServer =
      vendorOf(rest) !== undefined || (front === bucket && OTHERS.some((host) => host.test(rest)));
    if (isServer) return at(front);
  }
  return undefined;
}

/** The path of Supabase's endpoint. The end of this path looks like the name of a bucket. */
const SUPABASE = "/storage/v1/s3";

function bucketInPath(url: URL, bucket: string): Misplaced | undefined {
  const { origin, hostname } = url;
  const path = url.pathname.replace(/\/+$/, "");
  if (path === "" || path.endsWith(SUPABASE)) return undefined;
  const own = path.includes(`${SUPABASE}/`) ? path.slice(0, path.indexOf(`${SUPABASE}/`)) + SUPABASE : "";
  const segments = path
    .slice(own.length)
    .split("/")
    .filter((segment) => segment !== "");
  const hasNoPath = own !== "" || amazonHost(hostname) !== undefined || vendorOf(hostname) !== undefined;
  const place = hasNoPath ? 0 : [0, segments.length - 1].find((index) => decoded(segments[index]) === bucket);
  if (place === undefined) return undefined;
  const kept = segments.slice(0, place).map((segment) => `/${segment}`);
  return { bucket: decoded(segments[place]) ?? bucket, endpoint: `${origin}${own}${kept.join("")}` };
}

function decoded(segment = ""): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
