import { hash } from "node:crypto";

/** The number of units in 100 per cent. Percentages are counted in units of a hundredth of a per cent. */
export const BASIS_POINTS = 10_000;

/**
 * The number of bytes in each half of a 48-bit number. The halves are multiplied separately, because the product of the
 * whole number would not be exact.
 */
const HALF_BYTES = 3;
const HALF = 2 ** (HALF_BYTES * 8);

/**
 * Returns the position of a key on a scale of 10,000. The position never changes and is the same in every process. Keys
 * with a position below the percentage go to the new side, so raising the percentage moves keys only in one direction.
 *
 * The position is computed from the first 48 bits of the SHA-256 of the salt, a zero byte and the key in UTF-8.
 */
export function bucketOf(salt: string, key: string): number {
  const digest = hash("sha256", `${salt}\0${key}`, "buffer");
  const [high, low] = [digest.readUIntBE(0, HALF_BYTES), digest.readUIntBE(HALF_BYTES, HALF_BYTES)];
  return Math.floor((high * BASIS_POINTS + Math.floor((low * BASIS_POINTS) / HALF)) / HALF);
}

/**
 * Converts a percentage to hundredths of a per cent.
 *
 * @throws TypeError unless `percent` is a number from 0 to 100, with at most two digits after the point.
 */
export function toBasisPoints(percent: number): number {
  const points = Math.round(percent * 100);
  const isExact = Math.abs(percent * 100 - points) < 1e-6;
  if (typeof percent === "number" && percent >= 0 && percent <= 100 && isExact) return points;
  throw new TypeError(
    `split: percent must be a number from 0 to 100 with at most two digits after the point, not ${String(percent)}`,
  );
}
