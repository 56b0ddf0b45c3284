import { dirname, join, relative } from "node:path/posix";
import type { MarkdownRenderer } from "vitepress";
import { repositoryPathOf, sitePageOf } from "../../scripts/site/repository-pages.js";

type Token = ReturnType<MarkdownRenderer["parse"]>[number];

/** Returns where a link of a page leads on the site; `undefined` when the site has no page for its target. */
function onSite(page: string, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  if (path === "" || /^[a-z]+:/.test(path)) return target;
  const asked = join(dirname(repositoryPathOf(page)), path).replace(/\/$/, "");
  const found = sitePageOf(asked);
  if (found === undefined) return undefined;
  return `/${found}${anchor === undefined ? "" : `#${anchor}`}`;
}

function mendImage(token: Token, page: string): void {
  const source = token.attrGet("src") ?? "";
  if (/^[a-z]+:/.test(source)) return;
  const file = join(dirname(repositoryPathOf(page)), source);
  const path = relative(dirname(join("docs", page)), file);
  token.attrSet("src", path.startsWith(".") ? path : `./${path}`);
}

/** Leads links of the repository to pages of the site. A link to a file of another kind becomes plain text. */
export function linkPlugin(md: MarkdownRenderer): void {
  md.core.ruler.push("links-of-the-repository", ({ tokens, env }) => {
    const { relativePath: page } = env as { relativePath?: string };
    if (page === undefined || page.startsWith("reference/api/")) return;
    for (const { children } of tokens) mendInline(children ?? [], page);
  });
}

function mendInline(tokens: readonly Token[], page: string): void {
  let isDropped = false;
  for (const token of tokens) {
    if (token.type === "image") mendImage(token, page);
    if (token.type === "link_open") isDropped = !mendLink(token, page);
    if (token.type === "link_close" && isDropped) drop(token);
  }
}

/** Gives a link its target on the site. Returns `false` for a link that has none, and takes it away. */
function mendLink(token: Token, page: string): boolean {
  const target = onSite(page, token.attrGet("href") ?? "");
  if (target === undefined) drop(token);
  else token.attrSet("href", target);
  return target !== undefined;
}

/** Turns a token of a link into empty text. */
function drop(token: Token): void {
  Object.assign(token, { type: "text", tag: "", content: "", nesting: 0, attrs: null });
}

const COMPILED = /^(guide|stores|migrate|index)/;

/** Marks the code of guides, so that the site compiles it and shows types. Parts that are generated from files are compiled elsewhere. */
export function codePlugin(md: MarkdownRenderer): void {
  md.core.ruler.push("code-to-compile", ({ tokens, env }) => {
    const { relativePath: page } = env as { relativePath?: string };
    if (page === undefined || !COMPILED.test(page)) return;
    let isGenerated = false;
    for (const token of tokens) {
      const [, end] =
        /^<!-- (\/?)[a-z-]+ -->\s*$/.exec(token.type === "html_block" ? token.content : "") ?? [];
      if (end !== undefined) isGenerated = end === "";
      if (token.type === "fence" && /^ts\b/.test(token.info) && !isGenerated) token.info += " twoslash";
    }
  });
}
