import fs from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createGenerations, withTimeOf, etagOf, generationName } from "./generation.js";
import { folder } from "./testing/disk.test-support.js";

afterEach(() => {
  vi.restoreAllMocks();
});

async function written(content: string): Promise<{ readonly fd: number; readonly facts: fs.BigIntStats }> {
  const fd = fs.openSync(join(await folder(), "file"), "w+");
  onTestFinished(() => fs.closeSync(fd));
  fs.writeSync(fd, content);
  return { fd, facts: fs.fstatSync(fd, { bigint: true }) };
}

describe("generations", () => {
  it("are left as they are while they differ by themselves", async () => {
    const { distinct } = createGenerations();
    const { fd, facts } = await written("x");
    expect(distinct("a", facts, withTimeOf(fd, ""))).toBe(facts);
    expect(distinct("b", facts, withTimeOf(fd, ""))).toBe(facts);
  });

  it("of one key with one size and time are moved apart, and the file's time with them", async () => {
    const { distinct } = createGenerations();
    const { fd, facts } = await written("x");
    const versions = Array.from({ length: 50 }, () => distinct("a", facts, withTimeOf(fd, "")));
    expect(new Set(versions.map(etagOf)).size).toBe(50);
    expect(new Set(versions.map(({ mtimeNs }) => mtimeNs)).size).toBe(50);
    expect(fs.fstatSync(fd, { bigint: true }).mtimeNs).toBe(versions.at(-1)?.mtimeNs);
  });

  it("of one key are moved apart although their files have different numbers", async () => {
    const { distinct } = createGenerations();
    const { fd, facts } = await written("x");
    distinct("a", facts, withTimeOf(fd, ""));
    const other = { ...facts, ino: facts.ino + 1n } as fs.BigIntStats;
    expect(distinct("a", other, withTimeOf(fd, "")).mtimeNs).toBeGreaterThan(facts.mtimeNs);
  });

  it("of one key stay apart when files of other keys come in between", async () => {
    const { distinct } = createGenerations();
    const { fd, facts } = await written("x");
    const etags = new Set<string>();
    for (let round = 0n; round < 50n; round++) {
      etags.add(etagOf(distinct("a", facts, withTimeOf(fd, ""))));
      distinct(
        "b",
        { ...facts, mtimeNs: facts.mtimeNs + round * 4_000_000n } as fs.BigIntStats,
        withTimeOf(fd, ""),
      );
    }
    expect(etags.size).toBe(50);
  });

  it("stay close to the time that they had", async () => {
    const { distinct } = createGenerations();
    const { fd, facts } = await written("x");
    let last = facts;
    for (let round = 0; round < 100; round++) last = distinct("a", facts, withTimeOf(fd, ""));
    expect(last.mtimeNs - facts.mtimeNs).toBeLessThan(5_000_000n);
  });

  it("are moved apart also where the file system keeps times in seconds", async () => {
    const { distinct } = createGenerations();
    const { fd, facts } = await written("x");
    const whole = (value: fs.BigIntStats): fs.BigIntStats =>
      ({ ...value, mtimeNs: (value.mtimeNs / 2_000_000_000n) * 2_000_000_000n }) as fs.BigIntStats;
    const original = fs.fstatSync;
    vi.spyOn(fs, "fstatSync").mockImplementation(((file: number, options: { bigint: true }) =>
      whole(original(file, options))) as unknown as typeof fs.fstatSync);
    const versions = Array.from({ length: 5 }, () => distinct("a", whole(facts), withTimeOf(fd, "")));
    expect(new Set(versions.map(etagOf)).size).toBe(5);
  });

  it("are still told apart when the clock was set back", async () => {
    const { distinct } = createGenerations();
    const { fd, facts } = await written("x");
    const earlier = { ...facts, mtimeNs: facts.mtimeNs - 3_600_000_000_000n } as fs.BigIntStats;
    distinct("a", earlier, withTimeOf(fd, ""));
    distinct("a", facts, withTimeOf(fd, ""));
    fs.futimesSync(fd, 0, Number(earlier.mtimeNs / 1_000_000n) / 1e3);
    const again = distinct("a", earlier, withTimeOf(fd, ""));
    const third = distinct("a", again, withTimeOf(fd, ""));
    expect(third.mtimeNs).not.toBe(again.mtimeNs);
  });

  it("have names that are safe in a file system and in a header", async () => {
    const { facts } = await written("x");
    expect(generationName(facts)).toMatch(/^[a-z0-9]+(-[a-z0-9]+){2}$/);
    expect(etagOf(facts)).toBe(`"${generationName(facts)}"`);
  });
});
