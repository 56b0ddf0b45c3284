import type { Journal } from "../contract/journal.js";
import type { StorageProvider } from "../contract/provider.js";
import type { ReplayableOptions } from "../body/replayable.js";
import { assertFallbackOn, assertSpool, type FallbackOnCode, type Group } from "./group.js";
import { putInChain } from "./stateless/fallback-put.js";
import { MEMBER_OPTIONS, prepareMembers, type MemberOptions, type Prepared } from "./members.js";
import { JOURNAL_OPTIONS, type JournalOptions } from "./journaled/create-set.js";
import { oneHome } from "./journaled/row/placement.js";
import { journaled } from "./journaled/journaled.js";
import { assertOverwrites, assertTier, stateless } from "./stateless/stateless.js";
import { choiceSupports } from "./supports.js";
import { knownNames, oneOf, type OptionNames } from "../kit/options.js";

/** The options of {@link fallback}. */
export interface FallbackOptions extends MemberOptions, JournalOptions {
  /**
   * The composer's name, in errors and in its journal.
   *
   * @default `"fallback"`
   */
  readonly name?: string | undefined;
  /**
   * With a journal: `"home"` has repair move objects to the first member when it is back, `"never"` leaves them
   * where they are.
   *
   * @default `"home"`
   */
  readonly drain?: "home" | "never" | undefined;
  /**
   * Without a journal, for a put of a key that exists: `"refuse"` rejects with `AlreadyExists`, `"may-be-stale"`
   * writes, and says where an older copy may be left.
   *
   * @default `"refuse"`
   */
  readonly overwrites?: "refuse" | "may-be-stale" | undefined;
  /**
   * Failures that end a call by default, and on which the chain shall go on instead. Mind that wrong credentials
   * then move all new objects to the next member, silently but for the events.
   *
   * @default none
   */
  readonly fallbackOn?: readonly FallbackOnCode[] | undefined;
  /**
   * How a one-shot body is kept while a later member may need it.
   *
   * @default what each of its options says
   */
  readonly spool?: ReplayableOptions | undefined;
}

const FALLBACK_OPTIONS: OptionNames<FallbackOptions> = {
  ...MEMBER_OPTIONS,
  ...JOURNAL_OPTIONS,
  name: true,
  drain: true,
  overwrites: true,
  fallbackOn: true,
  spool: true,
};

/**
 * A chain of providers: writes go to the first that works, reads go where the object is.
 *
 * It buys availability of **writes**: an object lives in one member, and is out of reach while that member
 * is down. What moves a call on to the next member is the last column of the table of error codes: a member
 * that is down, slow, full, rate-limited or cannot hold the object; not wrong credentials, not a missing
 * bucket, not the caller's mistakes.
 *
 * **This chain keeps no journal**, so it is for keys that are written once:
 * - A put asks every member first. A key that exists is `AlreadyExists`. With `overwrites: "may-be-stale"`
 *   it is written, older copies that can be told apart are cleared, and `info.unconfirmed` names the members
 *   that may still hold one; a read while an earlier member is down then says `info.mayBeStale`.
 * - A put while a member is down succeeds elsewhere, and names that member in `info.unconfirmed`: it could
 *   not be asked, so a key that was written before is not noticed.
 * - `NotFound` means that every member answered so; with one down it is `Unavailable`.
 * - A delete succeeds when every member has confirmed it, and starts with the last.
 * - A listing is whole, or `Unavailable`.
 * - After an unknown outcome the member is asked, by the write id, before the chain moves on; when it does
 *   not answer it is named in `info.unconfirmed`.
 * - Objects are not moved home when the first member is back.
 *
 * @param members - In order of preference. Names and places must differ.
 * @throws TypeError and StorageError `InvalidArgument` for members and options that cannot work.
 * @example
 * ```ts
 * const storage = createStorage(fallback([memory({ name: "first" }), memory({ name: "second" })]));
 * const info = await storage.put("videos/42.mp4", bytes);
 * info.provider; // "first"
 * ```
 */
export function fallback(
  members: readonly StorageProvider[],
  options: FallbackOptions = {},
): StorageProvider {
  knownNames("fallback", options, FALLBACK_OPTIONS);
  const prepared = prepareMembers("fallback", members, options);
  const overwrites = assertOverwrites("fallback", options.overwrites);
  oneOf("fallback", "drain", options.drain, [undefined, "home", "never"]);
  assertTier("fallback", options, {});
  if (options.journal !== undefined) return withJournal(prepared, options.journal, options);
  return stateless({
    type: "fallback",
    chain: { ...groupOf(prepared, options), overwrites },
    put: putInChain,
    need: 1,
    supports: choiceSupports(prepared.members),
    promises: ["an acknowledged put is on one member, as durable as that member is"],
    limits: [OUT_OF_REACH, "objects do not move home when the first member is back"],
  });
}

const OUT_OF_REACH = "an object is out of reach while the member that holds it is down";

function groupOf(prepared: Prepared, options: FallbackOptions): Group {
  return {
    name: options.name ?? "fallback",
    ...prepared,
    fallbackOn: assertFallbackOn(options.fallbackOn ?? []),
    spool: assertSpool("fallback", options.spool),
  };
}

function withJournal(prepared: Prepared, journal: Journal, options: FallbackOptions): StorageProvider {
  const { drain } = options;
  return journaled({
    ...groupOf(prepared, options),
    type: "fallback",
    journal,
    placement: (all, retiring) => oneHome(all, () => all, drain !== "never", retiring),
    options,
    supports: choiceSupports(prepared.members),
    limits: [OUT_OF_REACH, ...(drain === "never" ? ["objects stay on the member that took them"] : [])],
  });
}
