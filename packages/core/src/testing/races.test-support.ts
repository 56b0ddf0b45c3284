import { assert, asyncProperty, scheduler as orders, type Scheduler } from "fast-check";
import { randomUUID } from "node:crypto";
import { createStorage } from "../create-storage.js";
import type { Journal } from "../journal.js";
import { memoryJournal } from "../memory-journal.js";
import type { StorageProvider } from "../provider.js";
import type { FileStorage } from "../storage.js";
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
  /** Runs everything at once, in an order that is drawn; each ends with its result or its error. */
  readonly together: (...acts: readonly (() => Promise<unknown>)[]) => Promise<readonly unknown[]>;
  /** From here on nothing waits any more: repair until nothing is left to do. */
  readonly settle: (storage: FileStorage) => Promise<void>;
}

export type MakeComposer = (members: readonly StorageProvider[], journal: Journal) => StorageProvider;

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
    const { provider } = made;
    return { ...made, provider: stepping(provider, step) };
  };
  const [first, second] = [member("first"), member("second")];
  const journal = steppingJournal(step);
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
    const result = await next();
    await step(`${what} answers`);
    return result;
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

function steppingJournal(step: (what: string) => Promise<void>): Journal {
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
