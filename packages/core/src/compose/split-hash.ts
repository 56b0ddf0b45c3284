import { createHash } from "node:crypto";

/** Percentages are counted in hundredths: 10,000 are the whole. */
export const BASIS_POINTS = 10_000;

const BYTES = 6;

/**
 * Where a key lies on a scale of 10,000, the same in every process and for ever: keys below the percentage go to
 * the new side, so raising it moves keys one way only.
 *
 * The first 48 bits of SHA-256 over the salt, a zero byte and the key in UTF-8.
 */
export function bucketOf(salt: string, key: string): number {
  const digest = createHash("sha256").update(salt).update("\0").update(key).digest();
  return Number((BigInt(digest.readUIntBE(0, BYTES)) * BigInt(BASIS_POINTS)) >> BigInt(BYTES * 8));
}

/** @throws TypeError unless it is a number from 0 to 100, with at most two digits after the point. */
export function toBasisPoints(percent: number): number {
  const points = Math.round(percent * 100);
  const isExact = Math.abs(percent * 100 - points) < 1e-6;
  if (typeof percent === "number" && percent >= 0 && percent <= 100 && isExact) return points;
  throw new TypeError(
    `split: percent is a number from 0 to 100 with at most two digits after the point, not ${String(percent)}`,
  );
}
