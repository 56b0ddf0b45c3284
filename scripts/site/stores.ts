import { DIALECTS, type Dialect, type DialectName } from "../../packages/s3/src/index.js";
import { tableOf } from "./table.js";

/** A store that has a page of its own. */
interface StorePage {
  /** The name of the page in `docs/stores`, without its extension. */
  readonly page: string;
  readonly title: string;
  readonly dialect: DialectName;
  readonly tested: string;
}

const DOCUMENTS = "the vendor's documents";

/** The stores that speak the protocol of S3, in the order of the overview. */
export const STORE_PAGES: readonly StorePage[] = [
  { page: "aws", title: "AWS S3", dialect: "aws", tested: "played by a mocked SDK" },
  { page: "r2", title: "Cloudflare R2", dialect: "r2", tested: DOCUMENTS },
  { page: "b2", title: "Backblaze B2", dialect: "b2", tested: DOCUMENTS },
  { page: "gcs", title: "Google Cloud Storage", dialect: "gcs", tested: DOCUMENTS },
  { page: "minio", title: "MinIO", dialect: "minio", tested: DOCUMENTS },
  { page: "ceph", title: "Ceph", dialect: "ceph", tested: "real Ceph 16 and Ceph 20" },
  { page: "spaces", title: "DigitalOcean Spaces", dialect: "spaces", tested: DOCUMENTS },
  { page: "wasabi", title: "Wasabi", dialect: "wasabi", tested: DOCUMENTS },
  { page: "garage", title: "Garage", dialect: "generic", tested: DOCUMENTS },
  { page: "seaweedfs", title: "SeaweedFS", dialect: "generic", tested: DOCUMENTS },
  { page: "swift", title: "OpenStack Swift", dialect: "swift", tested: "real Swift 2.30" },
  { page: "hetzner", title: "Hetzner Object Storage", dialect: "generic", tested: DOCUMENTS },
  { page: "supabase", title: "Supabase Storage", dialect: "generic", tested: DOCUMENTS },
  { page: "other", title: "Any other server", dialect: "generic", tested: "by `probe`, on your server" },
];

/** Writes the table of all stores. */
export function storeTable(): string {
  const titles = [
    "store",
    "dialect",
    "known from",
    "create-only puts",
    "conditional puts",
    "conditional deletes",
    "checksum",
  ];
  return tableOf(
    titles,
    STORE_PAGES.map(({ page, title, dialect: name, tested }) => {
      const dialect = DIALECTS[name];
      return [
        `[${title}](./${page}.md)`,
        `\`${name}\``,
        tested,
        createOnly(dialect, "one part"),
        yesNo(hasIfMatch(dialect)),
        yesNo(dialect.conditionalDelete),
        dialect.checksum === "none" ? "`Content-MD5`, on request" : "CRC32",
      ];
    }),
  );
}

/** Writes the table of what a dialect keeps, for the page of a store. */
export function worksTable(name: DialectName): string {
  const dialect = DIALECTS[name];
  return tableOf(
    ["", `dialect \`${name}\``],
    [...conditionRows(dialect), ...linkRows(dialect), ...objectRows(dialect)],
  );
}

type Row = readonly [what: string, says: string];

const UNSUPPORTED = "no: `Unsupported`";
const TYPE_ERROR = "no: a `TypeError` when the provider is made";

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

/** The facade offers `ifMatch` only where the server keeps the condition for objects of any size. */
function hasIfMatch({ conditionalPut, conditionalComplete }: Dialect): boolean {
  return conditionalPut && conditionalComplete;
}

function createOnly({ conditionalPut, conditionalComplete }: Dialect, limited: string): string {
  if (!conditionalPut) return "no";
  return conditionalComplete ? "yes" : limited;
}

function createOnlyCopies({ conditionalCopy, conditionalPut }: Dialect): string {
  if (conditionalCopy) return "yes, by the server";
  return conditionalPut ? "yes, through this process: its bytes are read and put again" : UNSUPPORTED;
}

function conditionRows(dialect: Dialect): readonly Row[] {
  const limited = "yes, for bodies that fit into one part (`partSizeBytes`); a larger body is `Unsupported`";
  const puts = createOnly(dialect, limited);
  return [
    ['Create-only puts (`ifNoneMatch: "*"`)', puts === "no" ? UNSUPPORTED : puts],
    ["Conditional puts (`ifMatch`)", hasIfMatch(dialect) ? "yes" : UNSUPPORTED],
    ["Create-only copies", createOnlyCopies(dialect)],
    ["Conditional deletes (`ifMatch`)", dialect.conditionalDelete ? "yes" : UNSUPPORTED],
  ];
}

function formsOf({ postPolicy, postHeaders }: Dialect): string {
  if (!postPolicy) return "no: `Unsupported`; give `contentLength`, and the upload is a signed PUT";
  return postHeaders ? "yes" : "yes; with `cacheControl` or `contentDisposition` they are `Unsupported`";
}

function linkRows(dialect: Dialect): readonly Row[] {
  const createOnlyPut = dialect.conditionalPut ? "yes, also create-only" : "yes, but never create-only";
  return [
    ["Signed links for reading", "yes, for at most seven days"],
    ["Signed uploads by PUT", createOnlyPut],
    ["Signed uploads in parts", dialect.equalPartSizes ? "yes; all parts but the last have one size" : "yes"],
    ["Forms (POST policies, `maxBytes`)", formsOf(dialect)],
  ];
}

function tagsOf({ tags, tagsOfUploads }: Dialect): string {
  if (!tags) return TYPE_ERROR;
  return tagsOfUploads ? "yes" : "yes; after an upload in parts they are set once more";
}

/** Requests that an unknown server may ignore are sent and looked at. */
function encryptionOf({ name, encryption }: Dialect): string {
  if (name === "generic") return "asked for; when the server ignores it, the put is `Unsupported`";
  const types = encryption.map((type) => `\`${type}\``).join(", ");
  return types === "" ? TYPE_ERROR : `${types}; another type is a \`TypeError\``;
}

function classesOf({ name, storageClasses }: Dialect): string {
  if (name === "generic") return 'asked for; when the server ignores it, an event `"ignored"` reports that';
  return storageClasses ? "yes" : TYPE_ERROR;
}

function aclsOf({ name, acl }: Dialect): string {
  if (name === "generic") return "sent; the answer of the server decides";
  return acl ? "yes" : "no: anything but `private` is a `TypeError`";
}

function objectRows(dialect: Dialect): readonly Row[] {
  const { checksum, lock } = dialect;
  const withoutOwn = "none by default; `objects.checksum` sends `Content-MD5` with each body";
  return [
    [
      "Checksum of bodies",
      checksum === "none" ? withoutOwn : "CRC32 by default; `objects.checksum` chooses another",
    ],
    ["Batch deletes", dialect.deletesWithMd5 ? "yes, with `Content-MD5`" : "yes"],
    ["Tags", tagsOf(dialect)],
    ["Access lists", aclsOf(dialect)],
    ["Storage classes", classesOf(dialect)],
    ["Encryption on request", encryptionOf(dialect)],
    ["Object lock", lock ? "yes" : TYPE_ERROR],
    ["Versions", "`objectVersion` reaches them, if the bucket keeps versions; no dialect says that"],
  ];
}
