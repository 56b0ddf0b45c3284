import { afterEach, describe, expect, it } from "vitest";
import { memoryJournal, type Journal } from "@stowage/core";
import { OPENED, OWNER, ROW, place, tempJournal, type TempJournal } from "./testing/journals.test-support.js";

let temp: TempJournal | undefined;

afterEach(async () => {
  await temp?.remove();
  temp = undefined;
});

const journals: readonly (readonly [string, () => Journal])[] = [
  ["memoryJournal", () => memoryJournal()],
  [
    "sqliteJournal",
    () => {
      temp = tempJournal();
      return temp.open();
    },
  ],
];

describe.each(journals)("%s", (_, make) => {
  it("has no row of a key that is not in transition", async () => {
    const part = make().open(OWNER);
    expect((await part.read("a")).row).toBeUndefined();
  });

  it("gives a row back as it was written, with a new revision", async () => {
    const part = make().open(OWNER);
    const { revision } = await part.read("a");
    const written = await part.write("a", revision, ROW);
    expect(await part.read("a")).toEqual({ row: ROW, revision: written });
    expect(written).not.toBe(revision);
  });

  it("gives an open write the revision as its version, and a delete too", async () => {
    const part = make().open(OWNER);
    const opened = await place(part, "a", OPENED);
    expect((await part.read("a")).row?.open?.version).toBe(opened);
    const gone = await place(part, "b", { ...ROW, current: { kind: "delete", version: "" } });
    expect((await part.read("b")).row?.current?.version).toBe(gone);
  });

  it("writes nothing when the row has changed since", async () => {
    const part = make().open(OWNER);
    const { revision } = await part.read("a");
    const first = await part.write("a", revision, ROW);
    expect(await part.write("a", revision, { ...ROW, attempts: 7 })).toBeUndefined();
    expect(await part.read("a")).toEqual({ row: ROW, revision: first });
  });

  it("writes nothing when a row has come and gone since", async () => {
    const part = make().open(OWNER);
    const { revision } = await part.read("a");
    await place(part, "a", ROW);
    await place(part, "a", undefined);
    expect((await part.read("a")).row).toBeUndefined();
    expect(await part.write("a", revision, ROW)).toBeUndefined();
  });

  it("of many writers of one revision lets one win", async () => {
    const part = make().open(OWNER);
    const { revision } = await part.read("a");
    const results = await Promise.all(
      Array.from({ length: 20 }, (_each, attempts) => part.write("a", revision, { ...ROW, attempts })),
    );
    expect(results.filter((result) => result !== undefined)).toHaveLength(1);
  });

  it("gives versions that only grow, over all keys", async () => {
    const part = make().open(OWNER);
    const versions: string[] = [];
    for (let count = 0; count < 50; count++) versions.push((await place(part, `k${count % 3}`, ROW)) ?? "");
    expect(versions).toEqual([...new Set(versions)].toSorted());
    expect(versions[0]).toMatch(/^[0-9a-f]{16}$/);
  });

  it("says which keys are due, the longest overdue first, and when the next is", async () => {
    const part = make().open(OWNER);
    for (const [key, nextAt] of Object.entries({ a: 30, b: 10, c: 20, d: 90 }))
      await place(part, key, { ...ROW, nextAt });
    expect(await part.due(50, 10)).toEqual(["b", "c", "a"]);
    expect(await part.due(50, 1)).toEqual(["b"]);
    expect(await part.nextDue()).toBe(10);
    for (const key of ["a", "b", "c", "d"]) await place(part, key, undefined);
    expect(await part.nextDue()).toBeUndefined();
  });

  it("gives the rows under a prefix in the order of UTF-8, behind a key", async () => {
    const part = make().open(OWNER);
    for (const key of ["v/\u{1F600}", "v/\uFF21", "v/a", "v/b", "w/a", "v%"]) await place(part, key, ROW);
    const keys = async (
      prefix: string,
      after: string | undefined,
      limit: number,
    ): Promise<readonly string[]> => (await part.rows(prefix, after, limit)).map(({ key }) => key);
    expect(await keys("v/", undefined, 10)).toEqual(["v/a", "v/b", "v/\uFF21", "v/\u{1F600}"]);
    expect(await keys("v/", "v/a", 2)).toEqual(["v/b", "v/\uFF21"]);
    expect(await keys("v", undefined, 10)).toHaveLength(5);
    expect(await keys("", "v/b", 10)).toEqual(["v/\uFF21", "v/\u{1F600}", "w/a"]);
  });

  it("counts its rows", async () => {
    const part = make().open(OWNER);
    expect(await part.counts()).toEqual({ rows: 0, oldestSince: undefined, stuck: 0 });
    await place(part, "a", { ...ROW, since: part.now() - 1000 });
    await place(part, "b", { ...ROW, since: 5 });
    expect(await part.counts()).toEqual({ rows: 2, oldestSince: 5, stuck: 1 });
  });

  it("keeps control records, each for itself", async () => {
    const part = make().open(OWNER);
    expect(await part.readControl("percent")).toBeUndefined();
    const first = await part.writeControl("percent", undefined, { percent: 10 });
    expect(await part.readControl("percent")).toEqual({ value: { percent: 10 }, revision: first });
    expect(await part.writeControl("percent", undefined, { percent: 20 })).toBeUndefined();
    expect(await part.writeControl("percent", first, { percent: 20 })).toBeDefined();
    expect((await part.readControl("percent"))?.value).toEqual({ percent: 20 });
    expect(await part.readControl("other")).toBeUndefined();
  });

  it("shows a control record that another composer's part or an own write has changed since the last look", async () => {
    const journal = make();
    const [one, two] = [journal.open(OWNER), journal.open(OWNER)];
    expect(await one.readControl("percent")).toBeUndefined();
    const first = await two.writeControl("percent", undefined, 10);
    expect((await one.readControl("percent"))?.value).toBe(10);
    await one.writeControl("percent", first, 20);
    expect([(await one.readControl("percent"))?.value, (await two.readControl("percent"))?.value]).toEqual([
      20, 20,
    ]);
  });

  it("keeps what composers have apart", async () => {
    const journal = make();
    const part = journal.open(OWNER);
    const other = journal.open({ ...OWNER, name: "others" });
    await place(part, "a", ROW);
    expect((await other.read("a")).row).toBeUndefined();
    expect((await other.counts()).rows).toBe(0);
  });

  it("takes a composer that comes back with other members: what becomes of them is for the composer", async () => {
    const journal = make();
    await place(journal.open(OWNER), "a", ROW);
    const members = [...OWNER.members, { name: "c", place: "memory://c/x" }];
    expect((await journal.open({ ...OWNER, members, type: "fallback" }).read("a")).row).toEqual(ROW);
  });

  it("has a clock that does not follow the system's", async () => {
    const part = make().open(OWNER);
    const before = part.now();
    const real = Date.now;
    try {
      Date.now = () => real() - 3_600_000;
      const first = await place(part, "a", ROW);
      Date.now = () => real() + 3_600_000;
      const second = await place(part, "a", ROW);
      expect(part.now()).toBeGreaterThanOrEqual(before);
      expect(part.now() - before).toBeLessThan(60_000);
      expect((second ?? "") > (first ?? "")).toBe(true);
    } finally {
      Date.now = real;
    }
  });
});
