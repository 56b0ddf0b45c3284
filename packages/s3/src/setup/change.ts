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
   * True to return the change without making it.
   *
   * @default false
   */
  readonly dryRun?: boolean | undefined;
  /**
   * Allows changes that make the whole bucket public or remove all its objects.
   *
   * @default false
   */
  readonly force?: boolean | undefined;
}

/** The change that a set-up call makes or would make. It is plain data and can be printed. */
export interface SetupChange {
  readonly bucket: string;
  /** The request, by its name in S3's documentation. */
  readonly request: string;
  /** The configuration before the change. Absent if there was none. */
  readonly before?: object | undefined;
  /** The configuration after the change. */
  readonly after: object;
  /** True if the two configurations differ. Otherwise no change is sent. */
  readonly isNeeded: boolean;
  readonly isApplied: boolean;
}

/** The store of a provider, for a set-up call. */
export interface SettingUp {
  readonly store: Store;
  readonly keyPrefix: string;
  readonly setup: S3Setup;
}

const SETUP_OPTIONS: OptionNames<SetupOptions> = { signal: true, dryRun: true, force: true };

/** Returns the store of a provider. Throws for unknown options. */
export function settingUp(provider: StorageProvider, caller: string, options: SetupOptions = {}): SettingUp {
  knownNames(caller, options, SETUP_OPTIONS);
  oneOf(caller, "dryRun", options.dryRun, [undefined, true, false]);
  oneOf(caller, "force", options.force, [undefined, true, false]);
  const { store, keyPrefix } = OWN.require(provider, caller);
  return { store, keyPrefix, setup: timedSetup(store) };
}

/**
 * The names of the permissions for each part of the set-up, without `s3:Get` or `s3:Put` at the beginning. These names
 * differ from the names of the requests.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */
const PERMISSIONS: Readonly<Record<Subresource, string>> = {
  BucketCors: "BucketCORS",
  BucketLifecycleConfiguration: "LifecycleConfiguration",
  BucketPolicy: "BucketPolicy",
  PublicAccessBlock: "BucketPublicAccessBlock",
  BucketEncryption: "EncryptionConfiguration",
  BucketLogging: "BucketLogging",
  BucketNotificationConfiguration: "BucketNotification",
};

/**
 * Changes one part of a bucket's set-up. Reads the configuration, computes the new configuration, and writes it if the two
 * differ. The new configuration keeps everything that was set up by other means.
 */
export async function changing(
  { store, setup }: SettingUp,
  what: Subresource,
  { signal, dryRun = false }: SetupOptions,
  next: (before: never) => object,
): Promise<SetupChange> {
  const { bucket } = store;
  const asked = { operation: "setUp", signal } as const;
  const reading = { ...asked, action: `s3:Get${PERMISSIONS[what]}` };
  const before = await ask(store, reading, () => setup.read(what, { signal }));
  const after = next(before as never);
  const isNeeded = !meansTheSame(what, before, after);
  const isApplied = isNeeded && !dryRun;
  const writing = { ...asked, action: `s3:Put${PERMISSIONS[what]}`, writes: true };
  if (isApplied) await ask(store, writing, () => setup.write(what, after, { signal }));
  return { bucket, request: `Put${what}`, before, after, isNeeded, isApplied };
}

/**
 * Returns a text for a provider's prefix. All names that this package makes for the prefix begin with this text, so the package
 * recognises its own names.
 */
function stemOf({ keyPrefix }: SettingUp): string {
  return keyPrefix === "" ? "stowage-" : `stowage.${digestName(keyPrefix)}-`;
}

const NAME_LENGTH = 8;

/** Returns a short name for any text. */
export function digestName(text: string): string {
  return text === "" ? "" : createHash("sha256").update(text).digest("hex").slice(0, NAME_LENGTH);
}

export function ownName(own: SettingUp, name: string): string {
  return stemOf(own) + name;
}

/** An entry of a {@link NamedList}: any object of S3, with or without a name. */
type Named = { readonly [Name in NamedList["nameField"]]?: string } & object;

/** A list of named entries in a configuration. */
interface NamedList {
  readonly what: Subresource;
  /** The name of the list. */
  readonly list: string;
  /** The field of an entry that holds its name. */
  readonly nameField: "ID" | "Id" | "Sid";
  /** Tells from the name of an entry whether this package has made the entry. */
  readonly isOwn: (name: string) => boolean;
}

/**
 * Replaces the entries that this package has put into a list before. All other entries stay where they are. Some servers drop
 * the names of entries. So an entry without a name also counts as an entry of this package if it means the same as a new entry.
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

/** Returns a configuration with one entry. */
function wrapped(what: Subresource, list: string, entry: object): object {
  const configuration = { [list]: [entry] };
  return what === "BucketPolicy" ? { Policy: JSON.stringify(configuration) } : configuration;
}

/** Returns a function that recognises names. It tells whether this package has given a name for a provider's prefix. */
export function isOwnName(own: SettingUp): (name: string) => boolean {
  const stem = stemOf(own);
  return (name) => name.startsWith(stem);
}

export function refuse({ store }: SettingUp, reason: string): StorageError {
  return new StorageError("InvalidArgument", reason, { operation: "setUp", provider: store.name });
}
