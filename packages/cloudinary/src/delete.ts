import type { DeleteOptions } from "@stowage/core/provider";
import { ask, fits, type Account } from "./account.js";

export async function deleteObject(account: Account, key: string, options: DeleteOptions): Promise<void> {
  const { signal, beforeCommit } = options;
  signal?.throwIfAborted();
  const place = account.mapping.placeOf(key);
  // If a key is too long, no object was ever stored under it.
  if (!fits(place)) return;
  const attempted = { operation: "delete", key, writes: true } as const;
  await ask(account, attempted, () => account.client.destroy(place, { signal, beforeCommit }));
}
