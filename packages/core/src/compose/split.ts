import { StorageError } from "../contract/errors.js";
import type { Journal, JournalPart } from "../contract/journal.js";
import { ownProviders, type OwnProviders, type ProviderOrStorage } from "../kit/own-providers.js";
import type { StorageProvider } from "../contract/provider.js";
import { assertSpool, type Group } from "./group.js";
import { putInChain } from "./stateless/fallback-put.js";
import { prepareMembers } from "./members.js";
import { changeControl } from "./journaled/control.js";
import { oneHome, type Placement } from "./journaled/row/placement.js";
import type { Chain } from "./stateless/chain.js";
import { journaled } from "./journaled/journaled.js";
import { assertOverwrites, assertTier, stateless } from "./stateless/stateless.js";
import { BASIS_POINTS, bucketOf, toBasisPoints } from "./split-hash.js";
import { SPLIT_OPTIONS, type SplitOptions } from "./split-options.js";
import { choiceSupports } from "./supports.js";
import type { CallOptions } from "../contract/call-options.js";
import { OWN_SETS } from "./journaled/own-sets.js";
import { nonEmptyText, oneOf, knownNames } from "../kit/options.js";

/** The percentage of the keys, and the salt that distributes the keys. */
interface SplitRecord {
  readonly salt: string;
  readonly basisPoints: number;
}

/** The record of a split that all processes share. */
interface SharedRecord {
  readonly salt: string;
  /** Absent while every process uses its own number. */
  readonly basisPoints?: number | undefined;
}

interface Recorded {
  readonly value: SplitRecord;
  readonly revision: string;
}

interface Split {
  readonly journal: JournalPart;
  readonly name: string;
  readonly proposed: SplitRecord;
  /** True if the journal stores the percentage; false if each process uses its own number. */
  readonly isShared: boolean;
  readonly members: readonly StorageProvider[];
}

const CONTROL = "split";

/** The maximum number of tries to change the percentage while other processes change it too. */
const SET_TRIES = 10;

const splits: OwnProviders<Split> = ownProviders<Split>("split() with a journal");

/**
 * Puts a percentage of the keys on one member and the rest on another member, for a rollout in steps. A stable hash of
 * the key chooses the member, so raising the percentage moves keys only from `from` to `to`.
 *
 * - New objects go to the side that the hash assigns to their key. An older copy on the other side is deleted.
 * - Reads first ask the side that the hash assigns to the key, then the other side. Every object is readable at every
 *   step, whether the percentage rises or falls.
 * - `NotFound` means that both sides answered `NotFound`.
 *
 * The percentage belongs either to the configuration (a number) or to the journal (`{ initial }`). Processes with different numbers may run
 * at the same time, for example while a new number is deployed. With a journal and `move`, repair moves objects to their side.
 *
 * **Without a journal** a split is for keys that are written only once.
 *
 * @throws TypeError and StorageError `InvalidArgument` for members and options that cannot work.
 * @example
 * ```ts
 * const from = memory({ name: "disk" });
 * const to = memory({ name: "cloud" });
 * const storage = createStorage(split({ from, to, percent: 10, salt: "videos-2026" }));
 * const info = await storage.put("videos/42.mp4", bytes);
 * info.provider; // "disk" or "cloud", the same every time
 * ```
 */
export function split(options: SplitOptions): StorageProvider {
  knownNames("split", options, SPLIT_OPTIONS);
  const { from, to, salt, percent, onUnavailable = "fail", move = false, journal } = options;
  nonEmptyText("split", "salt", salt, "a text that is not empty");
  oneOf("split", "onUnavailable", onUnavailable, ["fail", "other"]);
  oneOf("split", "move", move, [true, false]);
  const prepared = prepareMembers("split", [from, to], options);
  const isShared = typeof percent === "object" && percent !== null;
  if (isShared) knownNames("split: percent", percent, { initial: true });
  const proposed = { salt, basisPoints: toBasisPoints(isShared ? percent.initial : percent) };
  const overwrites = assertOverwrites("split", options.overwrites);
  assertTier("split", options, { move, "percent: { initial }": isShared });
  if (move && !isShared) throw new TypeError(MOVES_BY_ONE);
  const group: Group = {
    name: options.name ?? "split",
    ...prepared,
    fallbackOn: [],
    spool: assertSpool("split", options.spool),
  };
  const onlyFirst = onUnavailable === "fail";
  if (journal !== undefined) {
    return withJournal({ group, proposed, isShared, options, journal, onlyFirst, move });
  }
  const chain: Chain = { ...group, overwrites, onlyFirst };
  return stateless({
    type: "split",
    chain,
    chainFor: (key) => ({ ...chain, members: orderFor(prepared.members, proposed, key) }),
    put: putInChain,
    need: onlyFirst ? prepared.members.length : 1,
    supports: choiceSupports(prepared.members),
    promises: [
      "an acknowledged put is on the side that its key belongs to",
      "every object is readable at every percentage",
    ],
    limits: ["objects stay where they are when the percentage changes"],
  });
}

const MOVES_BY_ONE =
  "split: move: true needs a percentage in the journal, such as `percent: { initial: 10 }`, because processes with different percentages " +
  "would move objects back and forth";

type Sides = readonly [StorageProvider, StorageProvider];

function orderFor(members: Group["members"], { salt, basisPoints }: SplitRecord, key: string): Sides {
  const [old, next] = members as unknown as Sides;
  return bucketOf(salt, key) < basisPoints ? [next, old] : [old, next];
}

