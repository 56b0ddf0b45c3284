// Pages that stand outside of `docs`, as pages of the site: the site has a copy of each in `docs/repository`.
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { carriedFrom } from "./package-pages.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COPIES = "docs/repository";
const SINGLE = ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md"];

/** Copies the pages into the site. */
export async function copyRepositoryPages(): Promise<void> {
  await rm(join(ROOT, COPIES), { recursive: true, force: true });
  const pages = [...SINGLE];
  for (const folder of ["packages", "examples"]) {
    for (const name of await readdir(join(ROOT, folder))) pages.push(`${folder}/${name}/README.md`);
  }
  for (const page of pages.filter((path) => existsSync(join(ROOT, path)))) {
    const copy = join(ROOT, "docs", sitePageOf(page) ?? "");
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(join(ROOT, page), copy);
  }
}

/**
 * Returns the page of the site for a file or folder of the repository.
 *
 * @param path - relative to the root of the repository
 * @returns a path relative to `docs`; `undefined` for files that the site has no page of
 */
export function sitePageOf(path: string): string | undefined {
  const [, ofDocs] = /^docs\/(.+\.md)$/.exec(path) ?? [];
  if (ofDocs !== undefined) return ofDocs;
  const carried = carriedFrom(path);
  if (carried !== undefined) return carried;
  if (path === "README.md" || path === "docs") return "index.md";
  if (path === "docs/decisions" || path === "docs/stores" || path === "docs/migrate")
    return `${path.slice("docs/".length)}/index.md`;
  const [, folder, name] = /^(packages|examples)\/([^/]+)(?:\/README\.md)?$/.exec(path) ?? [];
  if (folder !== undefined && name !== undefined) return `repository/${folder}/${name}.md`;
  if (path === "bench") return sitePageOf("bench/README.md");
  return SINGLE.includes(path) ? `repository/${path.replace("/README", "")}` : undefined;
}

/**
 * Returns the path that a page of the site has in the repository, relative to its root.
 *
 * @param page - relative to `docs`
 */
export function repositoryPathOf(page: string): string {
  const [, copied] = /^repository\/(.+)$/.exec(page) ?? [];
  if (copied === undefined) return `docs/${page}`;
  if (/^(packages|examples)\//.test(copied)) return copied.replace(/\.md$/, "/README.md");
  return copied === "bench.md" ? "bench/README.md" : copied;
}
