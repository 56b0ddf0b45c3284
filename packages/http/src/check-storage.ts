import type { FileStorage } from "@stowage/core";

/**
 * Checks that a value is a storage.
 *
 * @throws TypeError for a provider, which has no checks of its own, and for any other value that is not a storage.
 */
export function checkStorage(caller: string, storage: FileStorage): void {
  const { provider, describe } = Object(storage) as Partial<FileStorage>;
  if (provider !== undefined && typeof describe === "function") return;
  throw new TypeError(`${caller}: storage must be the result of createStorage(provider)`);
}
