// What a page of the guide has its reader do: files to write, commands to run, and what they print.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const GUIDES = fileURLToPath(new URL("../../docs/guide/", import.meta.url));

/** Where the members of a page keep their objects. */
export type Variant = "folders" | "buckets";

/** One block of a page that its reader acts upon. */
export interface Block {
  /** The section that the block stands in. */
  readonly heading: string;
  /** A file to be written, commands of a shell, or the output of the commands before. */
  readonly kind: "file" | "commands" | "output";
  /** The name of the file. */
  readonly name: string;
  /** For which members the block is; absent when it is for all. */
  readonly variant: Variant | undefined;
  readonly text: string;
}

const FENCE = /^```(js|sh|text)(?: ([\w.-]+\.mjs))?(?: \((folders|buckets)\))?\n(.*?)^```$/gms;

/** Reads the blocks of a page, in their order. Blocks of TypeScript are examples that run by themselves. */
export async function readPage(page: string): Promise<readonly Block[]> {
  const text = await readFile(`${GUIDES}${page}`, "utf8");
  return [...text.matchAll(FENCE)].map((match): Block => {
    const [, language, name = "", variant, code = ""] = match;
    const kind = language === "js" ? "file" : language === "sh" ? "commands" : "output";
    const heading = /^##+ (.*)$/gm;
    const headings = [...text.slice(0, match.index).matchAll(heading)].map(([, title = ""]) => title);
    return {
      heading: headings.at(-1) ?? "",
      kind,
      name,
      variant: variant as Variant | undefined,
      text: code,
    };
  });
}
