import { describeProvider, type EveryMember } from "../../wrap/intercept.js";
import type { Body, Description } from "../../contract/provider.js";
import type { ObjectInfo } from "../../contract/object.js";
import type { Chain } from "./chain.js";
import { copyInChain } from "./fallback-copy.js";
import { deleteAtRef, deleteFromChain } from "./fallback-delete.js";
import { mayBeStale, linkInChain, readFromChain } from "./fallback-read.js";
import { linksOf } from "../holder-link.js";
import { closeAll, joinedExpiry, locateIn, reopenAll } from "../members.js";
import { unlessWithdrawn } from "../withdrawn.js";
import { PROMISES } from "../promises.js";
import { mergeLists } from "../merge-list.js";
import type { PutOptions } from "../../contract/call-options.js";
import type { Supports } from "../../contract/supports.js";
import { verifyOne } from "../../body/verify-one.js";
import type { Upkeep, Verified, VerifyCall } from "../../contract/upkeep.js";
import { healthOfMembers } from "../../kit/health.js";
import { joinedUpkeep } from "../../kit/joined-upkeep.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { oneOf } from "../../kit/options.js";

/** The parts from which a composer without a journal is made. */
export interface StatelessParts {
  readonly type: string;
  /** The members in the order in which they are written, read and listed. */
  readonly chain: Chain;
  /** Returns the chain with the members in the order for one key; absent if all keys have the same order. */
  readonly chainFor?: ((key: string) => Chain) | undefined;
  readonly put: (chain: Chain, key: string, body: Body, options: PutOptions) => Promise<ObjectInfo>;
  /** True if an object goes to several members. */
  readonly isMirror?: boolean | undefined;
  /** The number of members that must work for `health()` to call the composer ready. */
  readonly need: number;
  readonly supports: Supports;
  readonly promises: readonly string[];
  readonly limits: readonly string[];
}

/** Makes a provider from several members, without a journal. The provider is for keys that are written only once. */
export function stateless(parts: StatelessParts): ComposedProvider {
  const { chain, chainFor = () => chain, put } = parts;
  const { name, members } = chain;
  return {
    name,
    supports: supportsOf(parts),
    put: (key, body, call) =>
      unlessWithdrawn("put", name, call, (options) => put(chainFor(key), key, body, options)),
    get: async (key, call) => {
      const read = await readFromChain(chainFor(key), "get", key, call, (member) => member.get(key, call));
      const { result } = read;
      return mayBeStale(chain, read) ? { ...result, info: { ...result.info, mayBeStale: true } } : result;
    },
    head: async (key, call) => {
      const read = await readFromChain(chainFor(key), "head", key, call, (member) => member.head(key, call));
      return mayBeStale(chain, read) ? { ...read.result, mayBeStale: true } : read.result;
    },
    delete: (key, { ref, ...call }) =>
      unlessWithdrawn("delete", name, call, (options) =>
        ref === undefined || parts.isMirror === true
          ? deleteFromChain(chainFor(key), key, options)
          : deleteAtRef(chainFor(key), key, ref, options),
      ),
    list: async (call) => {
      const { differing: _differing, end: _end, ...page } = await mergeLists(name, members, call);
      return page;
    },
    ref: (key) => chainFor(key).members[0].ref(key),
    locate: (text) => locateIn(members, text),
    copy: (from, to, call) =>
      unlessWithdrawn("copy", name, call, (options) =>
        copyInChain(chainFor(from), from, to, options, {
          home: parts.isMirror === true ? undefined : chainFor(to).members[0],
          put: (key, body, facts) => put(chainFor(key), key, body, facts),
        }),
      ),
    ...linksOf(members, (verb, key, call) => linkInChain(chainFor(key), verb, key, call)),
    signUpload: undefined,
    multipart: undefined,
    finalize: undefined,
    importFrom: undefined,
    move: undefined,
    deleteMany: undefined,
    expiresAfterMs: joinedExpiry(members, parts.isMirror === true),
    health: () => healthOfMembers(members, parts.need),
    upkeep: upkeepOf(members, parts.isMirror === true),
    describe: () => describe(parts),
    reopen: () => reopenAll(members),
    close: () => closeAll(members),
  } satisfies EveryMember<ComposedProvider>;
}

/** Returns the upkeep of the members. If one member has a journal, the members without a journal are verified too. */
function upkeepOf(members: Chain["members"], isMirror: boolean): Upkeep | undefined {
  const joined = joinedUpkeep(members.map((member) => member.upkeep));
  if (joined?.verify === undefined) return joined;
  return { ...joined, verify: (call) => verifyEach(members, isMirror, call) };
}

async function verifyEach(members: Chain["members"], isMirror: boolean, call: VerifyCall): Promise<Verified> {
  let [objects, pending] = [0, 0];
  for (const member of members) {
    const verified = await verifyOne(member, call);
    objects = isMirror ? Math.max(objects, verified.objects) : objects + verified.objects;
    pending += verified.pending;
  }
  return { objects, pending };
}

function supportsOf({ chain: { overwrites }, supports }: StatelessParts): Supports {
  return overwrites === "refuse" ? { ...supports, overwrite: false, ifMatch: false } : supports;
}

function describe({ type, chain, promises, limits }: StatelessParts): Description {
  const { name, members, overwrites } = chain;
  return {
    kind: "composer",
    type,
    name,
    tier: "stateless",
    promises: [
      ...promises,
      PROMISES.P4,
      "a delete is acknowledged only when every member has confirmed it",
      PROMISES.P9,
      PROMISES.P7,
      ...(overwrites === "refuse"
        ? ["if all members answered when a key was written, reads return the only version of the key"]
        : []),
    ],
    limits: [
      "without a journal, each key must be written only once",
      ...limits,
      overwrites === "refuse"
        ? "a key that exists on a member that is down can be written again elsewhere: see info.unconfirmed"
        : "a read may return an older copy: see info.unconfirmed and info.mayBeStale",
    ],
    members: members.map(describeProvider),
  };
}

export function assertOverwrites(
  type: string,
  overwrites: Chain["overwrites"] = "refuse",
): Chain["overwrites"] {
  return oneOf(type, "overwrites", overwrites, ["refuse", "may-be-stale"]);
}

/**
 * Refuses options that have no effect without a journal, or no effect with a journal. An option is accepted if its value is the default or
 * describes the behaviour that happens anyway.
 *
 * @param asked - The options that need a journal. Each name is used in the error message, and each value tells whether the caller has set
 *   the option.
 */
export function assertTier(
  type: string,
  options: { readonly journal?: unknown; readonly overwrites?: unknown },
  asked: Readonly<Record<string, boolean>>,
): void {
  if (options.journal !== undefined && typeof Object(options.journal).open !== "function") {
    throw new TypeError(`${type}: journal must be the result of sqliteJournal(path) or memoryJournal()`);
  }
  if (options.journal === undefined) {
    const [name] = Object.entries(asked).find(([, isAsked]) => isAsked) ?? [];
    if (name !== undefined) throw new TypeError(`${type}: ${name} needs a journal`);
  } else if (options.overwrites !== undefined && options.overwrites !== "refuse") {
    throw new TypeError(
      `${type}: the option overwrites is only for composers without a journal; with a journal, every overwrite is exact`,
    );
  }
}
