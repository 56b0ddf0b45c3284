import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import { fallback } from "../compose/fallback.js";
import { mirror, type MirrorOptions } from "../compose/mirror.js";
import type { SplitOptions } from "../compose/split-options.js";
import { setSplitPercent, split } from "../compose/split.js";
import type { StorageProvider } from "../contract/provider.js";
import { memoryJournal } from "../memory/memory-journal.js";
import { testMember, type TestMember } from "../testing/member.test-support.js";
import { off } from "../wrap/off.js";
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

type Mirrored = ReturnType<typeof mirrored> & { readonly members: readonly [TestMember, TestMember] };

async function repaired(storage: FileStorage): Promise<void> {
  const worker = storage.startRepair();
  await worker.idle();
  await worker.stop();
}

/** Two members, and splits over them that share a journal, as in several processes. */
function splits(options: Partial<SplitOptions> = {}): {
  readonly members: readonly [TestMember, TestMember];
  readonly make: () => StorageProvider;
} {
  const members = [testMember("from"), testMember("to")] as const;
  const [{ provider: from }, { provider: to }] = members;
  const journal = memoryJournal();
  const make = (): StorageProvider =>
    split({ from, to, salt: "s", percent: { initial: 0 }, journal, ...QUICK, ...options });
  return { members, make };
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

describe("verify, of places that another process has changed", () => {
  it("goes by the share that counts now", async () => {
    const { make } = splits({ move: true });
    const provider = make();
    const [mover, other] = [open(provider), open(make())];
    for (const key of ["a", "b", "c"]) await mover.put(key, key);
    expect(await other.verify()).toMatchObject({ objects: 3, findings: [] });
    await setSplitPercent(provider, 100);
    await repaired(mover);
    const nothing = { objects: 3, findings: [], pending: 0 };
    expect(await other.verify()).toMatchObject(nothing);
    expect(await open(make()).verify()).toMatchObject(nothing);
  });

  it("is refused while a member that may hold objects is not configured", async () => {
    const [first, second] = [testMember("first").provider, testMember("second").provider];
    const options = { ...QUICK, journal: memoryJournal() };
    await open(fallback([first, second], options)).put("a", "one");
    const verifying = open(fallback([second], options)).verify();
    await expect(verifying).rejects.toMatchObject({ code: "Unavailable", provider: "first" });
  });
});

describe("verify, of several copies of one version", () => {
  it("names the copy of a split that repair clears", async () => {
    const { members, make } = splits({ percent: 100 });
    const storage = open(make());
    await storage.put("a", "one");
    await members[0].provider.put("a", await toBody("one"), await members[1].provider.head("a", {}));
    expect(await storage.verify()).toMatchObject({ extra: 1, findings: [{ provider: "from" }] });
    await repaired(storage);
    await expect(members[0].provider.head("a", {})).rejects.toMatchObject({ code: "NotFound" });
    expect(await storage.verify()).toMatchObject({ findings: [], pending: 0 });
  });

  it("lets a copy be that has expired and was not removed yet", async () => {
    const expiring = { ...testMember("second").provider, expiresAfterMs: () => 0 };
    const { storage } = mirrored([testMember("first").provider, expiring]);
    await storage.put("a", "one");
    expect(await storage.verify()).toMatchObject({ objects: 1, findings: [] });
    await expiring.delete("a", {});
    expect(await storage.verify()).toMatchObject({ objects: 1, findings: [] });
  });
});

describe("verify, while others write", () => {
  it("finds what is wrong although other keys are written all the time", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const { storage } = mirrored([first.provider, second.provider]);
    await storage.put("a", "one");
    await second.provider.delete("a", {});
    second.fault = async (call, next) => {
      if (call.operation === "head" && call.key === "a") await storage.put("b", "two");
      return await next();
    };
    expect(await storage.verify("a", { mend: false })).toMatchObject({ missing: 1, pending: 0 });
  });

  it.each([1, 2, 9])("is not misled by a key that is written %d times", async (times) => {
    const [first, second] = [testMember("first"), testMember("second")];
    const { storage } = mirrored([first.provider, second.provider]);
    await storage.put("a", "one");
    let written = 0;
    second.fault = async (call, next) => {
      const isAsked = call.operation === "head" && call.key === "a";
      if (isAsked && written < times) await storage.put("a", `longer ${written++}`);
      return await next();
    };
    expect(await storage.verify("", { deep: true })).toMatchObject({ objects: 1, findings: [] });
  });
});

