// The guide pages that each package carries, so that they can be read offline.
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path/posix";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const GUIDES_OF_CORE = [
  "start",
  "choose",
  "fallback",
  "mirror",
  "split",
  "journal",
  "members",
  "operate",
  "backup",
  "paused",
  "production",
  "database",
  "testing",
  "keys",
  "bodies",
  "errors",
  "resilience",
  "expiring",
  "observability",
  "compare",
];

/** The pages by package, relative to `docs`. A folder stands for all of its pages. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  core: GUIDES_OF_CORE.map((name) => `guide/${name}.md`),
  local: ["guide/local.md", "migrate/folder.md"],
  s3: ["guide/s3.md", "guide/bucket.md", "migrate/multer-s3.md", "stores"],
  cloudinary: ["guide/cloudinary.md", "migrate/cloudinary-sdk.md"],
  journal: ["guide/journal.md", "guide/members.md", "guide/backup.md", "guide/paused.md"],
  http: ["guide/http.md", "guide/frameworks.md", "guide/http-rules.md"],
  stowage: ["guide/environment.md"],
  conformance: ["guide/write-a-provider.md", "guide/http-rules.md", "guide/testing.md"],
};

/** Returns the page of `docs` that a package carries under a path, relative to the root. */
export function carriedFrom(path: string): string | undefined {
  const [, name = "", page = ""] = /^packages\/([^/]+)\/docs\/(.+\.md)$/.exec(path) ?? [];
  const isCarried = (source: string): boolean => PAGES[name]?.some((one) => source.startsWith(one)) === true;
  return [`guide/${page}`, page].find(isCarried);
}

/** Returns the path of a page inside of a package. */
function carriedAs(page: string): string {
  return page.replace(/^guide\//, "");
}

/** Writes the pages into `docs` of each package. */
export async function writePackagePages(): Promise<void> {
  for (const [name, listed] of Object.entries(PAGES)) {
    const folder = join(ROOT, "packages", name, "docs");
    await rm(folder, { recursive: true, force: true });
    const pages = (await Promise.all(listed.map(pagesOf))).flat();
    for (const page of pages) {
      const path = join(folder, carriedAs(page));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, within(page, await readFile(join(ROOT, "docs", page), "utf8"), pages));
    }
  }
}

async function pagesOf(listed: string): Promise<readonly string[]> {
  if (listed.endsWith(".md")) return [listed];
  const names = await readdir(join(ROOT, "docs", listed));
  return names.filter((name) => name.endsWith(".md")).map((name) => `${listed}/${name}`);
}

/** Returns a page whose links stay among the pages that the package carries. Other links are plain text; drawings are left out. */
function within(page: string, text: string, pages: readonly string[]): string {
  return text
    .replaceAll(/^<p class="drawing">.*?^<\/p>\n/gms, "")
    .replaceAll(/!\[([^\]]*)\]\(\.[^)]*\)/g, "$1")
    .replaceAll(
      /\[([^\]]+)\]\((\.{1,2}\/[^)#]*)(#[^)]*)?\)/g,
      (_, words: string, path: string, anchor = "") => {
        const target = join(dirname(page), path);
        if (!pages.includes(target)) return words;
        const link = relative(dirname(carriedAs(page)), carriedAs(target));
        return `[${words}](${link.startsWith(".") ? link : `./${link}`}${anchor as string})`;
      },
    );
}
