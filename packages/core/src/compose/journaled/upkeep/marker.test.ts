import { describe, expect, it } from "vitest";
import { toBody } from "../../../body/body.js";
import { createStorage } from "../../../facade/create-storage.js";
import { memoryJournal } from "../../../memory/memory-journal.js";
import type { Journal } from "../../../contract/journal.js";
import { MARKER_KEY } from "../../../contract/key.js";
import type { StorageProvider } from "../../../contract/provider.js";
import type { FileStorage } from "../../../facade/storage.js";
import { contents } from "../../../testing/chain.test-support.js";
import { failing, testMember, type TestMember } from "../../../testing/member.test-support.js";
import { rejection } from "../../../testing/streams.test-support.js";
import { mirror } from "../../mirror.js";
import { acceptMember } from "./operators.js";

interface World {
  readonly first: TestMember;
  readonly second: TestMember;
  /** A process; all share one journal that outlives them. */
  readonly start: () => { readonly storage: FileStorage; readonly provider: StorageProvider };
  readonly pass: (milliseconds: number) => void;
}

function world(journal: Journal = memoryJournal()): World {
  const [first, second] = [testMember("first"), testMember("second")];
  let passed = 0;
  const durable: Journal = {
    ...journal,
    durable: true,
    open: (owner) => {
      const part = journal.open(owner);
      return { ...part, now: () => part.now() + passed };
    },
  };
  const start = (): ReturnType<World["start"]> => {
    const options = { journal: durable, writes: "primary", graceMs: 0, settleMs: 0, retry: false } as const;
    const provider = mirror([first.provider, second.provider], options);
    return { provider, storage: createStorage(provider) };
  };
  return { first, second, start, pass: (milliseconds) => (passed += milliseconds) };
}

/** As if its disk were not mounted any more, or had been exchanged. */
async function empty({ store }: TestMember): Promise<void> {
  for (const { key } of (await store.list({})).objects) await store.delete(key, {});
}

const keysOf = async (storage: FileStorage, delimiter?: "/"): Promise<readonly string[]> => {
  const page = await storage.listPage({ delimiter });
  return [...page.objects.map(({ key }) => key), ...page.prefixes];
};

describe("a member whose marker is gone", () => {
  it("is left out: what it does not hold is not missing, and is not deleted elsewhere", async () => {
    const { first, second, start, pass } = world();
    const { storage } = start();
    await storage.put("a", "abc");
    await storage.startRepair().idle();
    pass(2000);
    await empty(first);
    expect(await (await storage.get("a")).text()).toBe("abc");
    expect(await keysOf(storage)).toEqual(["a"]);
    expect(await rejection(storage.get("b"))).toMatchObject({ code: "NotFound" });
    const health = await storage.health();
    expect(health.reasons.join()).toContain("first: the member's marker is missing or different");
    await storage.startRepair().idle();
    expect(await contents(second)).toMatchObject({ a: "abc" });
    expect(await contents(first)).toEqual({});
    await storage.close();
  });

  it("is left out in the next process too, and gets nothing", async () => {
    const { first, start, pass } = world();
    await start().storage.put("a", "abc");
    pass(20_000);
    await empty(first);
    const { storage } = start();
    expect((await storage.put("b", "abc")).provider).toBe("second");
    expect(await contents(first)).toEqual({});
  });

  it("is taken for the member when somebody says so, and gets everything", async () => {
    const { first, start, pass } = world();
    const { storage, provider } = start();
    const other = start().storage;
    await storage.put("a", "abc");
    await storage.startRepair().idle();
    expect(await other.exists("a")).toBe(true);
    pass(20_000);
    await empty(first);
    // As `health()` says it: with the storage. The composer does as well.
    await acceptMember(storage, "first");
    expect(await (await storage.get("a")).text()).toBe("abc");
    expect(await (await other.get("a")).text()).toBe("abc");
    await storage.startRepair().idle();
    expect(await contents(first)).toMatchObject({ a: "abc" });
    await expect(acceptMember(provider, "third")).rejects.toThrow('"third" is not a member of mirror');
    await storage.close();
  });
});

describe("a marker", () => {
  it("is on every member, and never shown", async () => {
    const { first, start } = world();
    const { storage } = start();
    await storage.put("a/b", "abc");
    expect(await contents(first)).toHaveProperty([MARKER_KEY]);
    expect(await keysOf(storage)).toEqual(["a/b"]);
    expect(await keysOf(storage, "/")).toEqual(["a/"]);
    expect((await storage.listPage({ limit: 1 })).objects.map(({ key }) => key)).toEqual(["a/b"]);
  });

  it("is a key that nobody else can use", async () => {
    const { storage } = world().start();
    for (const act of [storage.put(MARKER_KEY, "x"), storage.get(MARKER_KEY)]) {
      expect(await rejection(act)).toMatchObject({ code: "InvalidKey" });
    }
  });

  it("that an earlier journal has left is taken up", async () => {
    const before = world();
    await before.start().storage.put("a", "abc");
    const marker = (await contents(before.first))[MARKER_KEY];
    const after = world();
    for (const { key } of (await before.first.store.list({})).objects) {
      const { body, info } = await before.first.store.get(key, {});
      expect(body).toBeInstanceOf(Uint8Array);
      await after.first.store.put(key, await toBody(body as Uint8Array), info);
    }
    const { storage } = after.start();
    expect(await (await storage.get("a")).text()).toBe("abc");
    expect((await contents(after.first))[MARKER_KEY]).toBe(marker);
  });

  it("is not needed on a member that takes none", async () => {
    const { first, start } = world();
    first.fault = async (call, next) => {
      if (call.key !== MARKER_KEY || call.operation !== "put") return await next();
      return await failing("Unsupported")(call, next);
    };
    const { storage } = start();
    await storage.put("a", "abc");
    expect(await contents(first)).toEqual({ a: "abc" });
  });
});
