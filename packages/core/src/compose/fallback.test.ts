import { describe, expect, it } from "vitest";
import { createStorage } from "../facade/create-storage.js";
import type { StorageError } from "../contract/errors.js";
import { memory } from "../memory/memory.js";
import { memoryJournal } from "../memory/memory-journal.js";
import type { Description, StorageProvider } from "../contract/provider.js";
import { contents, place, testChain } from "../testing/chain.test-support.js";
import { down, failing, testMember, type TestMember } from "../testing/member.test-support.js";
import { patterned, rejection, streamOf } from "../testing/streams.test-support.js";
import { prefixed } from "../wrap/prefixed.js";
import { retry } from "../wrap/retry.js";
import { off } from "../wrap/off.js";
import { fallback, type FallbackOptions } from "./fallback.js";
import { mirror } from "./mirror.js";

const invalid = expect.objectContaining({ code: "InvalidArgument" });

describe("a chain", () => {
  it.each([
    ["no members", []],
    ["no array", memory()],
    ["something that is no provider", [memory(), {}]],
    ["null", [null]],
    ["nothing", undefined],
  ])("of %s is a TypeError", (_, members) => {
    expect(() => fallback(members as never)).toThrow(TypeError);
  });

  it.each<FallbackOptions>([
    { overwrites: "yes" as never },
    { fallbackOn: ["NotFound" as never] },
    { fallbackOn: ["SourceError" as never] },
    { askMs: 0 },
    { askMs: Number.NaN },
    { askMs: "5" as never },
    { retry: { attempts: 0 } },
    { timeouts: { controlMs: -1 } },
  ])("with options that cannot work is a TypeError: %j", (options) => {
    expect(() => fallback([memory()], options)).toThrow(TypeError);
  });

  it.each<readonly [string, () => readonly StorageProvider[]]>([
    ["two members of one name", () => [memory(), memory()]],
    ["two wrapped members of one name", () => [retry(memory()), prefixed(memory(), "p/")]],
    [
      "a member and a leaf of one name",
      () => [memory({ name: "a" }), fallback([memory({ name: "b" }), memory({ name: "a" })])],
    ],
    [
      "leaves of one name in two chains",
      () => [
        fallback([memory({ name: "a" }), memory({ name: "b" })], { name: "x" }),
        fallback([memory({ name: "c" }), memory({ name: "b" })], { name: "y" }),
      ],
    ],
    ["two chains of one name", () => [fallback([memory({ name: "a" })]), fallback([memory({ name: "b" })])]],
  ])("refuses %s, and names the cure", (_, members) => {
    expect(() => fallback(members())).toThrow(invalid);
    expect(() => fallback(members())).toThrow(/a different `name`/);
  });

  const renamed = (name: string): StorageProvider => ({
    ...memory({ name: "one" }),
    name,
    describe: undefined,
  });

  it.each<readonly [string, () => readonly StorageProvider[]]>([
    ["two members in one place", () => [renamed("a"), renamed("b")]],
    [
      "a member in the place of a leaf",
      () => [fallback([memory({ name: "x" }), renamed("a")]), renamed("b")],
    ],
  ])("refuses %s", (_, members) => {
    expect(() => fallback(members())).toThrow(invalid);
  });

  it("takes two corners of one place", () => {
    const corners = [prefixed(renamed("a"), "x/"), prefixed(renamed("b"), "y/")];
    expect(fallback(corners).name).toBe("fallback");
  });

  it("of one member works", async () => {
    const storage = createStorage(fallback([memory({ name: "only" })]));
    expect(await storage.put("a", "abc")).toMatchObject({ provider: "only" });
    expect(await (await storage.get("a")).text()).toBe("abc");
  });

  it("locates what any member owns, and refs where a new object would go", () => {
    const { provider, first, third } = testChain();
    expect(provider.ref("a")).toBe(first.provider.ref("a"));
    expect(provider.locate(third.provider.ref("a"))).toEqual({
      key: "a",
      provider: "third",
      ref: third.provider.ref("a"),
    });
    expect(provider.locate("elsewhere")).toBeUndefined();
  });

  it("closes every member, also when one of them fails", async () => {
    const closed: string[] = [];
    const closing = (name: string, error?: Error): StorageProvider => ({
      ...memory({ name }),
      close: async () => {
        closed.push(name);
        if (error !== undefined) throw error;
        await new Promise((resolve) => setImmediate(resolve));
        closed.push(`${name} done`);
      },
    });
    const boom = new Error("boom");
    const chain = fallback([closing("a"), closing("b", boom), closing("c")]);
    expect(await rejection(chain.close?.() ?? Promise.resolve())).toBe(boom);
    expect(closed).toEqual(["a", "b", "c", "a done", "c done"]);
  });

  it("has no member that it cannot keep the promises of", () => {
    const { publicUrl, signUpload, multipart, importFrom, deleteMany } = testChain().provider;
    expect(
      [publicUrl, signUpload, multipart, importFrom, deleteMany].every((member) => member === undefined),
    ).toBe(true);
  });
});

