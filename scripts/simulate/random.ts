/** Numbers from 0 to 1, the same for the same seed. */
export type Random = () => number;

export { seeded } from "../../packages/conformance/src/seeded.js";

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

export function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}
