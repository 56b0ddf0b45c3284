import { MARK_PREFIX } from "../contract/key.js";
import { toBody } from "../body/body.js";
import { fallback, type FallbackOptions } from "../compose/fallback.js";
import { createStorage } from "../facade/create-storage.js";
import type { StorageEvent } from "../contract/event.js";
import type { StorageProvider } from "../contract/provider.js";
import type { FileStorage } from "../facade/storage.js";
import { testMember, type TestMember, type TestMemberOptions } from "./member.test-support.js";

/** A fallback chain of three members that a test can take down one by one. */
export interface TestChain {
  readonly first: TestMember;
  readonly second: TestMember;
  readonly third: TestMember;
  readonly provider: StorageProvider;
  readonly storage: FileStorage;
  readonly events: StorageEvent[];
}

/** Makes a chain whose members are tried once, without a pause. */
export function testChain(options: FallbackOptions = {}, members: TestMemberOptions = {}): TestChain {
  const [first, second, third] = [
    testMember("first", members),
    testMember("second", members),
    testMember("third", members),
  ] as const;
  const all = [first, second, third].map(({ provider }) => provider);
  const provider = fallback(all, { retry: false, askMs: 500, ...options });
  const events: StorageEvent[] = [];
  const storage = createStorage(provider, { onEvent: (event) => void events.push(event) });
  return { first, second, third, provider, storage, events };
}

/** Puts text into the member itself, past its faults. */
export async function place({ store }: TestMember, key: string, text: string): Promise<void> {
  await store.put(key, await toBody(text), {});
}

/** What the member itself holds: the text under each key. */
export async function contents({ store }: TestMember): Promise<Record<string, string>> {
  const { objects } = await store.list({});
  // By which journals notice that time has gone back: of no interest to most tests.
  const own = objects.filter(({ key }) => !key.startsWith(MARK_PREFIX));
  const texts = own.map(async ({ key }) => {
    const { body } = await store.get(key, {});
    return [key, Buffer.from(body as Uint8Array).toString()] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}
