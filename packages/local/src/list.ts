import {
  LIST_LIMIT_DEFAULT,
  PageBuilder,
  unpackKeyCursor,
  type ListOptions,
  type ListPage,
} from "@stowage/core/provider";
import { listedInfo, type Disk } from "./disk.js";
import { isMissing, isAbort, toLocalError, type FailureContext } from "./errors.js";
import type { BigIntStats } from "node:fs";
import type { Root } from "./root.js";
import { inFolder } from "./directories.js";
import { lstat } from "./system.js";
import { isGoneByNow, walk, type WalkedFile } from "./walk.js";

/** How many files are asked for their facts at once. */
const STATS_AT_ONCE = 64;

export async function listObjects(disk: Disk, options: ListOptions): Promise<ListPage> {
  const { signal } = options;
  const context: FailureContext = { operation: "list", provider: disk.name, key: options.prefix, signal };
  signal?.throwIfAborted();
  const after = unpackKeyCursor(options, disk.name);
  for (;;) {
    const root = await disk.root.open(context);
    try {
      const page = await listOnce(disk, root, options, after);
      // What is missing may be so because the root went away in the middle: a short page is not an answer then.
      if (!(await disk.root.confirm(root, context))) return page;
    } catch (error) {
      if (isAbort(error, context) || !isMissing(error)) throw toLocalError(error, context);
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
  const { limit = LIST_LIMIT_DEFAULT } = options;
  let batch: WalkedFile[] = [];
  let met = 0;
  const flush = async (): Promise<boolean> => {
    const files = batch;
    batch = [];
    const facts = await statAll(root, files);
    for (const [index, { text }] of files.entries()) {
      const found = facts[index];
      const key = layout.fromText(text);
      if (found === undefined || !found.isFile()) continue;
      // No type: what is beside the file may say another one than the key's extension.
      if (!page.add(key, listedInfo(disk, key, found))) return false;
    }
    return true;
  };
  for await (const item of walked) {
    met++;
    if (item.kind === "file") {
      batch.push(item);
      // One more than fits tells that there is a next page; what comes after is not looked at.
      const isEnough = met > limit || batch.length === STATS_AT_ONCE;
      if (!isEnough || (await flush())) continue;
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
        if (isGoneByNow(error)) return undefined;
        throw error;
      }
    }),
  );
}