describe("verify, of a body that a member itself finds to be wrong", () => {
  const short = (): Readable => Readable.from([Buffer.from("on")]);

  it("has repair replace that copy when another is right", async () => {
    const first = testMember("first");
    const { storage } = mirrored([reading(first, short), testMember("second").provider]);
    await storage.put("a", "one");
    const report = await storage.verify("", { deep: true });
    expect(report).toMatchObject({ different: 1, unverifiable: 0, findings: [{ provider: "first" }] });
    first.calls.length = 0;
    await repaired(storage);
    expect(first.calls).toContain("put a");
  });

  it("leaves the only copy readable when the bytes differ from the bytes that were put", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const journal = memoryJournal();
    const storage = open(fallback([first.provider, second.provider], { ...QUICK, journal }));
    await storage.put("a", "one");
    const { writeId } = await first.provider.head("a", {});
    await first.provider.put("a", await toBody("xxx"), { writeId });
    for (let count = 0; count < 2; count++) {
      expect(await storage.verify("", { deep: true })).toMatchObject({ different: 1 });
      await repaired(storage);
      expect(await (await storage.get("a")).text()).toBe("xxx");
    }
  });

  it("does not give up the only copy", async () => {
    const provider = reading(testMember("first"), short);
    const journal = memoryJournal();
    const chain = open(fallback([provider, testMember("second").provider], { ...QUICK, journal }));
    for (const storage of [chain, open(provider)]) {
      await storage.put("a", "one");
      expect(await storage.verify("", { deep: true })).toMatchObject({ different: 1, unverifiable: 0 });
      expect(await storage.verify()).toMatchObject({ objects: 1, pending: 0, findings: [] });
    }
  });
});

describe("verify, of a chain whose first member does not take everything", () => {
  it.each([
    ["long objects", { objectBytesMax: 2 }, "one"],
    ["empty objects", { emptyObject: false }, ""],
    ["long keys", { keyBytesMax: 4 }, "one"],
  ])("lets %s be on the next one", async (_, supports, text) => {
    const first = testMember("first", { supports });
    const providers = [first.provider, testMember("second").provider];
    const storage = open(fallback(providers, { ...QUICK, journal: memoryJournal() }));
    await storage.put("a key", text);
    await repaired(storage);
    expect(first.calls).not.toContain("put a key");
    expect(await storage.verify()).toMatchObject({ objects: 1, pending: 0, findings: [] });
  });
});

describe("verify, of members that cannot be listed", () => {
  it("goes by the others of a mirror, and is refused where nobody else knows the keys", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const { storage } = mirrored([first.provider, second.provider]);
    await storage.put("a", "one");
    const unlistable = { ...first.provider, supports: { ...first.provider.supports, list: false } };
    const providers = [unlistable, second.provider];
    expect(await mirrored(providers).storage.verify()).toMatchObject({ objects: 1, findings: [] });
    const journal = memoryJournal();
    const refused = { code: "Unavailable", provider: "first" };
    await expect(open(fallback(providers, { ...QUICK, journal })).verify()).rejects.toMatchObject(refused);
    await expect(mirrored([unlistable]).storage.verify()).rejects.toMatchObject(refused);
  });
});

describe("verify, of composers without a journal over others with one", () => {
  it("looks at the objects of every member", async () => {
    const [x, y] = ["x", "y"].map((name) => {
      const members = [testMember(`${name}1`), testMember(`${name}2`)] as const;
      const providers = members.map(({ provider }) => provider);
      return { members, ...mirrored(providers, { name }) };
    }) as [Mirrored, Mirrored];
    const plain = testMember("plain").provider;
    await x.storage.put("a", "one");
    await y.storage.put("b", "one");
    await open(plain).put("c", "one");
    const storage = open(fallback([x.provider, y.provider, plain], { retry: false, breaker: false }));
    expect(await storage.verify()).toMatchObject({ objects: 3, findings: [] });
    await y.members[1].provider.delete("b", {});
    const findings = [{ kind: "missing", key: "b", provider: "y2" }];
    expect(await storage.verify()).toMatchObject({ objects: 3, findings });
  });
});

describe("verify, of a composer that is switched off", () => {
  it("asks none of its members", async () => {
    const first = testMember("first");
    const { provider } = mirrored([first.provider, testMember("second").provider]);
    const verifying = open(off(provider, "it moves")).verify();
    await expect(verifying).rejects.toMatchObject({ code: "Unavailable", provider: "mirror" });
    expect(first.calls).toEqual([]);
  });
});
