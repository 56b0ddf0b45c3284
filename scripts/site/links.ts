// Fails for each link of a Markdown page whose file or heading does not exist.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { anchorsOf, linksOf } from "./markdown.js";
import { carriedFrom } from "./package-pages.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Lists the Markdown pages of the repository. */
function pagesOfRepository(): readonly string[] {
  const IGNORED =
    /(^|\/)(node_modules|dist|\.[^/]+|CHANGELOG\.md)(\/|$)|^docs\/(repository|reference\/api)\/|^packages\/[^/]+\/docs\//;
  const walk = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (IGNORED.test(path)) return [];
      if (entry.isDirectory()) return walk(path);
      return entry.name.endsWith(".md") ? [path] : [];
    });
  return walk(".");
}

function problemOf(page: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const asked = path === "" ? page : join(dirname(page), decodeURI(path));
  const carried = carriedFrom(asked);
  const file = join(ROOT, carried === undefined ? asked : `docs/${carried}`);
  if (!existsSync(file)) return `there is no ${relative(ROOT, file)}`;
  if (anchor === undefined || anchor === "") return undefined;
  const linked = statSync(file).isDirectory() ? join(file, "README.md") : file;
  if (!linked.endsWith(".md") || anchorsOf(readFileSync(linked, "utf8")).has(anchor)) return undefined;
  return `${relative(ROOT, linked)} has no heading "#${anchor}"`;
}

/** Returns a line for each dead link. */
export function deadLinks(): string[] {
  return pagesOfRepository().flatMap((page) =>
    linksOf(readFileSync(join(ROOT, page), "utf8")).flatMap(({ target, line }) => {
      const problem = problemOf(page, target);
      return problem === undefined ? [] : [`${page}:${line} links to ${target}: ${problem}`];
    }),
  );
}
