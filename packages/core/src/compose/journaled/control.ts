import type { JournalPart } from "../../contract/journal.js";

/**
 * Changes a control record that other processes may change too: what it was is looked at again until nobody has come
 * between.
 *
 * @param change - Returns the same value where nothing is to be written.
 * @returns What the record is then; `undefined` when others came between so many times.
 */
export async function changeControl<T>(
  journal: JournalPart,
  name: string,
  change: (was: T | undefined) => T,
  tries: number = Number.POSITIVE_INFINITY,
): Promise<T | undefined> {
  for (let count = 0; count < tries; count++) {
    const record = await journal.readControl(name);
    const was = record?.value as T | undefined;
    const value = change(was);
    if (value === was) return value;
    if ((await journal.writeControl(name, record?.revision, value)) !== undefined) return value;
  }
  return undefined;
}