describe("what a chain supports", () => {
  const withSupports = (
    ...all: readonly Partial<StorageProvider["supports"]>[]
  ): StorageProvider["supports"] =>
    fallback(
      all.map((supports, index) => testMember(`m${index}`, { supports }).provider),
      { overwrites: "may-be-stale" },
    ).supports;

  it.each([
    "range",
    "ifNoneMatch",
    "ifMatch",
    "ifNoneMatchOnMultipart",
    "conditionalDelete",
    "metadata",
    "byteExact",
  ] as const)("is what every member supports where it changes meaning: %s", (feature) => {
    expect(withSupports({}, {})[feature]).toBe(true);
    expect(withSupports({}, { [feature]: false })[feature]).toBe(false);
  });

  it("is what some member can take", () => {
    const supports = withSupports(
      { emptyObject: false, keyBytesMax: 10, objectBytesMax: 100 },
      { emptyObject: true, keyBytesMax: 1024, objectBytesMax: 10 },
    );
    expect(supports).toMatchObject({ emptyObject: true, keyBytesMax: 1024, objectBytesMax: 100 });
    expect(withSupports({ emptyObject: false }, { emptyObject: false }).emptyObject).toBe(false);
  });

  it("is no overwriting without a journal, unless it is asked for", () => {
    expect(testChain().provider.supports).toMatchObject({
      overwrite: false,
      ifMatch: false,
      ifNoneMatch: true,
    });
    expect(testChain({ overwrites: "may-be-stale" }).provider.supports).toMatchObject({
      overwrite: true,
      ifMatch: true,
    });
  });
});

