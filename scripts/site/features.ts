// The tables of what each provider and each composer can do.
import {
  FLAGS,
  MEMBERS,
  supportsReport,
  type SupportsReport,
} from "../../packages/conformance/src/report.js";
import {
  fallback,
  isStorageError,
  memory,
  memoryJournal,
  mirror,
  split,
  type Journal,
  type StorageProvider,
} from "../../packages/core/src/index.js";
import { cloudinary } from "../../packages/cloudinary/src/index.js";
import { local } from "../../packages/local/src/index.js";
import { s3 } from "../../packages/s3/src/index.js";
import { tableOf } from "./table.js";

type Flag = {
  [Name in keyof SupportsReport["supports"]]-?: SupportsReport["supports"][Name] extends boolean
    ? Name
    : never;
}[keyof SupportsReport["supports"]];
type Member = keyof SupportsReport["members"];
type Feature = { readonly flag: Flag } | { readonly member: Member };

/** The rows of the table, in the words of a user. */
const FEATURES: readonly (readonly [title: string, feature: Feature])[] = [
  ...(Object.entries(FLAGS) as [Flag, string][]).map(([flag, title]) => [title, { flag }] as const),
  ...(Object.entries(MEMBERS) as [Member, string][]).map(([member, title]) => [title, { member }] as const),
];

/** The rows that only the reference has: they seldom choose a store. */
const NOT_IN_README: ReadonlySet<Flag | Member> = new Set([
  "ifNoneMatchOnMultipart",
  "byteExact",
  "beforeCommit",
  "list",
  "move",
  "deleteMany",
  "importFrom",
]);

const publicBaseUrl = "https://files.example.com";

/** The providers of the table. Nothing is written to their folders, which do not exist. */
const PROVIDERS: readonly (readonly [title: string, make: () => StorageProvider])[] = [
  ["local disk", () => local({ root: "/nonexistent", publicBaseUrl })],
  ["S3 on AWS", () => s3({ bucket: "b", region: "eu-central-1", publicBaseUrl })],
  [
    "S3 on Ceph",
    () => s3({ bucket: "b", endpoint: "https://s3.example.com", dialect: "ceph", publicBaseUrl }),
  ],
  [
    "Cloudinary",
    () => cloudinary({ cloudName: "demo", apiKey: "key", apiSecret: "secret", signedUploads: "form" }),
  ],
  ["memory", () => memory()],
];

/** The words of a cell: the feature depends on the members. The page explains them. */
const WORDS = { all: "all", any: "any" } as const;

type Compose = (members: readonly [StorageProvider, StorageProvider]) => StorageProvider;

const withJournal = (): { readonly journal: Journal } => ({ journal: memoryJournal() });

const COMPOSERS: readonly (readonly [title: string, compose: Compose])[] = [
  ["`fallback`", (members) => fallback(members)],
  ["`mirror`", (members) => mirror(members)],
  ["`split`", ([from, to]) => split({ from, to, percent: 50, salt: "salt" })],
  ["`fallback` with a journal", (members) => fallback(members, withJournal())],
  ["`mirror` with a journal", (members) => mirror(members, withJournal())],
  [
    "`split` with a journal",
    ([from, to]) => split({ from, to, percent: 50, salt: "salt", ...withJournal() }),
  ],
];

function has(provider: StorageProvider, feature: Feature): boolean {
  const { supports, members } = supportsReport(provider);
  if ("flag" in feature) return supports[feature.flag];
  // A composer asks its members where the object is, under another name.
  const isAsking = feature.member === "publicUrl" && Object(provider).findPublicUrl !== undefined;
  return members[feature.member] || isAsking;
}

const unused = (): never => {
  throw new Error("A member of the table is not called");
};

/** Makes a member that says it has every feature, and may be told to lack one. */
function claiming(name: string, lacking?: Feature): StorageProvider {
  const optional = {
    move: unused,
    publicUrl: unused,
    signedUrl: unused,
    signUpload: unused,
    importFrom: unused,
  };
  const provider = { ...memory({ name }), ...optional, multipart: unused as never } as StorageProvider;
  if (lacking === undefined) return provider;
  if ("flag" in lacking) return { ...provider, supports: { ...provider.supports, [lacking.flag]: false } };
  return { ...provider, [lacking.member]: undefined };
}

/** Says when a composer has a feature, by asking it over members that have the feature and members that lack it. */
function ofComposer(compose: Compose, feature: Feature): string {
  const over = (first?: Feature, second?: Feature): boolean | undefined => {
    const members = [claiming("first", first), claiming("second", second)] as const;
    return accepts(compose, members) ? has(compose(members), feature) : undefined;
  };
  if (over() !== true) return over(feature, feature) === true ? "yes" : "no";
  const [without, mixed] = [over(feature, feature), over(undefined, feature)];
  if (without === true) return "yes";
  if (without === undefined) return "yes, and members need it";
  return mixed === true ? WORDS.any : WORDS.all;
}

function accepts(compose: Compose, members: Parameters<Compose>[0]): boolean {
  try {
    compose(members);
    return true;
  } catch (error) {
    if (isStorageError(error)) return false;
    throw error;
  }
}

type Column = readonly [title: string, cell: (feature: Feature) => string];

const single = COMPOSERS.map(([title, compose]): Column => [
  title,
  (feature) => ofComposer(compose, feature),
]);

/** One column for several composers. A cell in which they differ says so. */
function joined(title: string, columns: readonly Column[]): Column {
  return [
    title,
    (feature) => {
      const named = columns.map(
        ([name, cell]) => [name.replace(" with a journal", ""), cell(feature)] as const,
      );
      const values = [...new Set(named.map(([, value]) => value))];
      if (values.length === 1) return values[0] ?? "";
      const names = (value: string): string =>
        named.flatMap(([name, own]) => (own === value ? [name] : [])).join(", ");
      return values.map((value) => `${names(value)}: ${value}`).join("; ");
    },
  ];
}

function nameOf(feature: Feature): Flag | Member {
  return "flag" in feature ? feature.flag : feature.member;
}

/** Renders the whole table, for the reference. */
export function featureReference(): string {
  return table(FEATURES, PROVIDERS, single);
}

/** Renders the table of the README: the rows that choose a store, and one column for all composers. */
export function featureSummary(): string {
  const rows = FEATURES.filter(([, feature]) => !NOT_IN_README.has(nameOf(feature)));
  const composers = [
    joined("composers", single.slice(0, 3)),
    joined("composers with a journal", single.slice(3)),
  ];
  return table(rows, PROVIDERS.slice(0, -1), composers);
}

function table(rows: typeof FEATURES, providers: typeof PROVIDERS, composers: readonly Column[]): string {
  const made = providers.map(([, make]) => make());
  const yes = (is: boolean): string => (is ? "yes" : "no");
  const cells = rows.map(([title, feature]) => [
    title,
    ...made.map((provider) => yes(has(provider, feature))),
    ...composers.map(([, cell]) => cell(feature)),
  ]);
  const limits = [
    ["longest key", ...made.map(({ supports }) => bytes(supports.keyBytesMax))],
    ["largest object", ...made.map(({ supports }) => bytes(supports.objectBytesMax))],
  ].map((row) => [...row, ...composers.map(() => "by its members")]);
  const titles = ["", ...providers.map(([title]) => title), ...composers.map(([title]) => title)];
  return tableOf(titles, [...cells, ...limits]);
}

function bytes(count: number): string {
  if (!Number.isFinite(count)) return "no limit";
  const TIB = 2 ** 40;
  return count >= TIB ? `${Math.round(count / TIB)} TiB` : `${count.toLocaleString("en-US")} bytes`;
}
