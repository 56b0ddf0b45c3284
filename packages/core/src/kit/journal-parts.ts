/** The age of a row, in milliseconds, from which on somebody should look why repair does not end. */
export const STUCK_MS: number = 24 * 60 * 60 * 1000;

/** Returns the revision of a key that has no row, after so many rows were dropped. */
export function noRow(drops: number): string {
  return `none-${drops}`;
}
