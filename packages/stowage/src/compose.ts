import {
  fallback,
  mirror,
  split,
  type FallbackOptions,
  type Journal,
  type JournalOptions,
  type MemberOptions,
  type StorageProvider,
} from "@stowage/core";
import { knownNames, type OptionNames } from "@stowage/core/provider";
import type { Settings } from "./settings.js";

/** The stores that are configured. */
export interface Stores {
  readonly local?: StorageProvider | undefined;
  readonly s3?: StorageProvider | undefined;
  readonly cloudinary?: StorageProvider | undefined;
}

/** The options for combining several stores into one. */
export interface ComposeOptions {
  /**
   * Further options for the composer, such as limits, the breaker and the times of the journal. These options apply if
   * the mode combines several stores.
   *
   * @default none
   */
  readonly composer?: (MemberOptions & Omit<JournalOptions, "journal" | "retiring">) | undefined;
  /**
   * The failures after which a chain moves on to the next store. See `FallbackOptions.fallbackOn`.
   *
   * @default none
   */
  readonly fallbackOn?: FallbackOptions["fallbackOn"];
  /**
   * The treatment of a put to a key that already has an object. The option applies if there are several stores and no journal.
   * `"may-be-stale"` writes the object. See `FallbackOptions.overwrites`.
   *
   * @default "refuse"
   */
  readonly overwrites?: FallbackOptions["overwrites"];
  /**
   * The journal of the composer. When the storage is closed, the journal is closed too.
   *
   * @default a file beside the folder, or the file in `STORAGE_JOURNAL`
   */
  readonly journal?: Journal | undefined;
}

/**
 * The name of the composer in every mode. The journal finds the composer's pending work by this name, so the work
 * survives a change of mode.
 */
const NAME = "files";

/** The salt of the split. It must never change, because a new salt would distribute the keys differently. */
const SALT = "files";

/** Combines the stores into one provider, according to the mode. */
export function compose(
  { mode, percent }: Settings,
  stores: Stores,
  options: ComposeOptions,
): StorageProvider {
  const { local, s3, cloudinary } = stores;
  const chain = present(cloudinary, s3, local);
  const [only, ...others] = chain;
  if (only !== undefined && others.length === 0 && options.journal === undefined) return only;
  if (mode === "mirror") {
    const writes = options.journal === undefined ? "all" : "primary";
    return mirror(present(local, s3, cloudinary), { ...common(options), writes });
  }
  if (mode === "fallback") return asChain(chain, options);
  const written = mode === "hybrid" ? s3 : stores[mode];
  const [from, to] = present(local, s3, cloudinary);
  if (from !== undefined && to !== undefined && others.length === 1) {
    const share = mode === "hybrid" ? percent : written === to ? 100 : 0;
    // A mode with a single store writes to that store only. For example, mode `s3` must not write to the folder, which
    // may be lost together with its container.
    const onUnavailable = mode === "hybrid" && options.journal !== undefined ? "other" : "fail";
    const { overwrites } = withoutJournal(options);
    return split({ ...common(options), from, to, percent: share, salt: SALT, onUnavailable, overwrites });
  }
  return asChain(present(written, ...chain.filter((store) => store !== written)), options);
}

/** Makes a chain that leaves objects where they are, so that a change of mode moves no objects. */
function asChain(members: readonly StorageProvider[], options: ComposeOptions): StorageProvider {
  const stays = options.journal === undefined ? {} : ({ drain: "never" } as const);
  const { fallbackOn } = options;
  return fallback(members, { ...common(options), ...stays, ...withoutJournal(options), fallbackOn });
}

/** Returns the options that a composer accepts only if it has no journal. */
function withoutJournal({ journal, overwrites }: ComposeOptions): Pick<ComposeOptions, "overwrites"> {
  return journal === undefined ? { overwrites } : {};
}

const COMPOSER_NAMES: OptionNames<NonNullable<ComposeOptions["composer"]>> = {
  retry: true,
  timeouts: true,
  breaker: true,
  askMs: true,
  memoryBytes: true,
  settleMs: true,
  waitMs: true,
  leaseMs: true,
  graceMs: true,
  keepDeletesMs: true,
  verifyReads: true,
};

/**
 * Checks the names of the options for the composer. The composer checks their values.
 *
 * @throws TypeError for options that do not exist.
 */
export function checkComposer(composer: ComposeOptions["composer"]): void {
  if (composer !== undefined) knownNames("fromEnv: composer", composer, COMPOSER_NAMES);
}

/** Returns the options that every composer takes. Without a journal, the options of a journal are left out. */
function common({
  composer = {},
  journal,
}: ComposeOptions): { name: string } & MemberOptions & JournalOptions {
  const { retry, timeouts, breaker, askMs, memoryBytes, ...times } = composer;
  const limits = { name: NAME, retry, timeouts, breaker, askMs, memoryBytes };
  return journal === undefined ? limits : { ...limits, ...times, journal };
}

function present(...stores: readonly (StorageProvider | undefined)[]): readonly StorageProvider[] {
  return stores.filter((store) => store !== undefined);
}
