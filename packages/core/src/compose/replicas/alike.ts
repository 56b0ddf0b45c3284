import { concurrently } from "../../concurrently.js";
import type { CallOptions } from "../../provider.js";
import { mergeLists } from "../merge-list.js";
import type { ReplicaSet } from "./replica-set.js";

const CONTROL = "alike";
const KEYS_PER_ROUND = 256;
const KEYS_AT_ONCE = 8;

/** How far the members have been compared. */
interface Compared {
  /** Every key up to this one. */
  readonly after?: string | undefined;
  readonly isDone: boolean;
}

/**
 * Whether every member holds every object that is not in transition, so that one of them can answer for all. Members
 * that come with objects of their own are compared first; until then all of them are asked.
 */
export async function areAlike(set: ReplicaSet): Promise<boolean> {
  if (!set.placement.alike) return false;
  if (set.state.alike) return true;
  const record = await set.journal.readControl(CONTROL);
  set.state.alike = (record?.value as Compared | undefined)?.isDone === true;
  return set.state.alike;
}

/**
 * Compares what members hold, a stretch of keys at a time, and puts keys into transition that not all of them have.
 *
 * @returns Whether there is more to compare.
 */
export async function compareMembers(
  set: ReplicaSet,
  options: CallOptions,
  adopt: (key: string) => Promise<void>,
): Promise<boolean> {
  if (!set.placement.alike || (await areAlike(set))) return false;
  const record = await set.journal.readControl(CONTROL);
  const { after } = (record?.value ?? {}) as Partial<Compared>;
  const page = await mergeLists(set.name, set.members, { ...options, after, limit: KEYS_PER_ROUND });
  await concurrently(page.objects, KEYS_AT_ONCE, ({ key }) => adopt(key));
  const compared: Compared = { after: page.end, isDone: page.cursor === undefined };
  await set.journal.writeControl(CONTROL, record?.revision, compared);
  return !compared.isDone;
}
