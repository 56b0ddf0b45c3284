/** One of Amazon's separate clouds. The regions of one cloud cannot reach the buckets of the other clouds. */
interface Partition {
  /** The name of the partition in ARNs. */
  readonly name: string;
  readonly regions: RegExp;
  readonly domain: string;
}

const AWS: Partition = { name: "aws", regions: /^/, domain: "amazonaws.com" };

/**
 * The partitions. The last partition contains all regions that are in no other partition.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/s3.html
 */
const PARTITIONS: readonly Partition[] = [
  { name: "aws-cn", regions: /^cn-/, domain: "amazonaws.com.cn" },
  { name: "aws-eusc", regions: /^eusc-/, domain: "amazonaws.eu" },
  { name: "aws-us-gov", regions: /^us-gov-/, domain: "amazonaws.com" },
  { name: "aws-iso", regions: /^us-iso-/, domain: "c2s.ic.gov" },
  { name: "aws-iso-b", regions: /^us-isob-/, domain: "sc2s.sgov.gov" },
  { name: "aws-iso-e", regions: /^eu-isoe-/, domain: "cloud.adc-e.uk" },
  { name: "aws-iso-f", regions: /^us-isof-/, domain: "csp.hci.ic.gov" },
  AWS,
];

/** Returns the partition of a region. Without a region, returns the partition to which most regions belong. */
export function partitionOf(region = ""): Partition {
  return PARTITIONS.find(({ regions }) => regions.test(region)) ?? AWS;
}

/** The parts of the name of one of Amazon's S3 servers. */
export interface AmazonHost {
  /** The bucket in front of the server's own name. */
  readonly bucket: string | undefined;
  readonly region: string | undefined;
  readonly domain: string;
}

const REGION = String.raw`(?<region>[a-z]{2,4}(?:-[a-z]+)+-\d+)`;
const DOMAINS = [...new Set(PARTITIONS.map(({ domain }) => domain.replaceAll(".", String.raw`\.`)))];
const DOMAIN = `(?<domain>${DOMAINS.join("|")})`;

/**
 * Patterns for the names of S3 servers. They cover every form of a region, FIPS, dual-stack, acceleration, directory
 * buckets, access points and VPC endpoints. Other hosts in Amazon's domains, such as load balancers, do not match.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/s3.html
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
 */
const HOSTS: readonly RegExp[] = [
  String.raw`(?:bucket|accesspoint|control)\.vpce-[a-z0-9-]+\.s3\.${REGION}\.vpce\.${DOMAIN}`,
  String.raw`s3express-[a-z0-9-]+\.${REGION}\.${DOMAIN}`,
  String.raw`s3-accesspoint(?:-fips)?(?:\.dualstack)?\.${REGION}\.${DOMAIN}`,
  String.raw`s3(?:-fips)?(?:\.dualstack\.|[.-])${REGION}\.${DOMAIN}`,
  String.raw`s3(?:-external-1|-accelerate(?:\.dualstack)?)?\.${DOMAIN}`,
].map((name) => new RegExp(String.raw`^(?:(?<bucket>.+)\.)?${name}$`));

/** Reads the name of a host. Returns `undefined` if the host is not one of Amazon's S3 servers. */
export function amazonHost(hostname: string): AmazonHost | undefined {
  for (const pattern of HOSTS) {
    const found = pattern.exec(hostname)?.groups;
    if (found === undefined) continue;
    const { bucket, region, domain = AWS.domain } = found;
    return { bucket, region, domain };
  }
  return undefined;
}

/** The settings that choose one of a region's addresses. */
export interface AmazonAddress {
  readonly region: string | undefined;
  readonly accelerate: boolean;
  readonly dualstack: boolean;
  readonly fips: boolean;
}

/**
 * Returns the name of Amazon's server, by the rules of the SDK. Without a region, returns the name of the global
 * server.
 */
export function amazonServer({ region, accelerate, dualstack, fips }: AmazonAddress): string {
  const { domain } = partitionOf(region);
  const stack = dualstack ? ".dualstack" : "";
  if (accelerate) return `s3-accelerate${stack}.${domain}`;
  if (region === undefined || region === "aws-global") return `s3.${domain}`;
  return `s3${fips ? "-fips" : ""}${stack}.${region}.${domain}`;
}
