/**
 * The age from which a row counts as stuck, in milliseconds. An operator should then find out why repair does not finish the row.
 */
export const STUCK_MS: number = 24 * 60 * 60 * 1000;

/**
 * Returns the revision of a key that has no row.
 *
 * @param drops - The number of rows that have been dropped so far.
 */
export function noRow(drops: number): string {
  return `none-${drops}`;
}
