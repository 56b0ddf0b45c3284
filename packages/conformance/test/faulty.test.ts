import { Readable } from "node:stream";
import { createStorage, memory, type FileStorage, type StorageProvider } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { faulty, seeded, type FaultPlan, type Faulty } from "../src/index.js";

interface Setup extends Faulty {
  readonly inner: StorageProvider;
  readonly storage: FileStorage;
}

function setUp(plan?: FaultPlan): Setup {
  const inner = memory();
  const made = faulty(inner, plan);
  return { ...made, inner, storage: createStorage(made.provider, { retry: false, timeouts: false }) };
}

async function textOf(provider: StorageProvider, key: string): Promise<string> {
  return Buffer.from((await provider.get(key, {})).body as Uint8Array).toString();
}

describe("seeded", () => {
  it("gives the same numbers for the same seed, others for another", () => {
    const take = (seed: number) => Array.from({ length: 5 }, seeded(seed));
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it("gives numbers from 0 up to 1, evenly", () => {
    const random = seeded(1);
    const numbers = Array.from({ length: 10_000 }, random);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  });
});

describe("aimed faults", () => {
  it("without a plan every call passes", async () => {
    const { storage, log } = setUp();
    await storage.put("a.txt", "abc");
    expect(await (await storage.get("a.txt")).text()).toBe("abc");
    expect(log).toEqual([
      { operation: "put", key: "a.txt", fault: undefined },
      { operation: "get", key: "a.txt", fault: undefined },
    ]);
  });

  it("a dropped request is Unavailable and not applied", async () => {
    const { storage, inner, failNext } = setUp();
    failNext("put", "drop");
    await expect(storage.put("a.txt", "abc")).rejects.toMatchObject({ code: "Unavailable", applied: "no" });
    await expect(inner.head("a.txt", {})).rejects.toMatchObject({ code: "NotFound" });
    await storage.put("a.txt", "abc");
  });

  it("a lost response is Unavailable, unknown, and applied", async () => {
    const { storage, inner, failNext } = setUp();
    failNext("put", "lost-response");
    await expect(storage.put("a.txt", "abc")).rejects.toMatchObject({
      code: "Unavailable",
      applied: "unknown",
    });
    expect(await textOf(inner, "a.txt")).toBe("abc");
  });

  it("a lost response of a delete has deleted", async () => {
    const { storage, inner, failNext } = setUp();
    await storage.put("a.txt", "abc");
    failNext("delete", "lost-response");
    await expect(storage.delete("a.txt")).rejects.toMatchObject({ applied: "unknown" });
    await expect(inner.head("a.txt", {})).rejects.toMatchObject({ code: "NotFound" });
  });

  it("a late write takes effect after its error, when it is told to land", async () => {
    const { storage, inner, failNext, land } = setUp();
    failNext("put", "late-apply");
    const stream = Readable.from([Buffer.from("abc")]);
    await expect(storage.put("a.txt", stream)).rejects.toMatchObject({ code: "Timeout", applied: "unknown" });
    await expect(inner.head("a.txt", {})).rejects.toMatchObject({ code: "NotFound" });
    await land();
    expect(await textOf(inner, "a.txt")).toBe("abc");
  });

  it("a late write lands within three further calls", async () => {
    const { storage, inner, failNext } = setUp();
    failNext("put", "late-apply");
    await expect(storage.put("a.txt", "abc")).rejects.toMatchObject({ applied: "unknown" });
    for (let call = 0; call < 4; call++) await storage.exists("other.txt");
    expect(await textOf(inner, "a.txt")).toBe("abc");
  });

  it("a late write can overwrite a newer one", async () => {
    const { storage, inner, failNext, land } = setUp();
    failNext("put", "late-apply");
    await expect(storage.put("a.txt", "old")).rejects.toMatchObject({ applied: "unknown" });
    await inner.put(
      "a.txt",
      { replayable: true, size: 3, bytes: Buffer.from("new"), open: () => Readable.from([]) },
      {},
    );
    await land();
    expect(await textOf(inner, "a.txt")).toBe("old");
  });

  it("a truncated get fails in the facade, never looks whole", async () => {
    const { storage, failNext } = setUp();
    await storage.put("a.txt", "0123456789");
    failNext("get", "truncate");
    await expect(storage.get("a.txt")).rejects.toMatchObject({ code: "Integrity" });
    expect(await (await storage.get("a.txt")).text()).toBe("0123456789");
  });

  it("a truncated put writes nothing, and nobody can know", async () => {
    const { storage, inner, failNext } = setUp();
    for (const body of ["0123456789", Readable.from([Buffer.from("01234"), Buffer.from("56789")])]) {
      failNext("put", "truncate");
      await expect(storage.put("a.txt", body)).rejects.toMatchObject({
        code: "Unavailable",
        applied: "unknown",
      });
    }
    await expect(inner.head("a.txt", {})).rejects.toMatchObject({ code: "NotFound" });
  });

  it("a source that fails by itself stays a SourceError, also in a truncated put", async () => {
    const { storage, failNext } = setUp();
    failNext("put", "truncate");
    const fail = (): never => {
      throw new Error("lost");
    };
    await expect(storage.put("a.txt", fail)).rejects.toMatchObject({ code: "SourceError" });
  });

  it("a delayed call succeeds, and an abort ends its wait", async () => {
    const { storage, failNext } = setUp({ delayMs: 60_000, seed: 3 });
    failNext("put", "delay");
    const controller = new AbortController();
    const done = storage.put("a.txt", "abc", { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(done).rejects.toThrow("enough");
    const quick = setUp({ delayMs: 2 });
    quick.failNext("put", "delay");
    expect((await quick.storage.put("a.txt", "abc")).size).toBe(3);
  });

  it("a provider that is down refuses everything until it is up", async () => {
    const { storage, down, up, log } = setUp();
    await storage.put("a.txt", "abc");
    down();
    await expect(storage.get("a.txt")).rejects.toMatchObject({ code: "Unavailable", applied: "no" });
    await expect(storage.put("b.txt", "abc")).rejects.toMatchObject({ code: "Unavailable", applied: "no" });
    await expect(storage.listPage()).rejects.toMatchObject({ code: "Unavailable" });
    up();
    expect(await storage.exists("b.txt")).toBe(false);
    expect(log.filter(({ fault }) => fault === "down")).toHaveLength(3);
  });
});

describe("planned faults", () => {
  it("a script is followed step by step, then calls pass", async () => {
    const { storage } = setUp({ script: ["drop", "pass", "lost-response"] });
    await expect(storage.put("a.txt", "abc")).rejects.toMatchObject({ applied: "no" });
    await storage.put("a.txt", "abc");
    await expect(storage.put("a.txt", "abc")).rejects.toMatchObject({ applied: "unknown" });
    await storage.put("a.txt", "abc");
  });

  it("a step that names a verb waits for it", async () => {
    const { storage } = setUp({ script: [{ operation: "head", fault: "drop" }] });
    await storage.put("a.txt", "abc");
    await expect(storage.head("a.txt")).rejects.toMatchObject({ code: "Unavailable" });
    expect((await storage.head("a.txt")).size).toBe(3);
  });

  it("the same seed and calls give the same faults", async () => {
    expect(await faultsOf(42)).toEqual(await faultsOf(42));
    expect(await faultsOf(42)).not.toEqual(await faultsOf(43));
  });

  it("rates are kept, and only for the verbs they are for", async () => {
    const faults = await faultsOf(5, { drop: 0.5 }, ["put"]);
    const puts = faults.filter(({ operation }) => operation === "put");
    const dropped = puts.filter(({ fault }) => fault === "drop").length;
    expect(dropped / puts.length).toBeGreaterThan(0.35);
    expect(dropped / puts.length).toBeLessThan(0.65);
    expect(faults.every(({ operation, fault }) => operation === "put" || fault === undefined)).toBe(true);
  });

  it.each([
    { rate: { drop: 1 } },
    { rates: { dropp: 1 } },
    { rates: { drop: -1 } },
    { script: ["dropp"] },
    { seed: "x" },
  ])("a plan with what there is not is a TypeError: %j", (plan) => {
    expect(() => faulty(memory(), plan as object)).toThrow(TypeError);
  });

  it("a fault that there is not is a TypeError", () => {
    expect(() => faulty(memory()).failNext("put", "dropp" as never)).toThrow('a fault must be "drop"');
  });

  it("rates above 1 together are a TypeError", () => {
    expect(() => faulty(memory(), { rates: { drop: 0.7, delay: 0.7 } })).toThrow(TypeError);
  });
});

async function faultsOf(
  seed: number,
  rates: FaultPlan["rates"] = { drop: 0.2, "lost-response": 0.2, "late-apply": 0.2, truncate: 0.2 },
  operations?: FaultPlan["operations"],
): Promise<Setup["log"]> {
  const { storage, log } = setUp({ seed, rates, operations });
  for (let round = 0; round < 100; round++) {
    await storage.put(`${round}.txt`, "0123456789").catch(() => {});
    await storage.exists(`${round}.txt`).catch(() => {});
  }
  return log;
}
