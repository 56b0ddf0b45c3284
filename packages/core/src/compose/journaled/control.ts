import type { JournalPart } from "../../contract/journal.js";

/**
 * Changes a control record that other processes may change too. If another process changes the record between the read
 * and the write, reads the record again and repeats the change.
 *
 * @param change - Returns the new value of the record, or the old value if nothing needs to be written.
 * @returns The value of the record after the call; `undefined` if other processes changed the record during each of `tries` tries.
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
