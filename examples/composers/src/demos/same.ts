import { isReserved } from "@stowage/core/provider";
import { createStorage, type FileStorage, type StorageProvider } from "@stowage/core";
import { assert, sha256 } from "./say.js";

const AT_ONCE = 16;

/** What a provider holds, past every composer: the digest of each object. */
export async function digestsOf(provider: StorageProvider): Promise<ReadonlyMap<string, string>> {
  const storage = createStorage(provider);
  const digests = new Map<string, string>();
  const keys: string[] = [];
  for await (const { key } of storage.list()) if (!isReserved(key)) keys.push(key);
  const worker = async (): Promise<void> => {
    for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
      digests.set(key, sha256(await (await storage.get(key)).bytes()));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return digests;
}

/** The objects that there should be, without those that were deleted. */
export function present(expected: ReadonlyMap<string, string | undefined>): ReadonlyMap<string, string> {
  return new Map([...expected].filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** @throws Error that names what differs. */
export function assertSame(
  what: string,
  found: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
): void {
  for (const [key, digest] of expected) {
    assert(found.has(key), `${what} holds ${key}`);
    assert(found.get(key) === digest, `${what} has the bytes of ${key} that were written last`);
  }
  for (const key of found.keys())
    assert(expected.has(key), `${what} does not hold ${key}, which was deleted`);
}

/** @throws Error when something is in transition, or not in good health. */
export async function assertQuiet(storage: FileStorage): Promise<void> {
  const { journals = [], reasons } = await storage.health();
  assert(journals[0]?.rows === 0, `the journal is empty, not with ${journals[0]?.rows} keys`);
  assert(reasons.length === 0, `the storage is in good health, without: ${reasons.join("; ")}`);
}
