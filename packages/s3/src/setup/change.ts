import {
  StorageError,
  knownNames,
  oneOf,
  type CallOptions,
  type OptionNames,
  type StorageProvider,
} from "@stowage/core/provider";
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { OWN } from "../own-provider.js";
import type { S3Setup, Subresource } from "../sdk/setup-requests.js";
import { timedSetup } from "../server/timed-client.js";
import { ask, type Store } from "../store.js";

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
  const asked = { operation: "open", signal } as const;
  const reading = { ...asked, action: `s3:Get${what}` };
  const before = await ask(store, reading, () => setup.read(what, { signal }));
  const after = next(before as never);
  const isNeeded = !isDeepStrictEqual(plain(before), plain(after));
  const isApplied = isNeeded && !dryRun;
  const writing = { ...asked, action: `s3:Put${what}`, writes: true };
  if (isApplied) await ask(store, writing, () => setup.write(what, after, { signal }));
  return { bucket, request: `Put${what}`, before, after, isNeeded, isApplied };
}

/** Without what is there and undefined; servers give lists of words in an order of their own. */
function plain(configuration: object | undefined): unknown {
  if (configuration === undefined) return undefined;
  const text = JSON.stringify(configuration, (name, value: unknown) => {
    const isWords = Array.isArray(value) && value.every((one) => typeof one === "string");
    if (isWords) return value.toSorted();
    if (name === "Policy" && typeof value === "string") return JSON.parse(value) as unknown;
    // Of a filter's rule: Amazon gives it with a capital.
    return name === "Name" && typeof value === "string" ? value.toLowerCase() : value;
  });
  return JSON.parse(text) as unknown;
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

/** What others have set up, which stays. */
export function foreign<Named>(
  own: SettingUp,
  all: readonly Named[] | undefined,
  nameOf: (one: Named) => string | undefined,
): Named[] {
  const stem = stemOf(own);
  return (all ?? []).filter((one) => nameOf(one)?.startsWith(stem) !== true);
}

export function refuse({ store }: SettingUp, reason: string): StorageError {
  return new StorageError("InvalidArgument", reason, { operation: "open", provider: store.name });
}
