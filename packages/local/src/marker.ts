import { randomUUID } from "node:crypto";
import { lstat, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { READ_FLAGS, inFolder, syncDirectory, type Directories } from "./directories.js";
import { failure, type FailureContext } from "./errors.js";
import type { Layout } from "./layout.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { isDeniedByNode } from "./errno.js";
import { isLacking } from "./system-errors.js";
import { codeOf, fsync, link, rename, tolerate, writeFully } from "./system.js";
import type { Temporaries, Temporary } from "./temporaries.js";

/** The content of `.stowage/layout.json`. The file records the layout of a root and identifies the root. */
export interface Marker {
  readonly layout: Layout["name"];
  /** True if the file system takes `A` and `a` for the same name. */
  readonly fold: boolean;
  /** True for an old root. Its portable names may be too long for some file systems. */
  readonly longNames: boolean;
  readonly id: string;
}

const NAME = "layout.json";

/**
 * Returns the marker of a root, or `undefined` if nothing was ever written to the root.
 *
 * @throws StorageError `Misconfigured` if the marker names a different layout, or has an unknown format.
 */
export async function readMarker(
  root: string,
  layout: Layout["name"],
  context: FailureContext,
): Promise<Marker | undefined> {
  const path = join(root, PRIVATE_FOLDER, NAME);
  await assertFolder(join(root, PRIVATE_FOLDER), context);
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", flag: READ_FLAGS });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const marker = parseMarker(text);
  if (marker === undefined) {
    throw failure("Misconfigured", `${path} describes a layout that this version does not know`, context);
  }
  if (marker.layout === layout) return marker;
  const reason = `the root ${JSON.stringify(root)} has the layout "${marker.layout}", not "${layout}"`;
  throw failure("Misconfigured", reason, context);
}

/**
 * Throws if the name of the provider's own folder belongs to a file or a link. The name is reserved, even in an
 * existing folder of files.
 */
async function assertFolder(path: string, context: FailureContext): Promise<void> {
  const facts = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (facts === undefined || facts.isDirectory()) return;
  throw failure(
    "Misconfigured",
    `${path} must be the provider's private folder, but is not a folder`,
    context,
  );
}

function parseMarker(text: string): Marker | undefined {
  try {
    const marker = JSON.parse(text) as Partial<Marker> & { readonly version?: unknown };
    const { layout, fold, id, version, longNames = layout === "portable" } = marker;
    const known = version === 1 && (layout === "plain" || layout === "portable");
    return known && typeof fold === "boolean" && typeof id === "string"
      ? { layout, fold, longNames, id }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a marker, unless a different process has written one first. */
export async function leaveMarker(
  directories: Directories,
  temporaries: Temporaries,
  marker: Omit<Marker, "id"> & { readonly id: string | undefined },
  durable: boolean,
): Promise<void> {
  const { id = randomUUID() } = marker;
  const text = Buffer.from(`${JSON.stringify({ version: 1, ...marker, id })}\n`);
  const temporary = await temporaries.create();
  try {
    await writeFully(temporary.fd, text, text.byteLength, 0);
    // The marker is synced even if puts do not wait for the disk: if the content of the marker were lost, the whole
    // root could not be opened.
    await syncWhereNeeded(fsync(temporary.fd), durable);
    await temporary.close();
    await inFolder(directories, PRIVATE_FOLDER, true, async (directory) => {
      await moveUnlessThere(temporary, directory.start + NAME);
      await syncWhereNeeded(syncDirectory(directory), durable);
    });
  } finally {
    await temporary.discard();
  }
}

/** Waits for a sync. If puts do not wait for the disk, ignores the error of a file system that cannot sync. */
async function syncWhereNeeded(sync: Promise<void>, durable: boolean): Promise<void> {
  await sync.catch((error: unknown) => {
    if (durable || !(isLacking(error) || isDeniedByNode(error))) throw error;
  });
}

/**
 * Moves a marker into place, unless a different process has written one first. On a file system without hard links, the
 * later of two markers stays.
 */
async function moveUnlessThere(temporary: Temporary, path: string): Promise<void> {
  try {
    await tolerate(link(temporary.path, path), "EEXIST");
  } catch (error) {
    if (!isLacking(error)) throw error;
    await rename(temporary.path, path);
    temporary.moved();
  }
}

/** Tells whether the file system takes `A` and `a` for the same name. */
export async function isFolding(root: string): Promise<boolean> {
  const names = [PRIVATE_FOLDER, PRIVATE_FOLDER.toUpperCase()];
  const [own, other] = await Promise.all(names.map((name) => stat(join(root, name)).catch(() => undefined)));
  return own !== undefined && other !== undefined && own.ino === other.ino;
}
