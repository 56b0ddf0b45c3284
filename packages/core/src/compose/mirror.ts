import type { StorageProvider } from "../contract/provider.js";
import type { ReplayableOptions } from "../body/replayable.js";
import { assertSpool, type Group } from "./group.js";
import { MEMBER_OPTIONS, prepareMembers, type MemberOptions } from "./members.js";
import { putOnMirror } from "./stateless/mirror-put.js";
import { JOURNAL_OPTIONS, type JournalOptions } from "./journaled/create-set.js";
import type { HedgeOptions } from "./journaled/hedge.js";
import { everywhere, type Placement } from "./journaled/row/placement.js";
import type { Chain } from "./stateless/chain.js";
import { journaled } from "./journaled/journaled.js";
import { assertOverwrites, assertTier, stateless } from "./stateless/stateless.js";
import { everySupports } from "./supports.js";
import { anArray, knownNames, oneOf, type OptionNames } from "../kit/options.js";

/** The options of {@link mirror}. */
export interface MirrorOptions extends MemberOptions, JournalOptions {
  /**
   * The composer's name, in errors and in its journal.
   *
   * @default `"mirror"`
   */
  readonly name?: string | undefined;
  /**
   * The number of members that must have a write before it is acknowledged: `"all"`, more than half (`"quorum"`), or one (`"primary"`, only
   * with a journal). With a journal, repair copies the object to the other members.
   *
   * @default `"all"`
   */
  readonly writes?: "all" | "quorum" | "primary" | undefined;
  /**
   * The order in which members are read. Give the names of all members, or only of the members that come first.
   *
   * @default the order in which the members are given
   */
  readonly reads?: readonly string[] | undefined;
  /**
   * With a journal: a read that takes longer than 95% of recent reads is also sent to the next member, and the quicker answer counts.
   *
   * @default none
   */
  readonly hedge?: HedgeOptions | undefined;
  /**
   * Without a journal: the behaviour of a put when the key exists, as in a fallback chain.
   *
   * @default `"refuse"`
   */
  readonly overwrites?: Chain["overwrites"] | undefined;
  /**
   * The options of the spool, which keeps a one-shot body while a member needs it again.
   *
   * @default the default of each of its options
   */
  readonly spool?: ReplayableOptions | undefined;
}

const MIRROR_OPTIONS: OptionNames<MirrorOptions> = {
  ...MEMBER_OPTIONS,
  ...JOURNAL_OPTIONS,
  name: true,
  writes: true,
  reads: true,
  hedge: true,
  overwrites: true,
  spool: true,
};

/**
 * Keeps a copy of every object on every member. Each body is read only once, for all members together.
 *
 * **With a journal**
 * - A put is acknowledged as soon as enough members have the object, as set by `writes`. Before that, the journal saves
 *   which members lack the object. Repair then copies the object to these members, with the same bytes, headers and
 *   metadata.
 * - If too few members store the object, the put fails with `PartialWrite`. The members that have the object keep it,
 *   and repair copies the object to the other members.
 * - A delete is decided as soon as the journal has saved it. Repair deletes the copies on members that do not answer, and these copies
 *   never come back.
 * - Reads go to a member that holds the last acknowledged version, in the order of `reads`.
 * - `info.copies` says what each member held when the put was acknowledged.
 *
 * **Without a journal** the mirror is for keys that are written only once:
 * - A put of a key that exists fails with `AlreadyExists`, unless `overwrites` allows an older copy to remain.
 * - If too few members store an object, the put is undone. If that is not possible, the put fails with `PartialWrite`.
 * - A delete succeeds when every member has confirmed it. `NotFound` means that every member answered `NotFound`.
 *
 * @param members - The members. Their names and places must differ.
 * @throws TypeError and StorageError `InvalidArgument` for members and options that cannot work.
 * @example
 * ```ts
 * const storage = createStorage(mirror([memory({ name: "disk" }), memory({ name: "cloud" })], { journal: memoryJournal() }));
 * const info = await storage.put("videos/42.mp4", bytes);
 * info.copies?.map(({ provider, state }) => `${provider}: ${state}`); // ["disk: current", "cloud: current"]
 * ```
 */
export function mirror(members: readonly StorageProvider[], options: MirrorOptions = {}): StorageProvider {
  knownNames("mirror", options, MIRROR_OPTIONS);
  const prepared = prepareMembers("mirror", members, options);
  const { journal, writes = "all" } = options;
  const overwrites = assertOverwrites("mirror", options.overwrites);
  const { hedge } = options;
  assertTier("mirror", options, { hedge: hedge !== undefined, 'writes: "primary"': writes === "primary" });
  const order = inOrder(prepared.members, options.reads ?? []);
  const placement = (all: Group["members"], retiring: readonly string[]): Placement => {
    const reads = inOrder(all, options.reads ?? []);
    return everywhere(all, assertWrites(writes), () => reads, retiring);
  };
  const group: Group = {
    name: options.name ?? "mirror",
    ...prepared,
    fallbackOn: [],
    spool: assertSpool("mirror", options.spool),
  };
  const supports = everySupports(prepared.members);
  if (journal !== undefined) {
    return journaled({ ...group, type: "mirror", journal, placement, options, supports, limits: [], hedge });
  }
  const { need } = placement(prepared.members, []);
  return stateless({
    type: "mirror",
    chain: { ...group, members: order, overwrites },
    put: (chain, key, body, call) => putOnMirror(chain, need, key, body, call),
    isMirror: true,
    need,
    // Several members cannot agree on which of two writers was first.
    supports: { ...supports, ifMatch: false },
    promises: [`an acknowledged put is on at least ${need} of ${order.length} members`],
    limits: ["missing copies are not repaired"],
  });
}

function assertWrites(writes: MirrorOptions["writes"]): "all" | "quorum" | "primary" {
  return oneOf("mirror", "writes", writes, ["all", "quorum", "primary"]);
}

function inOrder(members: Group["members"], reads: readonly string[]): Group["members"] {
  anArray("mirror", "reads", reads, "names of members");
  const wrong = reads.find((name) => !members.some((member) => member.name === name));
  if (wrong !== undefined)
    throw new TypeError(`mirror: ${JSON.stringify(wrong)} in the option reads is not a member`);
  const preferred = reads.flatMap((name) => members.find((member) => member.name === name) ?? []);
  const [first, ...rest] = [...preferred, ...members.filter((member) => !preferred.includes(member))];
  if (first === undefined) throw new TypeError("mirror needs at least one provider");
  return [first, ...rest];
}
