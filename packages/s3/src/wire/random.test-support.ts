/** Returns numbers from 0 to 1 that depend on the seed alone. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CHARACTERS: readonly string[] = Array.from("abcXYZ019 -_.~!'()*/+=&%?#:;@,<>\"$[]{}|^`\\éß中😀\u00a0");

/** A source of random texts and choices. */
export interface Random {
  readonly below: (limit: number) => number;
  readonly pick: <T>(all: readonly T[]) => T;
  readonly text: (lengthMax: number, characters?: readonly string[]) => string;
}

export function createRandom(seed: number): Random {
  const next = numbers(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  return {
    below,
    pick,
    text: (lengthMax, characters = CHARACTERS) =>
      Array.from({ length: below(lengthMax + 1) }, () => pick(characters)).join(""),
  };
}
