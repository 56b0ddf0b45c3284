import { readFile, readdir, writeFile } from "node:fs/promises";
import { HTTP_RULES, SIGNATURE_RULES } from "../packages/conformance/src/http.js";
import { RULE_GROUPS } from "../packages/conformance/src/rules.js";
import { ERROR_CODES } from "../packages/core/src/index.js";
import { DIALECTS, type Dialect } from "../packages/s3/src/index.js";
import { eventTable, variableTable } from "./site/declarations.js";
import { featureReference, featureSummary } from "./site/features.js";
import { fileBlock, fileTabs } from "./site/files.js";
import { deadLinks } from "./site/links.js";
import { optionTables } from "./site/options.js";
import { promiseReference, promiseTable } from "./site/promises.js";
import { STORE_PAGES, storeTable, worksTable } from "./site/stores.js";
import { tableOf } from "./site/table.js";

/**
 * Writes the parts of the documentation that are made of the code, such as the tables of errors and of features, and says which links are dead.
 * With `--check` it writes nothing, and fails when a part is not up to date.
 */
const MOVES_ON = { yes: "yes", never: "never", reads: "reads only", option: "only by `fallbackOn`" } as const;

function errorTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { when, applied, retryable, movesOn }]) => [
    `\`${code}\``,
    when,
    applied,
    retryable ? "yes" : "no",
    MOVES_ON[movesOn],
  ]);
  return tableOf(["code", "when", "applied", "retryable", "moves a chain on"], rows);
}

function httpRuleList(): string {
  const list = (rules: readonly { readonly title: string }[]): string =>
    rules.map(({ title }) => `- ${title}`).join("\n");
  return `**File servers**\n\n${list(HTTP_RULES)}\n\n**Signed links**\n\n${list(SIGNATURE_RULES)}`;
}

function ruleList(): string {
  const groups = RULE_GROUPS.map(({ title, rules }) => {
    const list = rules.map((rule) => `- ${rule.title}`).join("\n");
    const count = `${rules.length} ${rules.length === 1 ? "rule" : "rules"}`;
    return `### ${title}\n\n<details>\n<summary>${count}</summary>\n\n${list}\n\n</details>`;
  });
  return groups.join("\n\n");
}

const DIALECT_COLUMNS: readonly (readonly [title: string, cell: (dialect: Dialect) => string | boolean])[] = [
  ["create-only puts", ({ conditionalPut }) => conditionalPut],
  ["of objects in parts too", ({ conditionalComplete }) => conditionalComplete],
  ["conditional puts", ({ conditionalPut, conditionalComplete }) => conditionalPut && conditionalComplete],
  ["conditional deletes", ({ conditionalDelete }) => conditionalDelete],
  ["create-only copies on the server", ({ conditionalCopy }) => conditionalCopy],
  ["checksum", ({ checksum }) => (checksum === "none" ? "no" : "CRC32")],
  ["batch deletes need Content-MD5", ({ deletesWithMd5 }) => deletesWithMd5],
  ["ACLs of objects", ({ acl }) => acl],
  ["tags", ({ tags }) => tags],
  ["forms", ({ postPolicy }) => postPolicy],
  ["forms keep headers", ({ postHeaders }) => postHeaders],
  ["encryption on request", ({ encryption }) => encryption.join(", ") || "no"],
  ["storage classes", ({ storageClasses }) => storageClasses],
];

function dialectTable(): string {
  const inWords = (cell: string | boolean): string => (typeof cell === "string" ? cell : cell ? "yes" : "no");
  const rows = Object.values(DIALECTS).map((dialect) => [
    `\`${dialect.name}\``,
    ...DIALECT_COLUMNS.map(([, cell]) => inWords(cell(dialect))),
  ]);
  return tableOf(["dialect", ...DIALECT_COLUMNS.map(([title]) => title)], rows);
}

async function fill(path: string, marker: string, content: string): Promise<boolean> {
  const file = new URL(`../${path}`, import.meta.url);
  const before = await readFile(file, "utf8");
  const block = new RegExp(`(<!-- ${marker} -->).*(<!-- /${marker} -->)`, "s");
  if (!block.test(before)) throw new Error(`${path} has no part between <!-- ${marker} --> and its end`);
  const after = before.replace(block, (_, start: string, end: string) => `${start}\n\n${content}\n\n${end}`);
  if (after === before) return true;
  if (!process.argv.includes("--check")) await writeFile(file, after);
  return false;
}

