import { NOBODY } from "../../../contract/caller.js";
import { ask } from "../../group.js";
import { INVENTORY, epochOf, type Inventory } from "../read/inventory.js";
import type { ReplicaSet } from "../replica-set.js";

/** Records which retiring members no longer hold any object. This is known only after every key was checked and no key has a row. */
export async function noteEmpty(set: ReplicaSet): Promise<void> {
  const { journal, members, retiring, roster } = set;
  if (retiring.length === 0) return;
  const stock = (await journal.readControl(INVENTORY))?.value as Inventory | undefined;
  if (stock?.isDone !== true || stock.epoch !== epochOf(set)) return;
  if ((await journal.counts()).rows > 0) return;
  for (const member of members) {
    if (!retiring.includes(member.name) || roster.isEmpty(member.name)) continue;
    const page = await ask(
      set,
      member,
      undefined,
      NOBODY,
      (call) => member.list({ ...call, limit: 1 }),
      "list",
    ).catch(() => undefined);
    if (page?.objects.length === 0 && page.cursor === undefined) await roster.noteEmpty(member.name);
  }
}
