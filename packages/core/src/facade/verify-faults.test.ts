import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { mirror, type MirrorOptions } from "../compose/mirror.js";
import type { StorageProvider } from "../contract/provider.js";
import { memoryJournal } from "../memory/memory-journal.js";
import { testMember, type TestMember } from "../testing/member.test-support.js";
import { createStorage } from "./create-storage.js";
import type { FileStorage } from "./storage.js";

const QUICK = { graceMs: 0, settleMs: 0, retry: false, breaker: false } as const;

const opened: FileStorage[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close({ graceMs: 0 })));
});

function open(provider: StorageProvider): FileStorage {
  const storage = createStorage(provider);
  opened.push(storage);
  return storage;
}

function mirrored(
  providers: readonly StorageProvider[],
  options: MirrorOptions = {},
): { readonly storage: FileStorage; readonly provider: StorageProvider } {
  const provider = mirror(providers, { ...QUICK, journal: memoryJournal(), ...options });
  return { storage: open(provider), provider };
}

/** The same member, of which each body is another one. */
function reading({ provider }: TestMember, bodyOf: () => Readable): StorageProvider {
  return {
    ...provider,
    get: async (key, options) => ({ ...(await provider.get(key, options)), body: bodyOf() }),
  };
}

describe("verify, of bodies that fall silent", () => {
  it.each(["a mirror", "one store"])("ends at once when it is aborted, and closes them: %s", async (what) => {
    const bodies: Readable[] = [];
    const controller = new AbortController();
    const silent = reading(testMember("first"), () => {
      const body = new Readable({ read: () => {} });
      bodies.push(body);
      setTimeout(() => controller.abort(new Error("enough")), 20);
      return body;
    });
    const storage =
      what === "one store" ? open(silent) : mirrored([silent, testMember("second").provider]).storage;
    await storage.put("a", "one");
    const call = { deep: true, signal: controller.signal };
    await expect(storage.verify("", call)).rejects.toThrow("enough");
    expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true]);
  });
});

describe("verify, of a member that lists without an order", () => {
  it("lists it once for many pages of keys", async () => {
    const unordered = testMember("second", { supports: { orderedList: false } });
    const { storage } = mirrored([testMember("first").provider, unordered.provider]);
    for (let index = 0; index < 600; index++) await storage.put(`key-${index}`, "x");
    unordered.calls.length = 0;
    expect(await storage.verify()).toMatchObject({ objects: 600, findings: [] });
    expect(unordered.calls.filter((call) => call.startsWith("list"))).toHaveLength(1);
  });
});