interface JournaledSplit {
  readonly group: Group;
  readonly proposed: SplitRecord;
  readonly isShared: boolean;
  readonly options: SplitOptions;
  readonly journal: Journal;
  readonly onlyFirst: boolean;
  readonly move: boolean;
}

function withJournal({
  group,
  proposed,
  isShared,
  options,
  journal,
  onlyFirst,
  move,
}: JournaledSplit): StorageProvider {
  let current = proposed;
  let revision = "";
  const placement = (members: Group["members"], retiring: readonly string[]): Placement => {
    const order = (key: string): Sides => orderFor(members, current, key);
    const home: Placement = {
      ...oneHome(members, order, move, retiring),
      // Without `move`, every object may stay where it is. Each change of the percentage gets a new revision, and therefore a new epoch,
      // even if the value was used before.
      epoch: () => (move ? revision : ""),
      percent: () => toPercent(current.basisPoints),
    };
    const { writeOrder } = home;
    return onlyFirst ? { ...home, writeOrder: (key) => writeOrder(key).slice(0, 1) } : home;
  };
  const provider = journaled({
    ...group,
    type: "split",
    journal,
    placement,
    options,
    supports: choiceSupports(group.members),
    limits: [
      ...(move ? [] : ["objects stay where they are when the percentage changes"]),
      isShared
        ? "the journal keeps the percentage"
        : "each process uses the percentage of its own configuration",
    ],
    refresh: async ({ onEvent }) => {
      // If each process uses its own number, this process reads the record only once, to compare the salt.
      if (!isShared && revision !== "") return;
      const record = await recordOf(made);
      const { basisPoints } = record.value;
      if (isShared && revision === "" && basisPoints !== proposed.basisPoints) {
        const [percent, wanted] = [toPercent(basisPoints), toPercent(proposed.basisPoints)];
        onEvent?.({ type: "percent", provider: name, percent, proposed: wanted });
      }
      ({ value: current, revision } = record);
    },
  });
  const { journal: part, name, members: watched } = OWN_SETS.require(provider, "split");
  const made: Split = { journal: part, name, proposed, isShared, members: watched };
  return splits.remember(provider, made);
}

/** Returns the current percentage. The first process that reads the percentage saves its own initial percentage. */
async function recordOf({ journal, proposed, isShared, name, members }: Split): Promise<Recorded> {
  const first: SharedRecord = isShared ? proposed : { salt: proposed.salt };
  for (;;) {
    const record = await journal.readControl(CONTROL);
    if (record === undefined) {
      await journal.writeControl(CONTROL, undefined, first);
      continue;
    }
    const { revision } = record;
    const { salt, basisPoints } = record.value as SharedRecord;
    if (salt === proposed.salt) {
      if (!isShared) return { value: proposed, revision };
      if (basisPoints !== undefined) return { value: { salt, basisPoints }, revision };
      await journal.writeControl(CONTROL, revision, proposed);
      continue;
    }
    if (!(await bothHold(members))) {
      await journal.writeControl(CONTROL, revision, first);
      continue;
    }
    const reason =
      `the salt was ${JSON.stringify(salt)} and is now ${JSON.stringify(proposed.salt)}: ` +
      "keep the old salt while both sides hold objects, or most objects would be on the wrong side";
    throw new StorageError("InvalidArgument", reason, { operation: "open", provider: name });
  }
}

async function bothHold(members: readonly StorageProvider[]): Promise<boolean> {
  const pages = await Promise.all(members.map((member) => member.list({ limit: 1 })));
  return pages.every(({ objects, cursor }) => objects.length > 0 || cursor !== undefined);
}

/** Returns the current percentage of a split. */
export async function splitPercent(provider: ProviderOrStorage): Promise<number> {
  const { value } = await recordOf(splits.require(provider, "splitPercent"));
  return toPercent(value.basisPoints);
}

function toPercent(basisPoints: number): number {
  return (basisPoints * 100) / BASIS_POINTS;
}

/**
 * Changes the percentage in the journal. Every process uses the new percentage from its next write on. Every object stays readable, because
 * reads ask the side that the hash assigns to the key, and then the other side.
 *
 * @param provider - The split, or the storage that was made from it.
 * @param percent - From 0 to 100, with at most two digits after the point.
 * @throws StorageError `InvalidArgument` if the percentage of the split is a number in the configuration; `Unavailable` if the journal
 *   cannot be written.
 */
export async function setSplitPercent(
  provider: ProviderOrStorage,
  percent: number,
  options: CallOptions = {},
): Promise<void> {
  const made = splits.require(provider, "setSplitPercent");
  knownNames("setSplitPercent", options, { signal: true, onEvent: true });
  options.signal?.throwIfAborted();
  const basisPoints = toBasisPoints(percent);
  if (!made.isShared) {
    const counts = toPercent(made.proposed.basisPoints);
    const reason = `the configuration sets the percentage with \`percent: ${counts}\`: change it there, or write \`percent: { initial: ${counts} }\` to keep it in the journal`;
    throw new StorageError("InvalidArgument", reason, { operation: "open", provider: made.name });
  }
  await recordOf(made);
  const change = (was: SharedRecord | undefined): SharedRecord => ({ ...(was as SharedRecord), basisPoints });
  if ((await changeControl(made.journal, CONTROL, change, SET_TRIES)) !== undefined) return;
  throw new StorageError("Unavailable", "other processes keep changing the percentage", {
    operation: "put",
    provider: made.name,
  });
}
