/**
 * Makes a generator of numbers from 0 up to 1: the same seed gives the same numbers.
 *
 * The numbers are good enough for tests, not for secrets. The algorithm is mulberry32, with 32 bits of state, all of them used.
 *
 * @param seed - A whole number; only its lowest 32 bits count.
 */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
