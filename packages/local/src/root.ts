import { stat } from "node:fs/promises";
import { NOTES_FOLDER, TEMPORARY_FOLDER } from "./abandoned.js";
import { isIdentical, isKnownAgain } from "./root-identity.js";
import { resolve } from "node:path";
import { isStorageError, withErrorFacts } from "@stowage/core/provider";
import { failure, toLocalError, type FailureContext } from "./errors.js";
import { findRoot, gone, type Found } from "./find-root.js";
import type { Root, RootOptions } from "./opened-root.js";
import { isFolding, leaveMarker, readMarker, type Marker } from "./marker.js";
import { PRIVATE_FOLDER } from "./plain-layout.js";
import { portableLayout } from "./portable-layout.js";
import { codeOf } from "./system.js";

/** The holder of a provider's root. It opens the root when the root is first needed, and notices when the root disappears. */
export interface RootHolder {
  readonly open: (context: FailureContext) => Root | Promise<Root>;
  /** Opens the root, and makes the provider's own folder in it. */
  readonly openForWriting: (context: FailureContext) => Root | Promise<Root>;
  /**
   * Checks that the root is still there, before a call reports that an object is missing.
   *
   * @returns `true` if the root was opened again. Then the caller has to look for the object again.
   * @throws StorageError `Unavailable` if the root is gone.
   */
  readonly confirm: (root: Root, context: FailureContext) => Promise<boolean>;
  /** Does the same as `confirm` for the provider's own folder. If only that folder is gone, the next write makes it again. */
  readonly confirmPrepared: (root: Root, context: FailureContext) => Promise<void>;
  /**
   * Forgets the facts that identify the root. Called after an operator has confirmed that the present root is the right one.
   */
  readonly reopen: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function createRootHolder(options: RootOptions): RootHolder {
  let found: Promise<Found> | undefined;
  /**
   * The result of the promise `found`, after the promise has resolved. Calls take the root from here, so that they do
   * not wait for the promise.
   */
  let ready: Found | undefined;
  let known: Found | undefined;
  let closed = false;
  const findAnew = async (context: FailureContext): Promise<Found> => {
    try {
      const here = await findRoot(options, context, known);
      assertKnown(options, context, known, here);
      known = here;
      if (!closed) ready = here;
      return here;
    } catch (error) {
      found = undefined;
      throw explained(options, context, error);
    }
  };
  const find = async (context: FailureContext): Promise<Found> => {
    if (closed) throw failure("Unavailable", "the provider is closed", context);
    return await waitFor((found ??= findAnew(withoutKey(context))), context);
  };
  const confirm = async (root: Root, context: FailureContext): Promise<boolean> => {
    const here = await find(context);
    if (here.root !== root) return true;
    if (await isSame(options, here)) return false;
    found = undefined;
    ready = undefined;
    await closeRoot(here.root);
    await find(context);
    return true;
  };
  const reopen = async (): Promise<void> => {
    const here = await found?.catch(() => undefined);
    known = found = ready = undefined;
    if (here !== undefined) await closeRoot(here.root);
  };
  const findPrepared = async (context: FailureContext): Promise<Root> => {
    const here = await find(context);
    await waitFor(prepareOnce(options, here, context), context);
    return swept(here.root);
  };
  return {
    open: (context) => ready?.root ?? find(context).then(({ root }) => root),
    openForWriting: (context) => (ready?.isPrepared === true ? swept(ready.root) : findPrepared(context)),
    confirm,
    confirmPrepared: async (root, context) => {
      forgetPrepared(await find(context), root);
      await confirm(root, context);
    },
    reopen,
    close: async () => {
      closed = true;
      ready = undefined;
      await closeFound(await found?.catch(() => undefined));
    },
  };
}

function swept(root: Root): Root {
  root.temporaries.sweep();
  return root;
}

function forgetPrepared(here: Found, root: Root): void {
  if (here.root !== root) return;
  here.prepared = undefined;
  here.isPrepared = false;
}

async function closeFound(here: Found | undefined): Promise<void> {
  await here?.prepared?.catch(() => {});
  await here?.root.temporaries.close();
  if (here !== undefined) await closeRoot(here.root);
}

async function closeRoot({ directories, factThread }: Root): Promise<void> {
  factThread.close();
  await directories.close();
}

async function prepareOnce(options: RootOptions, here: Found, context: FailureContext): Promise<void> {
  const preparing = (here.prepared ??= prepare(here, options.durable, withoutKey(context)).catch(
    (error: unknown) => {
      here.prepared = undefined;
      throw explained(options, context, error);
    },
  ));
  await preparing;
  here.isPrepared = here.prepared === preparing;
}

function withoutKey({ operation, provider }: FailureContext): FailureContext {
  return { operation, provider };
}

/** Waits for work that several calls share. If the work fails, each call gets an error with its own operation and key. */
async function waitFor<T>(work: Promise<T>, context: FailureContext): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isStorageError(error) ? withErrorFacts(error, context) : toLocalError(error, context);
  }
}

