import { expect, it } from "vitest";
import { MUTANTS, RULES, checkMutants } from "../src/index.js";

const SECONDS = 1000;

it("every rule has a mutant, and every mutant a rule", () => {
  const titles = new Set(RULES.map(({ title }) => title));
  const broken = new Set(MUTANTS.map(({ rule }) => rule));
  expect([...titles].filter((title) => !broken.has(title))).toEqual([]);
  expect([...broken].filter((title) => !titles.has(title))).toEqual([]);
});

it("no two mutants have one name", () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

it(
  "every mutant is caught by its rule, and none fails a third of the suite",
  async () => {
    const { verdicts, ok } = await checkMutants({ stride: 12 });
    expect(verdicts.filter(({ caught }) => !caught).map(({ mutant }) => mutant.name)).toEqual([]);
    expect(verdicts.filter(({ excessive }) => excessive).map(({ mutant }) => mutant.name)).toEqual([]);
    expect(ok).toBe(true);
  },
  120 * SECONDS,
);

it(
  "a rule taken out of the suite leaves its mutant alive, and the check fails",
  async () => {
    const title = "get of a missing key rejects with NotFound";
    const mutants = MUTANTS.filter(({ rule }) => rule === title);
    const whole = await checkMutants({ mutants, stride: 50 });
    expect(whole.verdicts.map(({ caught }) => caught)).toEqual([true]);
    const rules = RULES.filter((rule) => rule.title !== title);
    const { verdicts, ok } = await checkMutants({ rules, mutants, stride: 50 });
    expect(verdicts.map(({ caught }) => caught)).toEqual([false]);
    expect(ok).toBe(false);
  },
  60 * SECONDS,
);

it("a rule without a mutant makes the check fail", async () => {
  const rule = { title: "nobody can break this", run: async () => {} };
  const { untested, ok } = await checkMutants({ rules: [rule], mutants: [] });
  expect(untested).toEqual(["nobody can break this"]);
  expect(ok).toBe(false);
});

it("a provider that fails everything does not count as a mutant", async () => {
  const [rule] = RULES;
  const mutants = [
    {
      name: "fails everything",
      rule: rule!.title,
      breaks: (provider: Parameters<NonNullable<(typeof MUTANTS)[number]["breaks"]>>[0]) => ({
        ...provider,
        put: () => Promise.reject(new Error("no")),
      }),
    },
  ];
  const { verdicts, ok } = await checkMutants({ rules: RULES.slice(0, 12), mutants });
  expect(verdicts[0]).toMatchObject({ caught: true, excessive: true });
  expect(ok).toBe(false);
});
