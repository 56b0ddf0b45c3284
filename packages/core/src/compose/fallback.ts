import { describeProvider, type EveryMember } from "../intercept.js";
import type { Journal } from "../journal.js";
import type { Description, StorageProvider, Supports } from "../provider.js";
import type { ReplayableOptions } from "../replayable.js";
import { assertAskMs, assertFallbackOn, type Chain, type FallbackOnCode } from "./chain.js";
import { copyInChain } from "./fallback-copy.js";
import { deleteFromChain } from "./fallback-delete.js";
import { putInChain } from "./fallback-put.js";
import { mayBeStale, readFromChain, signForHolder } from "./fallback-read.js";
import { closeAll, prepareMembers, type MemberOptions } from "./members.js";
import { mergeLists } from "./merge-list.js";
import type { JournalOptions } from "./replicas/create-set.js";
import { oneHome } from "./replicas/placements.js";
import { replicated } from "./replicas/replicated.js";
import { choiceSupports } from "./supports.js";
import { joinedUpkeep } from "./upkeep.js";

export interface FallbackOptions extends MemberOptions, JournalOptions {
  /** Default `"fallback"`. */
  readonly name?: string | undefined;
  /**
   * With a journal: whether repair moves objects to the first member when it is back (`"home"`, the default), or
   * leaves them where they are (`"never"`).
   */
  readonly drain?: "home" | "never" | undefined;
  /**
   * Without a journal: what a put of a key that exists does: `"refuse"` it with `AlreadyExists` (the default), or write it and
   * say where an older copy may be left (`"may-be-stale"`).
   */
  readonly overwrites?: "refuse" | "may-be-stale" | undefined;
  /**
   * Failures that end a call by default, and on which the chain shall go on instead. Mind that wrong
   * credentials then move all new objects to the next member, silently but for the events.
   */
  readonly fallbackOn?: readonly FallbackOnCode[] | undefined;
  /** How a one-shot body is kept while a later member may need it. */
  readonly spool?: ReplayableOptions | undefined;
  /** How long a member may take to say whether it holds a key, in milliseconds; default 5,000. */
  readonly askMs?: number | undefined;
}

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
  const prepared = prepareMembers("fallback", members, options);
  if (options.journal !== undefined) return withJournal(prepared, options.journal, options);
  if (options.drain !== undefined) throw new TypeError("fallback: drain needs a journal");
  const chain: Chain = {
    name: options.name ?? "fallback",
    members: prepared,
    overwrites: assertOverwrites(options.overwrites ?? "refuse"),
    fallbackOn: assertFallbackOn(options.fallbackOn ?? []),
    spool: options.spool ?? {},
    askMs: assertAskMs("fallback", options.askMs),
  };
  return provider(chain, prepared);
}

function withJournal(
  members: Chain["members"],
  journal: Journal,
  options: FallbackOptions,
): StorageProvider {
  const { drain = "home" } = options;
  if (drain !== "home" && drain !== "never") {
    throw new TypeError(`fallback: drain is "home" or "never", not ${String(drain)}`);
  }
  if (options.overwrites !== undefined) {
    throw new TypeError("fallback: overwrites is for chains without a journal; with one every overwrite is exact");
  }
  return replicated({
    type: "fallback",
    name: options.name ?? "fallback",
    members,
    fallbackOn: assertFallbackOn(options.fallbackOn ?? []),
    spool: options.spool,
    askMs: assertAskMs("fallback", options.askMs),
    journal,
    placement: oneHome(members, () => members, drain === "home"),
    options,
    supports: choiceSupports(members),
    limits: [
      "an object is out of reach while the member that holds it is down",
      ...(drain === "never" ? ["objects stay on the member that took them"] : []),
    ],
  });
}

function provider(chain: Chain, members: Chain["members"]): StorageProvider {
  const canSign = members.some(({ signedUrl }) => signedUrl !== undefined);
  return {
    name: chain.name,
    supports: supportsOf(chain),
    put: (key, body, call) => putInChain(chain, key, body, call),
    get: async (key, call) => {
      const read = await readFromChain(chain, "get", key, call, (member) => member.get(key, call));
      const { result } = read;
      return mayBeStale(chain, read) ? { ...result, info: { ...result.info, mayBeStale: true } } : result;
    },
    head: async (key, call) => {
      const read = await readFromChain(chain, "head", key, call, (member) => member.head(key, call));
      return mayBeStale(chain, read) ? { ...read.result, mayBeStale: true } : read.result;
    },
    delete: (key, call) => deleteFromChain(chain, key, call),
    list: (call) => mergeLists(chain.name, members, call),
    ref: (key) => members[0].ref(key),
    locate: (text) => {
      for (const member of members) {
        const found = member.locate(text);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    copy: (from, to, call) => copyInChain(chain, from, to, call),
    publicUrl: undefined,
    signedUrl: canSign ? (key, call) => signForHolder(chain, key, call) : undefined,
    signUpload: undefined,
    multipart: undefined,
    importFrom: undefined,
    deleteMany: undefined,
    upkeep: joinedUpkeep(members),
    describe: () => describe(chain),
    close: () => closeAll(members),
  } satisfies EveryMember<StorageProvider>;
}

function assertOverwrites(overwrites: "refuse" | "may-be-stale"): Chain["overwrites"] {
  if (overwrites === "refuse" || overwrites === "may-be-stale") return overwrites;
  throw new TypeError(`fallback: overwrites is "refuse" or "may-be-stale", not ${String(overwrites)}`);
}

function supportsOf({ members, overwrites }: Chain): Supports {
  const supports = choiceSupports(members);
  return overwrites === "refuse" ? { ...supports, overwrite: false, ifMatch: false } : supports;
}

function describe({ name, members, overwrites }: Chain): Description {
  const writeOnce = overwrites === "refuse";
  return {
    kind: "composer",
    type: "fallback",
    name,
    tier: "stateless",
    promises: [
      "an acknowledged put is on one member, as durable as that member is",
      "NotFound is never returned because a member was unreachable",
      "a delete is acknowledged only when every member confirmed it",
      "a listing holds every key once, in UTF-8 byte order, or fails",
      "a truncated or mismatching body is never committed",
      ...(writeOnce
        ? ["reads return the one version of a key that was written while all members answered"]
        : []),
    ],
    limits: [
      "without a journal it is for keys that are written once",
      "an object is out of reach while the member that holds it is down",
      "objects do not move home when the first member is back",
      writeOnce
        ? "a key that exists on a member that is down can be written again elsewhere: see info.unconfirmed"
        : "a read may return an older copy: see info.unconfirmed and info.mayBeStale",
    ],
    members: members.map(describeProvider),
  };
}
