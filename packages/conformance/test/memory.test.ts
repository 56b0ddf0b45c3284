import { memory } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { RULES, conformance, runRules, type Rule } from "../src/index.js";
import { bare, linked, restricted } from "../src/mutants/bases.js";

conformance({ describe, it }, "memory", { open: () => ({ provider: memory() }) });

describe("memory with other declarations", () => {
  it("keeps the contract without any optional feature", async () => {
    expect(await failuresOf(() => bare(memory()))).toEqual([]);
  });

  it("keeps the contract with every kind of link", async () => {
    expect(await failuresOf(() => linked(memory()))).toEqual([]);
  });

  it("keeps the contract without listings", async () => {
    expect(await failuresOf(() => restricted({ list: false })(memory()))).toEqual([]);
  });

  it("keeps the contract without create-only writes in parts", async () => {
    expect(await failuresOf(() => restricted({ ifNoneMatchOnMultipart: false })(memory()))).toEqual([]);
  });

  it("runs every rule on one of them", async () => {
    const makers = [
      memory,
      () => bare(memory()),
      () => linked(memory()),
      () => restricted({ ifNoneMatchOnMultipart: false })(memory()),
      () => restricted({ list: false })(memory()),
    ];
    const asked = new Set<string>();
    for (const make of makers) {
      const { outcomes } = await runRules(() => ({ provider: make(), close: () => {} }));
      for (const { title, status } of outcomes) if (status !== "skipped") asked.add(title);
    }
    const never = RULES.filter(({ title }) => !asked.has(title)).map(({ title }) => title);
    expect(never).toEqual(["a provider can be closed twice"]);
  });
});

describe("the suite", () => {
  it("has at least 150 rules, each under a title of its own", () => {
    expect(RULES.length).toBeGreaterThanOrEqual(150);
    expect(new Set(RULES.map(({ title }) => title)).size).toBe(RULES.length);
  });

  it("leaves nothing under the prefixes of its rules", async () => {
    const provider = memory();
    await runRules(() => ({ provider }));
    expect((await provider.list({})).objects).toEqual([]);
  });

  it("opens the provider once, and once more for each rule that closes it", async () => {
    const counts = { opened: 0, closed: 0 };
    const open = () => {
      counts.opened++;
      return { provider: memory(), close: () => void counts.closed++ };
    };
    const own = RULES.filter((rule) => rule.own === true).length;
    await runRules(open);
    expect(counts).toEqual({ opened: own + 1, closed: own + 1 });
  });

  it("says why it skips a rule", async () => {
    const rules: Rule[] = [
      { title: "needs a member", needs: ["signedUrl"], run: async () => {} },
      { title: "needs the lack of a flag", needs: ["!range"], run: async () => {} },
      { title: "needs large objects", largest: 5000, run: async () => {} },
    ];
    const provider = restricted({ objectBytesMax: 4999 })(memory());
    const { outcomes } = await runRules(() => ({ provider }), { rules });
    expect(outcomes.map((outcome) => outcome.status === "skipped" && outcome.reason)).toEqual([
      "needs signedUrl",
      "needs !range",
      "needs objects of 5000 bytes",
    ]);
  });

  it("fails a rule that hangs", async () => {
    const rules: Rule[] = [{ title: "hangs", run: () => new Promise(() => {}) }];
    const { outcomes, failed } = await runRules(() => ({ provider: memory() }), { rules, timeoutMs: 20 });
    expect(failed).toBe(1);
    expect(outcomes[0]).toMatchObject({ error: new Error("the rule has not ended after 20 ms") });
  });

  it("rejects when the provider cannot be opened", async () => {
    const open = (): never => {
      throw new Error("no such bucket");
    };
    await expect(runRules(open)).rejects.toThrow("no such bucket");
  });
});

async function failuresOf(make: () => ReturnType<typeof memory>): Promise<readonly unknown[]> {
  const { outcomes } = await runRules(() => ({ provider: make() }));
  return outcomes.filter(({ status }) => status === "failed");
}
