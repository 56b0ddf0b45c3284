import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { DefaultTheme } from "vitepress";

type Entry = readonly [text: string, path: string];

const GUIDE: readonly (readonly [title: string, pages: readonly Entry[]])[] = [
  [
    "Begin",
    [
      ["Start in five minutes", "guide/start"],
      ["Which composer do I want?", "guide/choose"],
      ["Recipes for your framework", "guide/frameworks"],
      ["Bring your database rows", "guide/database"],
      ["Test your application", "guide/testing"],
      ["Compared with others", "guide/compare"],
      ["Demos", "guide/demos"],
    ],
  ],
  [
    "Use",
    [
      ["Bodies", "guide/bodies"],
      ["Keys", "guide/keys"],
      ["Errors", "guide/errors"],
      ["HTTP", "guide/http"],
      ["Environment variables", "guide/environment"],
      ["Objects that expire", "guide/expiring"],
    ],
  ],
  [
    "Combine",
    [
      ["Fallback chains", "guide/fallback"],
      ["Mirrors", "guide/mirror"],
      ["Splits", "guide/split"],
      ["Journals", "guide/journal"],
      ["Slow and dead members", "guide/resilience"],
    ],
  ],
  [
    "Stores",
    [
      ["Local disk", "guide/local"],
      ["S3", "guide/s3"],
      ["Cloudinary", "guide/cloudinary"],
      ["Set a bucket up", "guide/bucket"],
    ],
  ],
  [
    "Run",
    [
      ["Before production", "guide/production"],
      ["Operate", "guide/operate"],
      ["Change members", "guide/members"],
      ["Back up and restore", "guide/backup"],
      ["Paused machines", "guide/paused"],
      ["Events, metrics, health", "guide/observability"],
    ],
  ],
  [
    "Build on it",
    [
      ["Write a provider", "guide/write-a-provider"],
      ["Rules for file servers", "guide/http-rules"],
    ],
  ],
];

const REFERENCE: readonly Entry[] = [
  ["What is where", "reference/index"],
  ["Features of each provider", "reference/features"],
  ["Promises", "reference/promises"],
  ["Functions and types", "reference/api/index"],
];

const DOCS = fileURLToPath(new URL("..", import.meta.url));

function group(text: string, pages: readonly Entry[], collapsed?: boolean): DefaultTheme.SidebarItem {
  const items = pages.map(([title, path]) => ({ text: title, link: `/${path}` }));
  return collapsed === undefined ? { text, items } : { text, items, collapsed };
}

/** Lists the pages of a folder by their titles, its index first. */
function folder(path: string): Entry[] {
  const names = readdirSync(`${DOCS}${path}`).filter((name) => name.endsWith(".md"));
  const rank = (name: string): string => (name === "index.md" ? "" : name);
  return names
    .toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .map((name) => {
      const [, title = name] = /^# (.+)$/m.exec(readFileSync(`${DOCS}${path}/${name}`, "utf8")) ?? [];
      return [title.replaceAll("`", ""), `${path}/${name.replace(/\.md$/, "")}`];
    });
}

/** Makes the list of pages at the side of the site. */
export function sidebar(): DefaultTheme.SidebarItem[] {
  return [
    ...GUIDE.map(([title, pages]) => group(title, pages, false)),
    group("Pages for each S3 store", folder("stores"), true),
    group("Come from another library", folder("migrate"), true),
    group("Reference", REFERENCE, false),
    group("Internals", [...folder("internals"), ["Architecture", "repository/ARCHITECTURE"]], true),
    group("Packages", folder("repository/packages"), true),
    group("Examples", folder("repository/examples"), true),
    group("Decisions", folder("decisions"), true),
  ];
}
