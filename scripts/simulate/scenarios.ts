import {
  adoptKey,
  expiring,
  fallback,
  mirror,
  setSplitPercent,
  split,
  splitPercent,
  type Journal,
  type StorageProvider,
} from "./core.js";
import { bucketOf } from "../../packages/core/src/compose/split-hash.js";

/** What of the protocol's times is the same for all. In milliseconds of virtual time. */
export const TIMES = { settleMs: 2000, leaseMs: 1500, waitMs: 3000, graceMs: 400, askMs: 250 } as const;

const PLAIN = { ...TIMES, retry: false, timeouts: false } as const;

/** A composer that is simulated. */
export interface Scenario {
  readonly name: string;
  readonly members: readonly string[];
  readonly make: (members: readonly StorageProvider[], journal: Journal) => StorageProvider;
  /** Something that operators do meanwhile. */
  readonly disturb?: (provider: StorageProvider, random: () => number, key: string) => Promise<void>;
  /** Which member holds a key in the end, by its index. */
  readonly homeOf?: (provider: StorageProvider, key: string) => Promise<number>;
  /** Nothing fails, but answers take long and objects move all the time: what is looked at twice has changed. */
  readonly isRestless?: boolean;
  /** So many histories are enough, unless it is asked for by name: it is there for single rules. */
  readonly most?: number;
  /** How many members hold an object in the end; or which. */
  readonly holders: "all" | "first" | "last" | "one";
}

function two(members: readonly StorageProvider[]): readonly [StorageProvider, StorageProvider] {
  return members as readonly [StorageProvider, StorageProvider];
}

const SALT = "s";

async function sideOf(provider: StorageProvider, key: string): Promise<number> {
  return bucketOf(SALT, key) < (await splitPercent(provider)) * 100 ? 1 : 0;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Nothing stays there for long; under a composer that holds the key it needs no conditional delete. */
function shortLived(member: StorageProvider): StorageProvider {
  const rules = [{ prefix: "", expireAfterDays: 200 / DAY_MS }];
  return expiring(member, rules, { everySeconds: 0.05, overwrites: "never" });
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "fallback",
    members: ["a", "b"],
    make: (members, journal) => fallback(members, { ...PLAIN, journal }),
    holders: "first",
  },
  {
    name: "fallback-stays",
    members: ["a", "b", "c"],
    make: (members, journal) => fallback(members, { ...PLAIN, journal, drain: "never" }),
    holders: "one",
  },
  {
    name: "mirror-all",
    members: ["a", "b"],
    make: (members, journal) => mirror(members, { ...PLAIN, journal, writes: "all" }),
    holders: "all",
  },
  {
    name: "mirror-quorum",
    members: ["a", "b", "c"],
    make: (members, journal) => mirror(members, { ...PLAIN, journal, writes: "quorum" }),
    holders: "all",
  },
  {
    name: "mirror-primary",
    members: ["a", "b"],
    make: (members, journal) => mirror(members, { ...PLAIN, journal, writes: "primary" }),
    holders: "all",
  },
  {
    name: "mirror-expiring",
    most: 1000,
    members: ["a", "b"],
    make: ([a, b], journal) =>
      mirror([shortLived(a as StorageProvider), b as StorageProvider], {
        ...PLAIN,
        journal,
        writes: "primary",
      }),
    holders: "last",
  },
  {
    name: "split",
    members: ["a", "b"],
    make: (members, journal) => {
      const [from, to] = two(members);
      return split({
        ...PLAIN,
        journal,
        from,
        to,
        percent: { initial: 50 },
        salt: SALT,
        move: true,
        onUnavailable: "other",
      });
    },
    disturb: async (provider, random) => await setSplitPercent(provider, Math.floor(random() * 5) * 25),
    homeOf: sideOf,
    holders: "one",
  },
  {
    name: "moves",
    most: 1000,
    members: ["a", "b"],
    make: (members, journal) => {
      const [from, to] = two(members);
      const breaker = { consecutive: 2 };
      // Answers take up to 800 ms here, and none is too late.
      return split({
        ...PLAIN,
        askMs: 2000,
        breaker,
        journal,
        from,
        to,
        percent: { initial: 0 },
        salt: SALT,
        move: true,
      });
    },
    disturb: async (provider, random, key) => {
      if (random() < 0.3) await setSplitPercent(provider, random() < 0.5 ? 0 : 100);
      else await adoptKey(provider, key);
    },
    homeOf: sideOf,
    isRestless: true,
    holders: "one",
  },
  {
    name: "fallback-of-mirrors",
    members: ["a", "b", "c", "d"],
    make: ([a, b, c, d], journal) =>
      fallback(
        [
          mirror([a, b] as StorageProvider[], { ...PLAIN, journal, name: "near" }),
          mirror([c, d] as StorageProvider[], { ...PLAIN, journal, name: "far", writes: "primary" }),
        ],
        { ...PLAIN, journal },
      ),
    holders: "first",
  },
];
