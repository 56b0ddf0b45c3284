import { StorageError } from "../errors.js";
import type { Journal, JournalPart } from "../journal.js";
import { ownProviders, type OwnProviders } from "../own-providers.js";
import type { CallOptions, StorageProvider } from "../provider.js";
import type { ReplayableOptions } from "../replayable.js";
import { assertAskMs } from "./chain.js";
import { prepareMembers, type MemberOptions } from "./members.js";
import type { JournalOptions } from "./replicas/create-set.js";
import { oneHome } from "./replicas/placements.js";
import { replicated, replicaSetOf } from "./replicas/replicated.js";
import { BASIS_POINTS, bucketOf, toBasisPoints } from "./split-hash.js";
import { choiceSupports } from "./supports.js";

export interface SplitOptions extends MemberOptions, JournalOptions {
  /** Default `"split"`. */
  readonly name?: string | undefined;
  /** Where keys have been so far. */
  readonly from: StorageProvider;
  /** Where a share of the keys goes. */
  readonly to: StorageProvider;
  /**
   * The share of keys that go to `to`, from 0 to 100, with at most two digits after the point. With a journal it is a
   * proposal: what {@link setSplitPercent} has set counts.
   */
  readonly percent: number;
  /** Names the rollout: another salt shares the keys out differently. It stays the same for ever. */
  readonly salt: string;
  /** What a put does while its side is down: fail (the default), or go to the other side. */
  readonly onUnavailable?: "fail" | "other" | undefined;
  /** Whether repair moves objects to the side that the percentage gives them; default false: they stay. */
  readonly move?: boolean | undefined;
  readonly spool?: ReplayableOptions | undefined;
  /** How long a member may take to say whether it holds a key, in milliseconds; default 5,000. */
  readonly askMs?: number | undefined;
}

/** What all processes share about a split. */
interface SplitRecord {
  readonly salt: string;
  readonly basisPoints: number;
}

interface Split {
  readonly journal: JournalPart;
  readonly name: string;
  readonly proposed: SplitRecord;
  current: SplitRecord;
}

const CONTROL = "split";

const splits: OwnProviders<Split> = ownProviders<Split>("split");

/** A share of the keys on one member, the rest on another. */
export function split(options: SplitOptions): StorageProvider {
  const { from, to, salt, percent, onUnavailable = "fail", move = false } = options;
  if (typeof salt !== "string" || salt === "") throw new TypeError("split: salt is a text that is not empty");
  const prepared = prepareMembers("split", [from, to], options);
  const [old, next] = prepared as readonly [StorageProvider, StorageProvider];
  const proposed = { salt, basisPoints: toBasisPoints(percent) };
  const state = { current: proposed };
  const order = (key: string): readonly [StorageProvider, StorageProvider] => {
    const { current } = state;
    return bucketOf(current.salt, key) < current.basisPoints ? [next, old] : [old, next];
  };
  const home = oneHome(prepared, order, move);
  const provider = replicated({
    type: "split",
    name: options.name ?? "split",
    members: prepared,
    fallbackOn: [],
    spool: options.spool,
    askMs: assertAskMs("split", options.askMs),
    journal: options.journal as Journal,
    placement: onUnavailable === "other" ? home : { ...home, writeOrder: (key) => [order(key)[0]] },
    options,
    supports: choiceSupports(prepared),
    limits: [],
    refresh: async () => {
      state.current = await recordOf(made);
    },
  });
  const set = replicaSetOf(provider);
  if (set === undefined) throw new TypeError("split: it has no journal");
  const made: Split = Object.assign(state, { journal: set.journal, name: set.name, proposed });
  return splits.remember(provider, made);
}

/** What counts now; the first process to ask writes down what it was started with. */
async function recordOf({ journal, proposed }: Split): Promise<SplitRecord> {
  for (;;) {
    const record = await journal.readControl(CONTROL);
    if (record !== undefined) return record.value as SplitRecord;
    await journal.writeControl(CONTROL, undefined, proposed);
  }
}

/** The share that counts now, in per cent. */
export async function splitPercent(provider: StorageProvider): Promise<number> {
  const { basisPoints } = await recordOf(splits.require(provider, "splitPercent"));
  return (basisPoints * 100) / BASIS_POINTS;
}

/**
 * Changes the share for every process, from its next write on. Nothing becomes unreadable on the way: reads look at
 * the side that a key is given, then at the other.
 *
 * @param percent - From 0 to 100, with at most two digits after the point.
 * @throws StorageError `Unavailable` when the journal cannot be written.
 */
export async function setSplitPercent(
  provider: StorageProvider,
  percent: number,
  _options: CallOptions = {},
): Promise<void> {
  const made = splits.require(provider, "setSplitPercent");
  const basisPoints = toBasisPoints(percent);
  await recordOf(made);
  for (let tries = 0; tries < 10; tries++) {
    const record = await made.journal.readControl(CONTROL);
    const value = { ...(record?.value as SplitRecord), basisPoints };
    if ((await made.journal.writeControl(CONTROL, record?.revision, value)) !== undefined) return;
  }
  throw new StorageError("Unavailable", "others keep changing the percentage", {
    operation: "put",
    provider: made.name,
  });
}
