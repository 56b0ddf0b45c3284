import { PageBuilder, contentTypeOf, unpackKeyCursor, type ListOptions, type ListPage } from "@stowage/core";
import { listedInfo, type Disk } from "./disk.js";
import { toLocalError, type FailureContext } from "./errors.js";
import type { BigIntStats } from "node:fs";
import { isMissing } from "./get.js";
import type { Root } from "./root.js";
import { inFolder } from "./directories.js";
import { lstat } from "./system.js";
import { walk, type WalkedFile } from "./walk.js";

/** How many files are asked for their facts at once. */
const STATS_AT_ONCE = 64;

export async function listObjects(disk: Disk, options: ListOptions): Promise<ListPage> {
  const context: FailureContext = { operation: "list", provider: disk.name, key: options.prefix };
  options.signal?.throwIfAborted();
  const after = unpackKeyCursor(options, disk.name);
  for (;;) {
    const root = await disk.root.open(context);
    try {
      const page = await listOnce(disk, root, options, after);
      // An empty page of a root that has gone is not an answer.
      const isEmpty = page.objects.length === 0 && page.prefixes.length === 0;
      if (!isEmpty || !(await disk.root.confirm(root, context))) return page;
    } catch (error) {
      if (!isMissing(error)) throw toLocalError(error, context);
      // The root is there, and no object was ever put into it.
      if (!(await disk.root.confirm(root, context))) return { objects: [], prefixes: [] };
    }
  }
}

async function listOnce(
  disk: Disk,
  root: Root,
  options: ListOptions,
  after: string | undefined,
): Promise<ListPage> {
  const page = new PageBuilder(options, after);
  const { layout } = root;
  const walked = walk(root, {
    prefix: layout.toText(options.prefix ?? ""),
    after: after === undefined ? undefined : layout.toText(after),
    rollUp: options.delimiter !== undefined,
    signal: options.signal,
  });
  let batch: WalkedFile[] = [];
  const flush = async (): Promise<boolean> => {
    const files = batch;
    batch = [];
    const facts = await statAll(root, files);
    for (const [index, { text }] of files.entries()) {
      const found = facts[index];
      const key = layout.fromText(text);
      if (found === undefined || !found.isFile()) continue;
      const type = contentTypeOf(key);
      if (!page.add(key, listedInfo(disk, key, found, typeof type === "string" ? type : await type))) return false;
    }
    return true;
  };
  for await (const item of walked) {
    if (item.kind === "file") {
      batch.push(item);
      if (batch.length < STATS_AT_ONCE || (await flush())) continue;
      return page.build();
    }
    if (!(await flush()) || !page.add(layout.fromText(item.text))) return page.build();
  }
  await flush();
  return page.build();
}

/** The facts of files, those of one folder together; `undefined` for one that is gone. */
async function statAll(root: Root, files: readonly WalkedFile[]): Promise<(BigIntStats | undefined)[]> {
  return await Promise.all(
    files.map(async ({ folder, name }) => {
      try {
        return await inFolder(root.directories, folder, false, ({ start }) => lstat(start + name));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    }),
  );
}
