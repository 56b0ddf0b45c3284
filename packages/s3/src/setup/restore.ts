import {
  StorageError,
  assertKey,
  isStorageError,
  knownNames,
  oneOf,
  type CallOptions,
  type StorageProvider,
} from "@stowage/core/provider";
import { ask } from "../store.js";
import { settingUp } from "./change.js";

/** The options of {@link restoreObject}. */
export interface RestoreOptions extends Pick<CallOptions, "signal"> {
  /** The time for which the copy stays readable, in days. */
  readonly days: number;
  /**
   * The speed of the restore. `"Expedited"` takes minutes, `"Standard"` takes hours, and `"Bulk"` is the cheapest.
   *
   * @default `"Standard"`
   */
  readonly tier?: "Expedited" | "Standard" | "Bulk" | undefined;
}

/**
 * Makes an archived object readable for some days. The restore takes minutes to hours. Until it has ended, a get fails
 * with `Archived`. Also succeeds if the object is being restored, or is restored already.
 *
 * @param provider - A provider that `s3()` returned.
 * @throws StorageError `InvalidKey`, `NotFound`; `InvalidArgument`, also for an object that is not archived.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
 */
export async function restoreObject(
  provider: StorageProvider,
  key: string,
  options: RestoreOptions,
): Promise<void> {
  knownNames("restoreObject", options, { days: true, tier: true, signal: true });
  const { days, tier = "Standard", signal } = options;
  oneOf("restoreObject", "tier", tier, ["Expedited", "Standard", "Bulk"]);
  const { store, keyPrefix, setup } = settingUp(provider, "restoreObject");
  assertKey(key, "head", store.name);
  if (!Number.isSafeInteger(days) || days < 1) {
    const reason = `days must be a whole number, at least 1, not ${String(days)}`;
    throw new StorageError("InvalidArgument", reason, { operation: "head", provider: store.name, key });
  }
  const attempted = { operation: "head", key, signal, action: "s3:RestoreObject" } as const;
  const request = { key: keyPrefix + key, days, tier };
  await ask(store, attempted, () => setup.restore(request, { signal })).catch((error: unknown) => {
    const cause: unknown = error instanceof StorageError ? error.cause : undefined;
    if (Object(cause).name === "RestoreAlreadyInProgress") return;
    if (!isStorageError(error, "Archived")) throw error;
    const reason = "the object is not archived: read it directly";
    throw new StorageError("InvalidArgument", reason, {
      operation: "head",
      provider: store.name,
      key,
      cause: error,
    });
  });
}
