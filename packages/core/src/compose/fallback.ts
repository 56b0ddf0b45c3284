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
   * With a journal: `"home"` means that repair moves objects to the first member once that member works again.
   * `"never"` means that objects stay where they are.
   *
   * @default `"home"`
   */
  readonly drain?: "home" | "never" | undefined;
  /**
   * Without a journal: the behaviour of a put when the key exists. `"refuse"` rejects with `AlreadyExists`. `"may-be-stale"` writes the
   * object, and `info.unconfirmed` names the members that may keep an older copy.
   *
   * @default `"refuse"`
   */
  readonly overwrites?: "refuse" | "may-be-stale" | undefined;
  /**
   * Error codes that also send a call to the next member. By default these errors end the call. Be careful with the
   * codes for wrong credentials. If `fallbackOn` names these codes and the credentials are wrong, all new objects go to
   * the next member. Only the events then show that the credentials are wrong.
   *
   * @default none
   */
  readonly fallbackOn?: readonly FallbackOnCode[] | undefined;
  /**
   * The options of the spool, which keeps a one-shot body while a later member may need it.
   *
   * @default the default of each of its options
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
 * Makes a chain of providers: writes go to the first member that works, and reads go to the member that holds the object.
 *
 * The chain keeps **writes** available. Each object is on one member, and cannot be read while that member is down. A
 * call moves on to the next member when a member is down, slow, full or rate-limited, or cannot hold the object. The
 * last column of the table of error codes lists these failures. Wrong credentials, a missing bucket and mistakes of the
 * caller end the call.
 *
 * **Without a journal** the chain is for keys that are written only once:
 * - A put asks every member first. A put of a key that exists fails with `AlreadyExists`. With
 *   `overwrites: "may-be-stale"` the object is written, and older copies are deleted if they can be recognised.
 *   `info.unconfirmed` then names the members that may still hold an older copy. Such a chain sets `info.mayBeStale` on
 *   reads while an earlier member is down.
 * - A put while a member is down succeeds on another member, and `info.unconfirmed` names the member that is down. The put cannot ask that
 *   member, so it does not notice an object that was written there before.
 * - `NotFound` means that every member answered `NotFound`. While a member is down the error is `Unavailable`.
 * - A delete starts with the last member, and succeeds when every member has confirmed the delete.
 * - A listing is complete, or fails with `Unavailable`.
 * - If the outcome of a write is unknown, the chain asks the member whether it has stored the write, and only then
 *   tries the next member. If the member does not answer, `info.unconfirmed` names the member.
 * - When the first member works again, objects stay where they are.
 *
 * @param members - The members, in order of preference. Their names and places must differ.
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
    promises: ["an acknowledged put is on one member, and is as durable as that member"],
    limits: [OUT_OF_REACH, "objects do not move to the first member when that member works again"],
  });
}

const OUT_OF_REACH = "an object cannot be read while the member that holds it is down";

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
    limits: [OUT_OF_REACH, ...(drain === "never" ? ["objects stay on the member that stored them"] : [])],
  });
}
