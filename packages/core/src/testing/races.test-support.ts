import { assert, asyncProperty, scheduler as orders, type Scheduler } from "fast-check";
import { randomUUID } from "node:crypto";
import { fallback } from "../compose/fallback.js";
import type { MemberOptions } from "../compose/members.js";
import { mirror } from "../compose/mirror.js";
import type { JournalOptions } from "../compose/journaled/create-set.js";
import { split } from "../compose/split.js";
import { createStorage } from "../facade/create-storage.js";
import { isStorageError } from "../contract/errors.js";
import type { Journal } from "../contract/journal.js";
import { memoryJournal } from "../memory/memory-journal.js";
import type { StorageProvider } from "../contract/provider.js";
import type { FileStorage } from "../facade/storage.js";
import { testMember, type TestMember } from "./member.test-support.js";
import { seed } from "./random.test-support.js";

/** Interleavings of one race. */
const RUNS = 100;

/** Members and processes whose every step waits until the scheduler lets it go on. */
export interface Race {
  readonly first: TestMember;
  readonly second: TestMember;
  /** One process; all share a journal. */
  readonly start: () => FileStorage;
  /** The provider of the process that was started last. */
  readonly provider: () => StorageProvider;
  /** Waits until the scheduler lets it go on: something may happen at any moment then. */
  readonly step: (what: string) => Promise<void>;
  /** By the journal's clock. */
  readonly pass: (milliseconds: number) => void;
  /** Runs everything at once, in an order that is drawn; each ends with its result or its error. */
  readonly together: (...acts: readonly (() => Promise<unknown>)[]) => Promise<readonly unknown[]>;
  /** From here on nothing waits any more: repair until nothing is left to do. */
  readonly settle: (storage: FileStorage) => Promise<void>;
}

export type MakeComposer = (members: readonly StorageProvider[], journal: Journal) => StorageProvider;

/** Copies that were moved stay for longer than a page of a listing takes, most of the time. */
const GRACE_MS = 20;

export const quick: MemberOptions & JournalOptions = {
  graceMs: GRACE_MS,
  settleMs: 0,
  retry: false,
  timeouts: false,
};

export const COMPOSERS: Readonly<Record<string, MakeComposer>> = {
  "a mirror": (members, journal) => mirror(members, { ...quick, journal }),
  "a mirror that answers after the first": (members, journal) =>
    mirror(members, { ...quick, journal, writes: "primary" }),
  "a chain": (members, journal) => fallback(members, { ...quick, journal }),
};

export const splitting: MakeComposer = ([from, to], journal) =>
  split({
    ...quick,
    from: from as StorageProvider,
    to: to as StorageProvider,
    percent: { initial: 0 },
    salt: "s",
    move: true,
    journal,
  });

/** The text, or `undefined` for a key that has no object. */
export async function textOf(storage: FileStorage, key = "a"): Promise<string | undefined> {
  try {
    return await (await storage.get(key)).text();
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Every key, or `undefined` when a page took too long to be whole. */
export async function keysOf(storage: FileStorage): Promise<readonly string[] | undefined> {
  const keys: string[] = [];
  try {
    for await (const { key } of storage.list()) keys.push(key);
    return keys;
  } catch (error) {
    if (isStorageError(error, "Unavailable")) return undefined;
    throw error;
  }
}

export const codeOf = (result: unknown): string => (isStorageError(result) ? result.code : "done");

/** Plays a race in many orders. What fails is printed with its seed, for `STOWAGE_SEED`, and the order. */
export async function race(make: MakeComposer, play: (race: Race) => Promise<void>): Promise<void> {
  const property = asyncProperty(orders(), async (scheduler) => {
    await play(racing(make, scheduler));
  });
  await assert(property, { numRuns: RUNS, seed });
}

function racing(make: MakeComposer, scheduler: Scheduler): Race {
  let isOrdered = false;
  const step = async (what: string): Promise<void> => {
    if (isOrdered) await scheduler.schedule(Promise.resolve(), what);
  };
  const member = (name: string): TestMember => {
    const made = testMember(name);
    return {
      ...made,
      provider: stepping(made.provider, step),
      get fault() {
        return made.fault;
      },
      set fault(fault) {
        made.fault = fault;
      },
    };
  };
  const [first, second] = [member("first"), member("second")];
  let passed = 0;
  const journal = steppingJournal(step, () => passed);
  let latest: StorageProvider | undefined;
  return {
    first,
    second,
    start: () => {
      latest = make([first.provider, second.provider], journal);
      return createStorage(latest);
    },
    provider: () => {
      if (latest === undefined) throw new Error("Nothing was started");
      return latest;
    },
    step,
    pass: (milliseconds) => void (passed += milliseconds),
    together: async (...acts) => {
      isOrdered = true;
      const all = Promise.all(acts.map((act) => act().catch((error: unknown) => error)));
      const results = await scheduler.waitFor(all);
      isOrdered = false;
      await scheduler.waitIdle();
      return results;
    },
    settle: async (storage) => {
      await storage.startRepair({ pollMs: 2 }).idle();
    },
  };
}

function stepping(provider: StorageProvider, step: (what: string) => Promise<void>): StorageProvider {
  const around = async <T>(what: string, next: () => Promise<T>): Promise<T> => {
    await step(what);
    try {
      return await next();
    } finally {
      await step(`${what} answers`);
    }
  };
  const { name } = provider;
  return {
    ...provider,
    put: (key, body, options) => around(`${name} put`, () => provider.put(key, body, options)),
    get: (key, options) => around(`${name} get`, () => provider.get(key, options)),
    head: (key, options) => around(`${name} head`, () => provider.head(key, options)),
    delete: (key, options) => around(`${name} delete`, () => provider.delete(key, options)),
    list: (options) => around(`${name} list`, () => provider.list(options)),
  };
}

function steppingJournal(step: (what: string) => Promise<void>, passed: () => number): Journal {
  const journal = memoryJournal();
  return {
    ...journal,
    open: (owner) => {
      const part = journal.open(owner);
      return {
        ...part,
        // Every start is a process of its own.
        process: randomUUID(),
        isAlive: () => true,
        now: () => part.now() + passed(),
        write: async (key, expected, row) => {
          await step("journal write");
          const written = await part.write(key, expected, row);
          await step("journal written");
          return written;
        },
      };
    },
  };
}