describe("the description of a chain", () => {
  it("says the tier, the promises and the limits, and what it is made of", () => {
    const described = testChain().storage.describe();
    expect(described).toMatchObject({
      kind: "composer",
      type: "fallback",
      name: "fallback",
      tier: "stateless",
    });
    expect(described.promises?.join("\n")).toMatch(
      /NotFound is never returned because a member was unreachable/,
    );
    expect(described.limits?.join("\n")).toMatch(/written only once/);
    const leaves = (at: Description): string[] =>
      at.members === undefined ? [at.name] : at.members.flatMap(leaves);
    expect(leaves(described)).toEqual(["first", "second", "third"]);
  });

  it.each([
    [true, ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11"]],
    [false, ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9"]],
  ])("promises by number with a journal that outlives the process: %s", (durable, numbers) => {
    const journal = { ...memoryJournal(), durable };
    const described = fallback([memory({ name: "a" }), memory({ name: "b" })], { journal }).describe?.();
    expect(described?.tier).toBe("embedded");
    expect(described?.promises?.map((promise) => promise.split(":")[0])).toEqual(numbers);
  });

  it("promises less where overwriting is allowed", () => {
    const [strict, loose] = [testChain(), testChain({ overwrites: "may-be-stale" })].map(({ storage }) =>
      storage.describe(),
    );
    expect(strict?.promises?.length).toBeGreaterThan(loose?.promises?.length ?? 0);
    expect(loose?.limits?.join()).toMatch(/older copy.*unconfirmed.*mayBeStale/);
  });

  it("shows retries and limits around members that have none, and leaves the others as they are", () => {
    const described = fallback([memory({ name: "bare" }), retry(memory({ name: "own" }))]).describe?.();
    const types = (at: Description | undefined): string[] =>
      at === undefined ? [] : [at.type, ...types(at.members?.[0])];
    expect(described?.members?.map(types)).toEqual([
      ["retry", "timeout", "memory"],
      ["retry", "memory"],
    ]);
  });
});

describe("the health of composers without a journal", () => {
  const makes: readonly (readonly [
    string,
    (members: readonly StorageProvider[]) => StorageProvider,
    boolean,
  ])[] = [
    ["a chain", (members) => fallback(members), true],
    ["a chain under a prefix", (members) => prefixed(fallback(members), "a/"), true],
    ["a mirror", (members) => mirror(members), false],
    ["a mirror of which most have to write", (members) => mirror(members, { writes: "quorum" }), true],
    [
      "a chain of chains",
      ([first, ...rest]) => fallback([first as StorageProvider, fallback(rest, { name: "rest" })]),
      true,
    ],
  ];
  it.each(makes)("is that of its members: %s", async (_title, make, isReady) => {
    const members = ["a", "b", "c"].map((name) => testMember(name));
    const storage = createStorage(make(members.map(({ provider }) => provider)));
    expect(await storage.health()).toMatchObject({ live: true, ready: true, degraded: false, reasons: [] });
    for (const member of members.slice(0, 1)) member.fault = down;
    const { ready, degraded, reasons, members: told } = await storage.health();
    expect([ready, degraded, reasons]).toEqual([isReady, true, [expect.stringMatching(/^a: /)]]);
    expect(told.map(({ name, ok }) => [name, ok])).toEqual([
      ["a", false],
      ["b", true],
      ["c", true],
    ]);
  });

  it("of one that is switched off asks nobody", async () => {
    const member = testMember("a");
    const storage = createStorage(off(fallback([member.provider, memory({ name: "b" })]), "it moves"));
    expect((await storage.health()).ready).toBe(false);
    expect(member.calls).toEqual([]);
  });
});

describe("a chain within a chain", () => {
  interface Nested {
    readonly storage: ReturnType<typeof createStorage>;
    readonly a: TestMember;
    readonly b: TestMember;
    readonly c: TestMember;
  }

  function nested(options: FallbackOptions = {}): Nested {
    const [a, b, c] = [testMember("a"), testMember("b"), testMember("c")];
    const settings = { retry: false, ...options } as const;
    const inner = fallback([a.provider, b.provider], { ...settings, name: "inner" });
    return { a, b, c, storage: createStorage(fallback([inner, c.provider], { ...settings, name: "outer" })) };
  }

  it("puts, reads, lists and deletes as one of three members", async () => {
    const { storage, a, b, c } = nested();
    expect(await storage.put("k", "abc")).toMatchObject({ provider: "a" });
    await place(b, "l", "1");
    await place(c, "m", "2");
    expect((await storage.listPage()).objects.map(({ key, provider }) => [key, provider])).toEqual([
      ["k", "a"],
      ["l", "b"],
      ["m", "c"],
    ]);
    expect((await storage.get("m")).info.provider).toBe("c");
    for (const key of ["k", "l", "m"]) await storage.delete(key);
    expect([await contents(a), await contents(b), await contents(c)]).toEqual([{}, {}, {}]);
  });

  it("names the leaf, never the chain, that holds a key which exists", async () => {
    for (const overwrites of ["refuse", "may-be-stale"] as const) {
      const { storage, b } = nested({ overwrites });
      await place(b, "k", "old");
      expect(await rejection(storage.put("k", "new", { ifNoneMatch: "*" }))).toMatchObject({
        code: "AlreadyExists",
        provider: "b",
      });
    }
  });

  it("names the leaf, never the chain, whose ETag is another", async () => {
    const { storage, b } = nested({ overwrites: "may-be-stale" });
    await place(b, "k", "old");
    expect(await rejection(storage.put("k", "new", { ifMatch: '"no"' }))).toMatchObject({
      code: "PreconditionFailed",
      provider: "b",
    });
    expect(await rejection(storage.delete("k", { ifMatch: '"no"' }))).toMatchObject({
      code: "PreconditionFailed",
      provider: "b",
    });
  });

  it("names the leaf that does not answer", async () => {
    const { storage, b } = nested();
    b.fault = down;
    expect(await rejection(storage.get("k"))).toMatchObject({ code: "Unavailable", provider: "b" });
    expect(await rejection(storage.listPage())).toMatchObject({ code: "Unavailable", provider: "b" });
    expect(await rejection(storage.delete("k"))).toMatchObject({ code: "Unavailable", provider: "b" });
  });

  it("still takes a put when its first member is down", async () => {
    const { storage, a, b, c } = nested();
    a.fault = down;
    expect(await storage.put("k", "abc")).toMatchObject({ provider: "b", unconfirmed: ["a"] });
    expect([await contents(b), await contents(c)]).toEqual([{ k: "abc" }, {}]);
  });

  it("keeps on working while one leaf of all is left", async () => {
    for (const left of ["a", "b", "c"] as const) {
      const chain = nested();
      for (const name of ["a", "b", "c"] as const) if (name !== left) chain[name].fault = down;
      expect((await chain.storage.put("k", "abc")).provider).toBe(left);
    }
  });

  it("names every leaf that may hold an older copy", async () => {
    const { storage, a, c } = nested();
    a.fault = down;
    c.fault = down;
    expect((await storage.put("k", "abc")).unconfirmed).toEqual(["a", "c"]);
  });

  it("passes a stream that its members lost midway on, whole", async () => {
    const bytes = patterned(2_500_000);
    const { storage, a, b, c } = nested();
    const losing = failing("Unavailable", { applied: "no" }, "put");
    a.fault = losing;
    b.fault = losing;
    expect(await storage.put("k", streamOf(bytes))).toMatchObject({ provider: "c" });
    expect((await c.store.head("k", {})).size).toBe(bytes.byteLength);
  });

  it("has an attempt for each leaf when nobody is left", async () => {
    const { storage, a, b, c } = nested();
    for (const member of [a, b, c]) member.fault = failing("OutOfSpace", {}, "put");
    const error = (await rejection(storage.put("k", "abc"))) as StorageError;
    expect(error).toMatchObject({ code: "OutOfSpace", retryable: false });
    const leaves = (at: StorageError): string[] =>
      (at.attempts ?? []).flatMap(({ provider, error: inner }) =>
        inner.attempts === undefined ? [provider] : leaves(inner),
      );
    expect(leaves(error)).toEqual(["a", "b", "c"]);
  });

  it("may be stale when a leaf of it is down", async () => {
    const { storage, a, b } = nested({ overwrites: "may-be-stale" });
    await place(b, "k", "abc");
    a.fault = down;
    expect(await storage.head("k")).toMatchObject({ provider: "b", mayBeStale: true });
  });

  it("clears older copies in its leaves", async () => {
    const { storage, b, c, a } = nested({ overwrites: "may-be-stale" });
    await place(b, "k", "old");
    await place(c, "k", "older");
    expect((await storage.put("k", "new")).unconfirmed).toBeUndefined();
    expect([await contents(a), await contents(b), await contents(c)]).toEqual([{ k: "new" }, {}, {}]);
  });
});
