import {
  createStorage,
  memory,
  mirror,
  type FileStorage,
  type Journal,
  type MirrorOptions,
} from "@stowage/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqliteJournal } from "./sqlite-journal.js";
import { tempJournal, type TempJournal } from "./testing/journals.test-support.js";

const TIMES = { leaseMs: 30_000, settleMs: 0, graceMs: 0 } as const;

const members = [memory({ name: "near" }), memory({ name: "far" })];

let temp: TempJournal;
let open: { readonly storage: FileStorage; readonly journal: Journal }[];

beforeEach(() => {
  temp = tempJournal();
  open = [];
});

afterEach(async () => {
  await closeAll();
  await temp.remove();
});

/** Opens the journal as a process of its own does. */
function started(options: MirrorOptions = {}): FileStorage {
  const journal = sqliteJournal(temp.path);
  const storage = createStorage(mirror(members, { ...TIMES, ...options, journal }));
  open.push({ storage, journal });
  return storage;
}

async function closeAll(): Promise<void> {
  for (const { storage, journal } of open.splice(0)) {
    await storage.close();
    await journal.close();
  }
}

describe("the times that processes share", () => {
  it("may be the same in any number of processes", async () => {
    for (const key of ["a", "b", "c"]) {
      await expect(started().put(key, key)).resolves.toMatchObject({ key });
    }
  });

  it.each([{ leaseMs: 2000 }, { settleMs: 10 }, { graceMs: 10 }, { keepDeletesMs: 7_200_000 }])(
    "are refused when another process that is at work has others: %o",
    async (others) => {
      await started().put("a", "one");
      const second = started(others);
      const [name = "", value] = Object.entries(others)[0] ?? [];
      const text = new RegExp(
        `${name} is ${value} in this process and \\d+ in process .* give both processes the same value`,
      );
      await expect(second.put("a", "two")).rejects.toMatchObject({ code: "Misconfigured", applied: "no" });
      await expect(second.delete("a")).rejects.toThrow(text);
      expect((await second.health()).reasons.join()).toMatch(text);
      expect(await (await second.get("a")).text()).toBe("one");
    },
  );

  it("are those of the next process when the others have ended", async () => {
    await started().put("a", "one");
    const second = started({ leaseMs: 2000 });
    await expect(second.put("a", "two")).rejects.toMatchObject({ code: "Misconfigured" });
    const [first] = open.splice(0, 1);
    await first?.storage.close();
    await first?.journal.close();
    await second.put("a", "two");
    expect(await (await second.get("a")).text()).toBe("two");
    expect((await second.health()).live).toBe(true);
  });
});
