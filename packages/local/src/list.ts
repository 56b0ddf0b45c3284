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
import type { Root } from "./opened-root.js";
import { passOver } from "./unreadable.js";
import { createReadAhead, type FileWithFacts } from "./read-ahead.js";
import { walk, type Walked, type WalkedOver } from "./walk.js";

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
  const { limit = LIST_LIMIT_DEFAULT } = options;
  let met = 0;
  const walked = walk(root, {
    prefix: layout.toText(options.prefix ?? ""),
    after: after === undefined ? undefined : layout.toText(after),
    rollUp: options.delimiter !== undefined,
    unreadable: (folder, error) => passOver(disk, root, folder, error, context),
    signal: options.signal,
  });
  const facts = createReadAhead(root, (path, error) => passOver(disk, root, path, error, context));
  const add = (files: readonly FileWithFacts[]): boolean =>
    files.every(({ text, found }) => {
      if (typeof found === "string") over.push({ kind: "skipped", text, reason: found });
      if (found === undefined || typeof found === "string") return true;
      const key = layout.fromText(text);
      // The content type is left out, because a sidecar may record a different type than the key's extension suggests.
      return page.add(key, listedInfo(disk, key, found));
    });
  /** Returns `false` if the page is full. */
  const take = async (item: Walked): Promise<boolean> => {
    if (item.kind === "skipped") {
      over.push(item);
      return true;
    }
    met++;
    if (item.kind === "file") {
      const files = facts.push(item);
      if (files !== undefined && !add(await files)) return false;
      // One entry beyond the limit of the page shows that there is a next page. Later entries are not read.
      if (met <= limit) return true;
    }
    if (!add(await facts.rest())) return false;
    return item.kind === "file" || page.add(layout.fromText(item.text));
  };
  for await (const items of walked) {
    for (const item of items) {
      if (!(await take(item))) return build();
    }
  }
  add(await facts.rest());
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