/**
 * Throws if the root is not the root that was there before. A different root usually means that a disk is not mounted.
 * The provider never uses such a root as an empty store.
 */
function assertKnown(
  options: RootOptions,
  context: FailureContext,
  known: Found | undefined,
  here: Found,
): void {
  if (known === undefined || isKnownAgain(known, here)) return;
  throw gone(options, context, "is not the folder that was there before: is its disk mounted?");
}

/**
 * Turns "not found" into the error for a root that has disappeared. This is correct because the calls here access only
 * the root itself. Returns other errors unchanged.
 */
function explained(options: RootOptions, context: FailureContext, error: unknown): unknown {
  return codeOf(error) === "ENOENT"
    ? gone(options, context, "disappeared: is its disk mounted?", error)
    : error;
}

async function isSame(options: RootOptions, { identity }: Found): Promise<boolean> {
  try {
    return isIdentical(identity, await stat(options.path, { bigint: true }));
  } catch {
    return false;
  }
}

/** Makes the provider's own folder, and writes the marker that identifies the root later. */
async function prepare(here: Found, durable: boolean, context: FailureContext): Promise<void> {
  const { directories, path, layout } = here.root;
  const make = async (folder: string): Promise<void> => (await directories.hold(folder, true)).release();
  await make(PRIVATE_FOLDER);
  await Promise.all([TEMPORARY_FOLDER, NOTES_FOLDER, `${PRIVATE_FOLDER}/meta`, layout.base].map(make));
  const fold = layout.name === "portable" && (await isFolding(path));
  const marker = await markRoot(here, fold, durable, context);
  here.marker = marker;
  if (fold && !marker.fold) {
    const reason =
      "the objects were written on a file system that distinguishes A and a, but this file system does not";
    throw failure("Misconfigured", reason, context);
  }
  if (layout.name === "portable")
    here.root = { ...here.root, layout: portableLayout(marker.fold, marker.longNames) };
}

/** Returns the root's marker. Writes a new marker if there is none, for example because the provider's own folder was deleted. */
async function markRoot(
  { root, marker: known }: Found,
  fold: boolean,
  durable: boolean,
  context: FailureContext,
): Promise<Marker> {
  const { directories, temporaries, path } = root;
  const layout = root.layout.name;
  // The marker may have been deleted since the root was found.
  const before = known && (await readMarker(path, layout, context));
  if (before !== undefined) return before;
  await leaveMarker(
    directories,
    temporaries,
    { layout, fold: known?.fold ?? fold, longNames: known?.longNames ?? false, id: known?.id },
    durable,
  );
  const after = await readMarker(path, layout, context);
  if (after !== undefined) return after;
  throw failure("Unavailable", `the folder ${JSON.stringify(path)} changes again and again`, context);
}

/** Returns the given path of the root as an absolute path. Refs contain this path. */
export function absoluteRoot(path: string): string {
  return resolve(path);
}
