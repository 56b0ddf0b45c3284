import { isUtf8 } from "node:buffer";
import fs from "node:fs";
import { inFolder } from "./directories.js";
import type { Root } from "./opened-root.js";

/** An entry of a folder. If the name is not UTF-8, `problem` says why the entry is not an object. */
export interface ForeignName {
  readonly name: string;
  readonly isFolder: boolean;
  readonly problem: string | undefined;
}

/**
 * Reads a folder, and returns each entry whose name is not valid UTF-8 or contains the character that Node puts in the
 * place of invalid bytes.
 */
export async function foreignNames({ directories }: Root, folder: string): Promise<readonly ForeignName[]> {
  const entries = await inFolder(directories, folder, false, ({ start }) =>
    fs.promises.readdir(start, { withFileTypes: true, encoding: "buffer" }),
  );
  return entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => ({ bytes: entry.name, name: entry.name.toString(), isFolder: entry.isDirectory() }))
    .filter(({ name }) => name.includes("\uFFFD"))
    .map(({ bytes, name, isFolder }) => ({
      name,
      isFolder,
      problem: isUtf8(bytes) ? undefined : `its name is not UTF-8: ${escaped(bytes)}`,
    }));
}

/** Returns a name in which every byte that is not a printable ASCII character is written in the form `\xE9`. */
function escaped(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("latin1")
    .replaceAll(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
