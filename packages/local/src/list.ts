import {
  LIST_LIMIT_DEFAULT,
  PageBuilder,
  compareKeys,
  unpackKeyCursor,
  type ListOptions,
  type ListPage,
  type SkippedKey,
} from "@stowage/core/provider";
import { listedInfo, type Disk } from "./disk.js";
import { isMissing, isAbort, maybeOfRoot, toLocalError, type FailureContext } from "./errors.js";
import type { BigIntStats } from "node:fs";
import type { Root } from "./opened-root.js";
import { inFolder, joinPath } from "./directories.js";
import { lstat } from "./system.js";
import { passOver } from "./unreadable.js";
import { isGoneByNow, walk, type WalkedFile, type WalkedOver } from "./walk.js";

/** The number of files whose facts are read at the same time. */
const STATS_AT_ONCE = 64;

export async function listObjects(disk: Disk, options: ListOptions): Promise<ListPage> {
  const { signal } = options;
  const context: FailureContext = { operation: "list", provider: disk.name, key: options.prefix, signal };
  signal?.throwIfAborted();
  const after = unpackKeyCursor(options, disk.name);
  for (;;) {
    const root = await disk.root.open(context);
    try {
      const page = await listOnce(disk, root, options, after, context);
      // Files may be missing because the root disappeared during the listing. Then this page is incomplete and must not be
      // returned.
      if (!(await disk.root.confirm(root, context))) return page;
    } catch (error) {
      if (isAbort(error, context) || !maybeOfRoot(error)) throw toLocalError(error, context);
      if (await disk.root.confirm(root, context)) continue;
      if (!isMissing(error)) throw toLocalError(error, context);
      // The root exists, and no object was ever put into it.
      return { objects: [], prefixes: [] };
    }
  }
}

async function listOnce(
  disk: Disk,
  root: Root,
  options: ListOptions,
  after: string | undefined,
  context: FailureContext,
): Promise<ListPage> {
  const page = new PageBuilder(options, after);
  const over: WalkedOver[] = [];
  const build = (): ListPage => withSkipped(page.build(), over, root);
  const { layout } = root;
  const walked = walk(root, {
    prefix: layout.toText(options.prefix ?? ""),
    after: after === undefined ? undefined : layout.toText(after),
    rollUp: options.delimiter !== undefined,
    unreadable: (folder, error) => passOver(disk, root, folder, error, context),
    signal: options.signal,
  });
  const { limit = LIST_LIMIT_DEFAULT } = options;
  let batch: WalkedFile[] = [];
  let met = 0;
  const flush = async (): Promise<boolean> => {
    const files = batch;
    batch = [];
    const facts = await statAll(root, files, (path, error) => passOver(disk, root, path, error, context));
    for (const [index, { text }] of files.entries()) {
      const found = facts[index];
      const key = layout.fromText(text);
      if (typeof found === "string") over.push({ kind: "skipped", text, reason: found });
      if (found === undefined || typeof found === "string" || !found.isFile()) continue;
      // The content type is left out, because a sidecar may record a different type than the key's extension suggests.
      if (!page.add(key, listedInfo(disk, key, found))) return false;
    }
    return true;
  };
  for await (const item of walked) {
    if (item.kind === "skipped") {
      over.push(item);
      continue;
    }
    met++;
    if (item.kind === "file") {
      batch.push(item);
      // One entry beyond the limit of the page shows that there is a next page. Later entries are not read.
      const isEnough = met > limit || batch.length === STATS_AT_ONCE;
      if (!isEnough || (await flush())) continue;
      return build();
    }
    if (!(await flush()) || !page.add(layout.fromText(item.text))) return build();
  }
  await flush();
  return build();
}

/** Adds the skipped entries to a page. Entries that come after the last entry of the page are left for the next page. */
function withSkipped(page: ListPage, over: readonly WalkedOver[], { layout }: Root): ListPage {
  const isLast = page.cursor === undefined;
  const end = lastEntry(page);
  const isIn = ({ text }: WalkedOver): boolean =>
    isLast || (end !== undefined && layout.compare(text, layout.toText(end)) <= 0);
  const skipped = over
    .filter(isIn)
    .map(({ text, reason }) => ({ key: layout.fromText(text), reason }) satisfies SkippedKey);
  return skipped.length === 0 ? page : { ...page, skipped };
}

function lastEntry({ objects, prefixes }: ListPage): string | undefined {
  return [objects.at(-1)?.key, prefixes.at(-1)]
    .filter((entry) => entry !== undefined)
    .sort(compareKeys)
    .at(-1);
}

/** Returns the facts of each file, `undefined` for a file that is gone, or the reason why a file is skipped. */
async function statAll(
  root: Root,
  files: readonly WalkedFile[],
  unreadable: (path: string, error: unknown) => Promise<string>,
): Promise<(BigIntStats | string | undefined)[]> {
  return await Promise.all(
    files.map(async ({ folder, name }) => {
      try {
        return await inFolder(root.directories, folder, false, ({ start }) => lstat(start + name));
      } catch (error) {
        if (isGoneByNow(error)) return undefined;
        return await unreadable(joinPath(folder, name), error);
      }
    }),
  );
}
