import {
  StorageError,
  knownNames,
  oneOf,
  type CallOptions,
  type OptionNames,
  type StorageProvider,
} from "@stowage/core/provider";
import { createHash } from "node:crypto";
import { OWN } from "../own-provider.js";
import type { S3Setup, Subresource } from "../sdk/setup-requests.js";
import { timedSetup } from "../server/timed-client.js";
import { ask, type Store } from "../store.js";
import { meansTheSame } from "./meaning.js";

/** The options of every call that sets a bucket up. */
export interface SetupOptions extends Pick<CallOptions, "signal"> {
  /**
   * Says what would be changed, and changes nothing.
   *
   * @default false
   */
  readonly dryRun?: boolean | undefined;
  /**
   * Does also what opens or empties the whole bucket.
   *
   * @default false
   */
  readonly force?: boolean | undefined;
}

/** What a set-up call changes, or would change. Plain data: print it. */
export interface SetupChange {
  readonly bucket: string;
  /** The request, by its name in S3's documentation. */
  readonly request: string;
  /** What is set up now; absent for nothing. */
  readonly before?: object | undefined;
  /** What will be. */
  readonly after: object;
  /** Whether they differ: else nothing is sent. */
  readonly isNeeded: boolean;
  readonly isApplied: boolean;
}

/** The store behind a provider, for a set-up call. */
export interface SettingUp {
  readonly store: Store;
  readonly keyPrefix: string;
  readonly setup: S3Setup;
}

const SETUP_OPTIONS: OptionNames<SetupOptions> = { signal: true, dryRun: true, force: true };

/** Finds the store behind a provider, and refuses options that no set-up call has. */
export function settingUp(provider: StorageProvider, caller: string, options: SetupOptions = {}): SettingUp {
  knownNames(caller, options, SETUP_OPTIONS);
  oneOf(caller, "dryRun", options.dryRun, [undefined, true, false]);
  oneOf(caller, "force", options.force, [undefined, true, false]);
  const { store, keyPrefix } = OWN.require(provider, caller);
  return { store, keyPrefix, setup: timedSetup(store) };
}

/**
 * Changes one part of a bucket's set-up: reads it, works out what it should be, and writes it when that is something
 * else. What others have set up there is theirs to keep in it.
 */
export async function changing(
  { store, setup }: SettingUp,
  what: Subresource,
  { signal, dryRun = false }: SetupOptions,
  next: (before: never) => object,
): Promise<SetupChange> {
  const { bucket } = store;
  const asked = { operation: "setUp", signal } as const;
  const reading = { ...asked, action: `s3:Get${what}` };
  const before = await ask(store, reading, () => setup.read(what, { signal }));
  const after = next(before as never);
  const isNeeded = !meansTheSame(what, before, after);
  const isApplied = isNeeded && !dryRun;
  const writing = { ...asked, action: `s3:Put${what}`, writes: true };
  if (isApplied) await ask(store, writing, () => setup.write(what, after, { signal }));
  return { bucket, request: `Put${what}`, before, after, isNeeded, isApplied };
}

/** Tells what this package has set up for a provider's prefix from what others have, by its name. */
function stemOf({ keyPrefix }: SettingUp): string {
  return keyPrefix === "" ? "stowage-" : `stowage.${digestName(keyPrefix)}-`;
}

const NAME_LENGTH = 8;

/** A short name for any text. */
export function digestName(text: string): string {
  return text === "" ? "" : createHash("sha256").update(text).digest("hex").slice(0, NAME_LENGTH);
}

export function ownName(own: SettingUp, name: string): string {
  return stemOf(own) + name;
}

/** An entry of such a list: any object of S3's, with or without a name. */
type Named = { readonly [Name in NamedList["nameField"]]?: string } & object;

/** A list of a configuration's, whose entries have names. */
interface NamedList {
  readonly what: Subresource;
  /** What the list is called. */
  readonly list: string;
  /** What a name is called. */
  readonly nameField: "ID" | "Id" | "Sid";
  /** Tells whether an entry is one of this package's, by its name. */
  readonly isOwn: (name: string) => boolean;
}

/**
 * Puts entries into a list in the place of those that this package has put there before; those of others stay where they
 * are. Some servers drop names: an entry without one that means the same is the entry.
 */
export function replaceOwn(
  { what, list, nameField, isOwn }: NamedList,
  before: readonly Named[] | undefined,
  made: readonly Named[],
): readonly object[] {
  const nameOf = (entry: Named): string => entry[nameField] ?? "";
  const unplaced = new Set(made);
  const place = (test: (entry: Named) => boolean): Named | undefined => {
    const found = [...unplaced].find(test);
    if (found !== undefined) unplaced.delete(found);
    return found;
  };
  const nameless = (entry: object): object => wrapped(what, list, { ...entry, [nameField]: undefined });
  const kept = (before ?? []).flatMap((entry) => {
    const name = nameOf(entry);
    if (name !== "" && isOwn(name)) return place((one) => nameOf(one) === name) ?? [];
    if (name === "") place((one) => meansTheSame(what, nameless(one), nameless(entry)));
    return [entry];
  });
  return [...kept, ...unplaced];
}

/** Returns a configuration of one entry. */
function wrapped(what: Subresource, list: string, entry: object): object {
  const configuration = { [list]: [entry] };
  return what === "BucketPolicy" ? { Policy: JSON.stringify(configuration) } : configuration;
}

/** Tells whether a name is one that this package has given for a provider's prefix. */
export function isOwnName(own: SettingUp): (name: string) => boolean {
  const stem = stemOf(own);
  return (name) => name.startsWith(stem);
}

export function refuse({ store }: SettingUp, reason: string): StorageError {
  return new StorageError("InvalidArgument", reason, { operation: "setUp", provider: store.name });
}
