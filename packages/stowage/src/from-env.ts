import type { CloudinaryOptions } from "@stowage/cloudinary";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  acceptMember,
  createStorage,
  off,
  type FileStorage,
  type Journal,
  type RepairWorker,
  type StorageOptions,
  type StorageProvider,
} from "@stowage/core";
import { knownNames, type OptionNames } from "@stowage/core/provider";
import type { LocalOptions } from "@stowage/local";
import type { S3Options } from "@stowage/s3";
import { checkComposer, compose, type ComposeOptions, type Stores } from "./compose.js";
import { readSettings, type Settings, type StorageMode } from "./settings.js";
import type { Environment } from "./variables.js";

/** The options of {@link fromEnv}, for settings that have no variable. */
export interface FromEnvOptions extends StorageOptions, ComposeOptions {
  /**
   * Further options for the folder, such as `publicBaseUrl`.
   *
   * @default none
   */
  readonly local?: Omit<LocalOptions, "root" | "name"> | undefined;
  /**
   * Further options for the bucket, such as `objects` or `canList`.
   *
   * @default none
   */
  readonly s3?: Omit<S3Options, "bucket" | "name"> | undefined;
  /**
   * Further options for Cloudinary.
   *
   * @default none
   */
  readonly cloudinary?: Omit<CloudinaryOptions, "url" | "name"> | undefined;
  /**
   * Wraps each store before the store is used. Use this option for tests and for your own limits.
   *
   * @default none
   */
  readonly wrap?: ((provider: StorageProvider) => StorageProvider) | undefined;
  /**
   * Runs repair in this process, if there is a journal.
   *
   * @default true
   */
  readonly repair?: boolean | undefined;
}

const OPTION_NAMES: OptionNames<FromEnvOptions> = {
  local: true,
  s3: true,
  cloudinary: true,
  wrap: true,
  repair: true,
  composer: true,
  fallbackOn: true,
  overwrites: true,
  journal: true,
  onEvent: true,
  retry: true,
  timeouts: true,
  sourceIdleMs: true,
  unreadMs: true,
};

/** A storage that was made from environment variables. */
export interface EnvironmentStorage extends FileStorage {
  /** The stores by name, for functions that take a provider, such as `setLifecycle` from `@stowage/s3/setup`. */
  readonly stores: Stores;
  /** The repair, if it runs in this process. `idle` waits until every store has the objects that it should have. */
  readonly repair?: RepairWorker | undefined;
}

/**
 * Makes a storage from environment variables. When the storage is closed, repair ends, and the journal is closed too.
 *
 * @param env - `process.env`, or variables read from a file.
 * @throws EnvironmentError with all problems of the variables, before a store or a journal is opened.
 * @throws TypeError and StorageError as the adapters and composers throw them for their options.
 * @example
 * ```ts
 * // STORAGE_MODE=hybrid S3_SPLIT_PERCENTAGE=25 STORAGE_DIR=/srv/uploads AWS_S3_BUCKET=my-uploads AWS_REGION=eu-central-1
 * const storage = await fromEnv(process.env);
 * process.once("SIGTERM", () => void storage.close());
 * ```
 */
export async function fromEnv(env: Environment, options: FromEnvOptions = {}): Promise<EnvironmentStorage> {
  knownNames("fromEnv", options, OPTION_NAMES);
  checkComposer(options.composer);
  const settings = readSettings(env);
  const stores: Opening = {};
  let journal = options.journal;
  try {
    await openStores(settings, options, stores);
    journal ??= await openJournal(settings, needsJournal(settings, stores, options));
    return await storageOf(settings, stores, { ...options, journal });
  } catch (error) {
    await journal?.close();
    for (const store of Object.values(stores)) await store?.close?.();
    throw error;
  }
}

async function storageOf(
  settings: Settings,
  stores: Stores,
  options: FromEnvOptions,
): Promise<EnvironmentStorage> {
  const { onEvent, retry, timeouts, sourceIdleMs, unreadMs, journal } = options;
  const provider = compose(settings, stores, options);
  const storage = createStorage(provider, { onEvent, retry, timeouts, sourceIdleMs, unreadMs });
  if (journal === undefined) return { ...storage, stores };
  if (isRemoved(settings)) await acceptMember(provider, "local", { extras: "keep" });
  const repair = options.repair === false ? undefined : storage.startRepair();
  return {
    ...storage,
    stores,
    repair,
    close: async (given) => {
      try {
        await storage.close(given);
      } finally {
        await journal.close();
      }
    },
  };
}

/** The modes that write to the folder first. */
const WRITES_LOCAL: readonly StorageMode[] = ["local", "hybrid", "mirror"];

/**
 * Tells whether the folder counts as removed on purpose. This is the case if the folder is missing and the mode does not write
 * to it.
 */
function isRemoved({ local, mode }: Settings): boolean {
  return local?.exists === false && !WRITES_LOCAL.includes(mode);
}

/** The stores that are open so far. */
type Opening = { -readonly [Name in keyof Stores]: Stores[Name] };

/** Opens the configured stores, and adds each of them to `stores`. Loads only the adapters that are needed. */
async function openStores(settings: Settings, options: FromEnvOptions, stores: Opening): Promise<void> {
  const { local, s3, cloudinary } = settings;
  const { wrap = (provider) => provider } = options;
  if (local !== undefined) {
    const adapter = await import("@stowage/local");
    stores.local = wrap(adapter.local({ root: local.root, create: true, ...options.local }));
  }
  if (s3 !== undefined) {
    const { isOff, ...bucket } = s3;
    const adapter = await import("@stowage/s3");
    const provider = wrap(adapter.s3({ ...bucket, ...options.s3 }));
    stores.s3 = isOff ? off(provider, "USE_S3=false") : provider;
  }
  if (cloudinary !== undefined) {
    const adapter = await import("@stowage/cloudinary");
    stores.cloudinary = wrap(adapter.cloudinary({ url: cloudinary, ...options.cloudinary }));
  }
}

/**
 * Tells whether the stores need a journal. With a new journal, every object has to be listed. So there is no journal if the
 * credentials may not list the bucket.
 */
function needsJournal({ mode }: Settings, stores: Stores, { s3 }: FromEnvOptions): boolean {
  if (stores.s3 !== undefined && s3?.canList === false) return false;
  return Object.keys(stores).length > 1 || mode === "mirror";
}

/** Opens the journal. An existing file is always used, because it may contain pending work. */
async function openJournal({ local, journal }: Settings, isNeeded: boolean): Promise<Journal | undefined> {
  const beside = local && join(dirname(local.root), `${basename(local.root)}.journal`, "journal.db");
  const file = journal ?? beside;
  if (file === undefined || file === "none") return undefined;
  if (!isNeeded && journal === undefined && !existsSync(file)) return undefined;
  const { sqliteJournal } = await import("@stowage/journal");
  return sqliteJournal(file);
}
