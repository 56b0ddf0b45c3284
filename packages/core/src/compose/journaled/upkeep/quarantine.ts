import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { conclude } from "../hold/conclude.js";
import { findRow } from "../hold/find-row.js";
import { holding, type HoldOptions } from "../hold/held-key.js";
import type { ReplicaSet } from "../replica-set.js";
import { quarantined } from "../row/row.js";

/**
 * Puts a key in transition after a member was found to hold a copy with wrong bytes. The copy is no longer read, and repair replaces
 * it.
 */
export async function quarantine(
  set: ReplicaSet,
  key: string,
  { name }: ComposedProvider,
  etag: string | undefined,
  options: HoldOptions,
): Promise<void> {
  if (etag === undefined) return;
  await holding(set, "repair", key, options, async (held) => {
    const isSettled = held.row.current === undefined || held.row.isKept === true;
    const row = isSettled ? await findRow(set, held, options) : held.row;
    if (row?.current?.kind === "put") await conclude(set, held, quarantined(row, name, etag));
  });
}
