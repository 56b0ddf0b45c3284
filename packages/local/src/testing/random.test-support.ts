/** The seed of this run's random tests; `STOWAGE_SEED` repeats one. Every title shows it. */
export const seed: number = Number(process.env["STOWAGE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomNumbers(start: number = seed): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number below `end`. */
export function below(end: number, random: () => number): number {
  return Math.floor(random() * end);
}

export function pick<T>(list: readonly T[], random: () => number): T {
  return list[below(list.length, random)] as T;
}
