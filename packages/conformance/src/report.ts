import { describeProvider } from "@stowage/core/provider";
import { type StorageProvider, type Supports } from "@stowage/core";
import type { Flag, OptionalMember } from "./rule.js";

/** The declarations of a provider, as data. */
export interface SupportsReport {
  readonly name: string;
  /** The name of the factory that made the provider, from `describe()`. */
  readonly type: string;
  readonly supports: Supports;
  readonly members: Readonly<Record<ReportedMember, boolean>>;
}

type ReportedMember = Exclude<OptionalMember, "close">;

/** The title of each flag, in the order in which a table shows the flags. */
export const FLAGS: Readonly<Record<Flag, string>> = {
  range: "range reads",
  ifNoneMatch: "create-only writes",
  ifNoneMatchOnMultipart: "create-only writes of any size",
  ifMatch: "conditional writes",
  conditionalDelete: "conditional deletes",
  overwrite: "overwriting",
  metadata: "metadata",
  emptyObject: "empty objects",
  byteExact: "exact bytes",
  beforeCommit: "a last check before a write takes effect",
  list: "listings",
  orderedList: "ordered listings",
};

/** The title of each optional member, in the order in which a table shows the members. */
export const MEMBERS: Readonly<Record<ReportedMember, string>> = {
  copy: "copies without moving bytes",
  move: "moves in one step",
  deleteMany: "batch deletes",
  publicUrl: "public links",
  signedUrl: "signed links",
  signUpload: "signed uploads",
  multipart: "signed uploads in parts",
  importFrom: "import from a URL",
};

/** Collects the declarations of a provider: its flags, its limits and its optional members. */
export function supportsReport(provider: StorageProvider): SupportsReport {
  const has = (member: ReportedMember): boolean => provider[member] !== undefined;
  const names = Object.keys(MEMBERS) as ReportedMember[];
  return {
    name: provider.name,
    type: describeProvider(provider).type,
    supports: provider.supports,
    members: Object.fromEntries(names.map((name) => [name, has(name)])) as SupportsReport["members"],
  };
}

/** Renders reports as a Markdown table: a row for each feature, a column for each provider. */
export function featureTable(reports: readonly SupportsReport[]): string {
  const flags = (Object.keys(FLAGS) as Flag[]).map((flag) =>
    row(
      FLAGS[flag],
      reports.map(({ supports }) => (supports[flag] ? "yes" : "no")),
    ),
  );
  const members = (Object.keys(MEMBERS) as ReportedMember[]).map((member) =>
    row(
      MEMBERS[member],
      reports.map((report) => (report.members[member] ? "yes" : "no")),
    ),
  );
  return [
    row(
      "",
      reports.map(({ name }) => name),
    ),
    row(
      "---",
      reports.map(() => "---"),
    ),
    ...flags,
    ...members,
    row(
      "longest key",
      reports.map(({ supports }) => bytes(supports.keyBytesMax)),
    ),
    row(
      "largest object",
      reports.map(({ supports }) => bytes(supports.objectBytesMax)),
    ),
  ].join("\n");
}

function row(title: string, cells: readonly string[]): string {
  return `| ${[title, ...cells].join(" | ")} |`;
}

function bytes(count: number): string {
  return Number.isFinite(count) ? `${count.toLocaleString("en-US")} bytes` : "no limit";
}
