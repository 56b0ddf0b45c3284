import {
  acceptMember,
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

/** What a process is started with. */
export interface Start {
  /** Which configuration. */
  readonly phase: number;
  readonly random: () => number;
}

/** The pieces of which a history is made. */
export interface Story {
  /** Clients make their calls while everything goes wrong. */
  readonly act: () => Promise<void>;
  /** Clients make their calls while nothing goes wrong. */
  readonly actCalmly: () => Promise<void>;
  /** Repair runs until nothing is left to do. */
  readonly repair: () => Promise<void>;
  readonly tryToRepair: () => Promise<void>;
  /** Lets time pass: by then others raise the mark that a dead process was about to raise. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Restarts every process: that raises the marks of the members. */
  readonly restart: () => void;
  readonly isDown: (member: string, isDown: boolean) => void;
  /** Backs a member up; what it returns restores the member from that while every process is restarted. */
  readonly backUp: (member: string) => () => void;
  readonly backUpJournal: () => () => void;
  /** Restarts every process with another configuration. */
  readonly configure: (phase: number) => void;
  readonly provider: () => StorageProvider;
}

/** A composer that is simulated. */
export interface Scenario {
  readonly name: string;
  readonly members: readonly string[];
  readonly make: (members: readonly StorageProvider[], journal: Journal, start: Start) => StorageProvider;
  /**
   * What happens, in which order.
   *
   * @default one act
   */
  readonly story?: (story: Story) => Promise<void>;
  /** How often members store fewer bytes than were sent, and say so. Copies rot then, too. */
  readonly wrong?: number;
  /** Whether processes are stopped with their timers, often, and in the middle of writes, while clients take their time. */
  readonly stopsAll?: boolean;
  /** Whether composers are members: then an old object may be sent inside of one that holds it still. */
  readonly isNested?: boolean;
  /** Whether members lose single objects. */
  readonly loses?: boolean;
  /** Whether objects that were deleted come back on a member. */
  readonly revives?: boolean;
  /** Whether members take calls and answer none for a while. */
  readonly hangs?: boolean;
  /** Which members hold an object in the end, by their indexes, where `holders` cannot say it. */
  readonly homes?: readonly number[];
  /** Something that operators do meanwhile. */
  readonly disturb?: (provider: StorageProvider, random: () => number, key: string) => Promise<void>;
  /** Which member holds a key in the end, by its index. */
  readonly homeOf?: (provider: StorageProvider, key: string) => Promise<number>;
  /** Nothing fails, but answers take long and objects move all the time: what is looked at twice has changed. */
  readonly isRestless?: boolean;
  /** It is there for faults of its own, and meets the usual ones too seldom for their floors. */
  readonly isOwnWorld?: boolean;
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
    isNested: true,
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
  {
    name: "mirror-wrong-bytes",
    isOwnWorld: true,
    members: ["a", "b", "c"],
    make: (members, journal) => mirror(members, { ...PLAIN, journal, writes: "quorum", verifyReads: true }),
    wrong: 0.1,
    loses: true,
    holders: "all",
  },
  {
    name: "mirror-revived",
    isOwnWorld: true,
    members: ["a", "b"],
    make: (members, journal) => mirror(members, { ...PLAIN, journal }),
    revives: true,
    holders: "all",
  },
  {
    name: "fallback-stopped",
    isOwnWorld: true,
    most: 300,
    members: ["a", "b"],
    make: (members, journal) => fallback(members, { ...PLAIN, journal }),
    stopsAll: true,
    holders: "first",
  },
  {
    name: "mirror-hanging",
    isOwnWorld: true,
    members: ["a", "b", "c"],
    make: (members, journal) =>
      mirror(members, { ...PLAIN, journal, writes: "primary", breaker: { openMs: 50, openMsMax: 200 } }),
    hangs: true,
    holders: "all",
  },
  {
    name: "fallback-hanging",
    isOwnWorld: true,
    members: ["a", "b"],
    make: (members, journal) =>
      fallback(members, { ...PLAIN, journal, breaker: { openMs: 50, openMsMax: 200 } }),
    hangs: true,
    holders: "first",
  },
  {
    name: "split-mixed",
    isOwnWorld: true,
    members: ["a", "b"],
    make: (members, journal, { random }) => {
      const [from, to] = two(members);
      const percent = [0, 25, 100][Math.floor(random() * 3)] ?? 0;
      return split({ ...PLAIN, journal, from, to, percent, salt: SALT });
    },
    holders: "one",
  },
  {
    name: "member-restored",
    isOwnWorld: true,
    members: ["a", "b"],
    make: (members, journal) => mirror(members, { ...PLAIN, journal, keepDeletesMs: 0 }),
    story: async ({ act, actCalmly, repair, tryToRepair, wait, restart, backUp, provider }) => {
      await act();
      await repair();
      const restore = backUp("a");
      await wait(15_000);
      restart();
      await actCalmly();
      await repair();
      // Deletes are forgotten by then, and what comes back is known by the mark alone.
      await wait(10_000);
      await repair();
      restore();
      await actCalmly();
      // A member that was backed up before it had its marker waits for the operator.
      await tryToRepair();
      await acceptMember(provider(), "a", { extras: "remove" });
    },
    holders: "all",
  },
  {
    name: "journal-restored",
    isOwnWorld: true,
    members: ["a", "b"],
    make: (members, journal) => mirror(members, { ...PLAIN, journal }),
    story: async ({ act, actCalmly, repair, wait, restart, isDown, backUpJournal }) => {
      await act();
      await repair();
      isDown("b", true);
      await actCalmly();
      const restore = backUpJournal();
      isDown("b", false);
      await wait(15_000);
      restart();
      await repair();
      await actCalmly();
      await repair();
      restore();
      await actCalmly();
    },
    holders: "all",
  },
  {
    name: "mirror-members",
    isOwnWorld: true,
    members: ["a", "b", "c"],
    make: (members, journal, { phase }) => {
      const chosen =
        [
          [0, 1],
          [0, 1, 2],
          [0, 1, 2],
          [1, 2],
        ][phase] ?? [];
      const retiring = phase === 2 ? ["a"] : [];
      return mirror(
        chosen.map((index) => members[index] as StorageProvider),
        { ...PLAIN, journal, retiring },
      );
    },
    story: async (story) => await changeMembers(story),
    homes: [1, 2],
    holders: "all",
  },
  {
    name: "fallback-members",
    isOwnWorld: true,
    members: ["a", "b", "c"],
    make: (members, journal, { phase }) => {
      const chosen =
        [
          [0, 1],
          [0, 2, 1],
          [0, 2, 1],
          [2, 1],
        ][phase] ?? [];
      const retiring = phase === 2 ? ["a"] : [];
      return fallback(
        chosen.map((index) => members[index] as StorageProvider),
        { ...PLAIN, journal, retiring },
      );
    },
    story: async (story) => await changeMembers(story),
    homes: [2],
    holders: "one",
  },
];

/** A member is added, another is retiring, and is left out when it is empty. */
async function changeMembers({ act, repair, wait, configure }: Story): Promise<void> {
  await act();
  configure(1);
  await act();
  configure(2);
  await act();
  await repair();
  // A member that was not asked for a while is seen to be empty once it answers a probe.
  await wait(15_000);
  await repair();
  configure(3);
  await act();
}