const OPTIONS = [
  {
    page: "docs/guide/s3.md",
    marker: "s3-options",
    file: "packages/s3/src/s3-options.ts",
    name: "S3Options",
  },
  {
    page: "docs/guide/s3.md",
    marker: "s3-object-options",
    file: "packages/s3/src/server/object-options.ts",
    name: "ObjectOptions",
  },
  {
    page: "docs/guide/cloudinary.md",
    marker: "cloudinary-options",
    file: "packages/cloudinary/src/cloudinary-options.ts",
    name: "CloudinaryOptions",
  },
  {
    page: "docs/guide/local.md",
    marker: "local-options",
    file: "packages/local/src/local.ts",
    name: "LocalOptions",
  },
] as const;

async function fillOptions(): Promise<boolean> {
  const same: boolean[] = [];
  for (const [index, table] of optionTables(OPTIONS).entries()) {
    const { page = "", marker = "" } = OPTIONS[index] ?? {};
    same.push(await fill(page, marker, table));
  }
  return !same.includes(false);
}

async function fillStores(): Promise<boolean> {
  const same = [await fill("docs/stores/index.md", "stores", storeTable())];
  for (const { page, dialect } of STORE_PAGES)
    same.push(await fill(`docs/stores/${page}.md`, "works", worksTable(dialect)));
  return !same.includes(false);
}

const FRAMEWORKS = ["Express", "Fastify", "Koa", "Hono", "Next", "Nest", "node:http"] as const;

async function fillFiles(): Promise<boolean> {
  const recipes = FRAMEWORKS.map((title) => {
    const name = title === "node:http" ? "node" : title.toLowerCase();
    return [title, `examples/http-recipes/src/${name}.ts`] as const;
  });
  const same = [
    await fill("docs/guide/frameworks.md", "frameworks", await fileTabs(recipes)),
    await fill(
      "docs/guide/frameworks.md",
      "session",
      await fileBlock(["session.ts", "examples/http-recipes/src/session.ts"]),
    ),
  ];
  for (const name of ["app", "server", "app.test"]) {
    const shown = await fileBlock([`${name}.ts`, `examples/first-upload/src/${name}.ts`]);
    same.push(await fill("docs/guide/start.md", `start-${name.replace(".", "-")}`, shown));
  }
  return !same.includes(false);
}

/** Lists the decisions by number, with their titles. */
async function decisionList(): Promise<string> {
  const folder = new URL("../docs/decisions/", import.meta.url);
  const names = (await readdir(folder)).filter((name) => /^\d{4}-/.test(name)).toSorted();
  const lines = names.map(async (name) => {
    const [, title = name] = /^# (.+)$/m.exec(await readFile(new URL(name, folder), "utf8")) ?? [];
    return `- [${title}](./${name})`;
  });
  return (await Promise.all(lines)).join("\n");
}

const same = [
  await fill("docs/decisions/index.md", "decisions", await decisionList()),
  await fill("README.md", "features", featureSummary()),
  await fill("docs/reference/features.md", "features", featureReference()),
  await fill("docs/reference/promises.md", "promises", promiseReference()),
  await fill("docs/guide/journal.md", "promises", promiseTable()),
  await fill("docs/guide/observability.md", "events", eventTable()),
  await fill("docs/guide/environment.md", "variables", variableTable()),
  await fillFiles(),
  await fillOptions(),
  await fillStores(),
  await fill("docs/guide/errors.md", "errors", errorTable()),
  await fill("docs/guide/s3.md", "dialects", dialectTable()),
  await fill("docs/guide/write-a-provider.md", "rules", ruleList()),
  await fill("docs/guide/http-rules.md", "http-rules", httpRuleList()),
];
const problems = deadLinks();
if (process.argv.includes("--check") && same.includes(false))
  problems.push("The documentation is behind the code: run `npx -y pnpm@12 run docs`");
for (const problem of problems) process.stdout.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
