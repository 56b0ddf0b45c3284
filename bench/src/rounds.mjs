/**
 * Interleaved timing. In every round each store does one slice of the work, in an order drawn anew, so that
 * what disturbs the machine for a second disturbs all of them; what counts is the ratio within a round.
 */

/**
 * @typedef {object} Slice
 * @property {number} ms - On the clock.
 * @property {number} cpuMs - Of this process, all threads.
 */

/**
 * @param {Map<string, object>} stores - By name.
 * @param {import("./workloads.mjs").Workload} workload
 * @param {object} options
 * @param {number} options.rounds - Timed ones.
 * @param {number} options.warmUpRounds - Before them, not recorded.
 * @param {number} options.secondsMax - A store that has used up this much time sits out the rest.
 * @returns {Promise<Record<string, { slices: (Slice | null)[], problem?: string }>>} by name; a store whose
 * work fails has a problem, and is left out from then on
 */
export async function timeRounds(stores, workload, { rounds, warmUpRounds, secondsMax }) {
  const timings = new Map();
  for (const [name, store] of stores)
    timings.set(name, { store, slices: [], spentMs: 0, problem: undefined });
  const random = randomNumbers(rounds);
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const timing of shuffled([...timings.values()], random)) {
      const sitsOut = timing.spentMs > secondsMax * 1000 && timing.slices.length > 0;
      const slice = sitsOut ? null : await tryTiming(timing, workload, round + warmUpRounds + 1);
      if (round >= 0) timing.slices.push(slice);
    }
  }
  return Object.fromEntries([...timings].map(([name, { slices, problem }]) => [name, { slices, problem }]));
}

/** Nothing more is asked of a store that has failed. */
async function tryTiming(timing, workload, number) {
  if (timing.problem !== undefined) return null;
  try {
    const start = performance.now();
    const slice = await timeSlice(timing.store, workload, number);
    timing.spentMs += performance.now() - start;
    return slice;
  } catch (error) {
    timing.problem = String(error);
    return null;
  }
}

async function timeSlice(store, workload, number) {
  await workload.before?.(store, number);
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await workload.run(store, number);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  await workload.after?.(store, number);
  return { ms, cpuMs: (user + system) / 1000 };
}

function shuffled(items, random) {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** Mulberry32: the same numbers in every run. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
