import { describe, expect, it } from "vitest";
import { fallback } from "../compose/fallback.js";
import { createStorage } from "./create-storage.js";
import type { StorageEvent } from "../contract/event.js";
import type { SkippedKey, StorageProvider } from "../contract/provider.js";
import { testMember } from "../testing/member.test-support.js";
import { prefixed } from "../wrap/prefixed.js";

/** A store in which somebody else has put something under a key that breaks the rules. */
function shared(name: string, skipped: readonly SkippedKey[]): StorageProvider {
  const { provider } = testMember(name);
  return { ...provider, list: async (options) => ({ ...(await provider.list(options)), skipped }) };
}

const MARKER: SkippedKey = { key: "tenants/7/", reason: 'the key ends with "/"' };
const ODD: SkippedKey = { key: "tenants/7/a//b", reason: 'the key contains "//"' };

describe("a key in a store that breaks the rules", () => {
  it("is in the page, and reported as an event", async () => {
    const events: StorageEvent[] = [];
    const storage = createStorage(shared("disk", [MARKER, ODD]), { onEvent: (event) => events.push(event) });
    expect((await storage.listPage()).skipped).toEqual([MARKER, ODD]);
    expect(events.filter(({ type }) => type === "skipped")).toEqual([
      { type: "skipped", operation: "list", provider: "disk", ...MARKER },
      { type: "skipped", operation: "list", provider: "disk", ...ODD },
    ]);
  });

  it("does not end the listing of a whole store", async () => {
    const storage = createStorage(shared("disk", [MARKER]));
    await storage.put("a", "x");
    const keys: string[] = [];
    for await (const { key } of storage.list()) keys.push(key);
    expect(keys).toEqual(["a"]);
  });

  it("is named as the wrapper names keys, where that is possible", async () => {
    const { skipped } = await prefixed(shared("disk", [MARKER, ODD]), "tenants/7/").list({});
    expect(skipped?.map(({ key }) => key)).toEqual(["tenants/7/", "a//b"]);
  });

  it("is in the page of a chain, of whichever member", async () => {
    const chain = fallback([shared("a", [MARKER]), shared("b", [ODD])]);
    expect((await chain.list({})).skipped).toEqual([MARKER, ODD]);
    expect((await fallback([shared("a", []), shared("b", [])]).list({})).skipped).toBeUndefined();
  });
});
