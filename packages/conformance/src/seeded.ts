/**
 * Makes a generator of random numbers from 0 up to 1. The same seed gives the same numbers.
 *
 * The numbers are good enough for tests, but not for secrets. The algorithm is mulberry32, with a state of 32 bits.
 *
 * @param seed - A whole number. Only its lowest 32 bits are used.
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
