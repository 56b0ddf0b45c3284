import { clock } from "../../kit/clock.js";
import { linkedController } from "../../kit/abort.js";
import { knownNames, anyNumber } from "../../kit/options.js";

/** The options of hedged reads. A hedged read asks a second member when the first member is slow. */
export interface HedgeOptions {
  /**
   * The shortest time after which a second member is asked, in milliseconds.
   *
   * @default 50
   */
  readonly leastMs?: number | undefined;
  /**
   * The maximum share of all reads that may be sent to a second member.
   *
   * @default 0.05
   */
  readonly share?: number | undefined;
}

/** A race between two members. The second member is asked when the first member takes unusually long. */
export interface Hedge {
  /**
   * Runs `first`, and also `second` when `first` takes longer than 95% of recent reads. The first success counts. The
   * other read is aborted. If the aborted read still returns a result, that result goes to `discard`.
   *
   * @param onEnd - Called after both members were asked. Its argument tells whether the second member was quicker.
   */
  readonly run: <T>(race: Race<T>) => Promise<T>;
}

export interface Race<T> {
  readonly first: (signal: AbortSignal) => Promise<T>;
  readonly second: (signal: AbortSignal) => Promise<T>;
  readonly signal: AbortSignal | undefined;
  readonly discard: (result: T) => void;
  readonly onEnd: (isSecond: boolean) => void;
}

const LEAST_MS = 50;
const SHARE = 0.05;

/** The number of recent reads that are used to compute how long a read usually takes. */
const REMEMBERED = 100;
const USUAL = 0.95;

/** The maximum number of unused hedges that can be saved up for later reads. */
const TOKENS_MAX = 10;

/** @throws TypeError when an option is not a number in its range. */
export function createHedge(options: HedgeOptions): Hedge {
  knownNames("mirror: hedge", options, { leastMs: true, share: true });
  const leastMs = anyNumber("mirror", "hedge.leastMs", options.leastMs ?? LEAST_MS, { least: 1 });
  const share = anyNumber("mirror", "hedge.share", options.share ?? SHARE, { above: 0, most: 1 });
  const took: number[] = [];
  let tokens = 1;
  const usualMs = (): number => {
    const sorted = took.toSorted((a, b) => a - b);
    return Math.max(leastMs, sorted[Math.floor(sorted.length * USUAL)] ?? leastMs);
  };
  return {
    run: async (race) => {
      tokens = Math.min(TOKENS_MAX, tokens + share);
      const startedAt = clock.now();
      const result = await runRace(race, usualMs(), () => {
        if (tokens < 1) return false;
        tokens--;
        return true;
      });
      took.push(clock.now() - startedAt);
      if (took.length > REMEMBERED) took.shift();
      return result;
    },
  };
}

/** One of two reads that compete with each other. */
interface Runner<T> {
  readonly controller: AbortController;
  readonly unlink: () => void;
  readonly result: Promise<T>;
}

async function runRace<T>(race: Race<T>, delayMs: number, mayHedge: () => boolean): Promise<T> {
  const first = start(race, race.first);
  let second: Runner<T> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve, reject) => {
    timer = clock.setTimeout(() => {
      if (!mayHedge()) return;
      second = start(race, race.second);
      second.result.then(resolve, reject);
    }, delayMs);
  });
  try {
    return await firstToSucceed(first, late, () => second !== undefined);
  } finally {
    clock.clearTimeout(timer);
    await settleLoser(race, first, second);
  }
}

function start<T>({ signal }: Race<T>, read: (signal: AbortSignal) => Promise<T>): Runner<T> {
  const { controller, unlink } = linkedController(signal);
  const result = read(controller.signal);
  result.catch(() => {});
  return { controller, unlink, result };
}

/** Returns the result of the read that succeeds first. A failure counts only if the other read has failed too, or was not started. */
async function firstToSucceed<T>(first: Runner<T>, late: Promise<T>, isHedged: () => boolean): Promise<T> {
  late.catch(() => {});
  return await new Promise<T>((resolve, reject) => {
    late.then(resolve, () => first.result.catch(reject));
    first.result.then(resolve, (error: unknown) => {
      if (isHedged()) late.catch(() => reject(error));
      else reject(error);
    });
  });
}

async function settleLoser<T>(race: Race<T>, first: Runner<T>, second: Runner<T> | undefined): Promise<void> {
  if (second === undefined) return first.unlink();
  const isSecond = await isQuicker(second.result, first.result);
  const [winner, loser] = isSecond ? [second, first] : [first, second];
  race.onEnd(isSecond);
  winner.unlink();
  loser.controller.abort(new Error("Another member was quicker"));
  loser.unlink();
  loser.result.then(race.discard, () => {});
}

/** Tells whether `one` succeeds before `other`. */
async function isQuicker(one: Promise<unknown>, other: Promise<unknown>): Promise<boolean> {
  const has = (promise: Promise<unknown>): Promise<boolean> =>
    promise.then(
      () => true,
      () => false,
    );
  const lost = other.then(
    () => false,
    () => has(one),
  );
  return await Promise.race([lost, has(one)]);
}
