// Blocks of code that a page shows as they stand in a file. The files have tests of their own.
import { readFile } from "node:fs/promises";

/** A file that a page shows: the title of its block, and its path in the repository. */
export type ShownFile = readonly [title: string, path: string];

/** Returns a block with the text of a file. The word `typescript` sets it apart from blocks with `ts`, which run by themselves. */
export async function fileBlock([title, path]: ShownFile): Promise<string> {
  const code = await readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  return `\`\`\`typescript [${title}]\n${code.trimEnd()}\n\`\`\``;
}

/** Returns a group of tabs, one for each file. */
export async function fileTabs(files: readonly ShownFile[]): Promise<string> {
  return `::: code-group\n\n${(await Promise.all(files.map(fileBlock))).join("\n\n")}\n\n:::`;
}
