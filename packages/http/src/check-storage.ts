import type { FileStorage } from "@stowage/core";

/**
 * Checks that a value is a storage, as `createStorage` returns it.
 *
 * @throws TypeError for any other value. A provider is refused too, because a provider does not check keys and options.
 */
export function checkStorage(caller: string, storage: FileStorage): void {
  const { provider, describe } = Object(storage) as Partial<FileStorage>;
  if (provider !== undefined && typeof describe === "function") return;
  throw new TypeError(`${caller}: storage must be the result of createStorage(provider)`);
}
