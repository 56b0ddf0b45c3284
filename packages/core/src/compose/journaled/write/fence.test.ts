import { describe, expect, it } from "vitest";
import type { PutOptions } from "../../../contract/call-options.js";
import { createStorage } from "../../../facade/create-storage.js";
import type { FileStorage } from "../../../facade/storage.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import { contents, place } from "../../../testing/chain.test-support.js";
import { testMember, type TestMember, type TestMemberOptions } from "../../../testing/member.test-support.js";
import { streamOf } from "../../../testing/streams.test-support.js";
import { fallback } from "../../fallback.js";

const QUICK = { graceMs: 0, settleMs: 0, leaseMs: 1000, retry: false, breaker: false } as const;

/** A chain whose first member is known to hold nothing: its key was put and deleted. */
async function chain(
  options: TestMemberOptions = {},
): Promise<{ a: TestMember; storage: FileStorage; conditions: (string | undefined)[] }> {
  const [a, b] = [testMember("a", options), testMember("b", options)];
  const journal = memoryJournal();
  const storage = createStorage(fallback([a.provider, b.provider], { ...QUICK, journal }));
  await storage.put("k", "first");
  await storage.delete("k");
  const conditions: (string | undefined)[] = [];
  a.fault = async (call, next) => {
    if (call.operation === "put") conditions.push((call.options as PutOptions).ifNoneMatch);
    return await next();
  };
  return { a, storage, conditions };
}

describe("a put to a member that is known to hold nothing", () => {
  it("is create-only, so that it replaces nothing that was written meanwhile", async () => {
    const { a, storage, conditions } = await chain();
    await storage.put("k", "second");
    await storage.put("k", "third");
    expect(conditions).toEqual(["*", undefined]);
    expect(await contents(a)).toMatchObject({ k: "third" });
  });

  it("is plain where the member keeps no such condition", async () => {
    const { storage, conditions } = await chain({ supports: { ifNoneMatch: false } });
    await storage.put("k", "second");
    expect(conditions).toEqual([undefined]);
  });

  it("goes over what somebody has written past the composer, when its body can be sent once more", async () => {
    const { a, storage, conditions } = await chain();
    await place(a, "k", "theirs");
    await storage.put("k", "ours");
    expect(conditions).toEqual(["*", undefined]);
    expect(await (await storage.get("k")).text()).toBe("ours");
  });

  it("goes elsewhere with a stream, and the next one goes over what is there", async () => {
    const { a, storage } = await chain();
    await place(a, "k", "theirs");
    await storage.put("k", streamOf(Buffer.from("ours")));
    expect(await (await storage.get("k")).text()).toBe("ours");
    await storage.put("k", streamOf(Buffer.from("ours too")));
    expect(await contents(a)).toMatchObject({ k: "ours too" });
  });

  it("of a process that was stopped between its last look and the request changes nothing", async () => {
    const { a, storage } = await chain();
    a.fault = async (call, next) => {
      if (call.operation !== "put") return await next();
      a.fault = undefined;
      (call.options as PutOptions).beforeCommit?.();
      // Another process has taken the key over by now, and has written it.
      await place(a, "k", "newer");
      return await next();
    };
    // The next member takes it.
    await storage.put("k", streamOf(Buffer.from("older")));
    expect(await contents(a)).toMatchObject({ k: "newer" });
  });
});
