import { describe, expect, it } from "vitest";
import { createStorage } from "../../facade/create-storage.js";
import { memoryJournal } from "../../memory/memory-journal.js";
import { down, testMember } from "../../testing/member.test-support.js";
import { fallback } from "../fallback.js";
import { mirror } from "../mirror.js";
import { setSplitPercent, split } from "../split.js";
import { adoptKey } from "./upkeep/operators.js";

const quick = { graceMs: 0, settleMs: 0, retry: false } as const;

describe("a ref that was stored", () => {
  it("before a drain reads after it", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const storage = createStorage(
      fallback([first.provider, second.provider], { ...quick, journal: memoryJournal() }),
    );
    first.fault = down;
    const { ref, provider } = await storage.put("a", "abc");
    expect(provider).toBe("second");
    first.fault = undefined;
    await storage.startRepair().idle();
    expect(await createStorage(second.store).exists("a")).toBe(false);
    const stored = storage.at(ref);
    expect(await (await stored.get()).text()).toBe("abc");
    expect(await stored.head()).toMatchObject({ provider: "first" });
    await storage.close();
  });

  it("before a move of the percentage reads after it", async () => {
    const [from, to] = [testMember("old"), testMember("new")];
    const splitting = split({
      ...quick,
      from: from.provider,
      to: to.provider,
      percent: { initial: 0 },
      salt: "s",
      move: true,
      journal: memoryJournal(),
    });
    const storage = createStorage(splitting);
    const { ref, provider } = await storage.put("a", "abc");
    expect(provider).toBe("old");
    await setSplitPercent(splitting, 100);
    await adoptKey(splitting, "a");
    await storage.startRepair().idle();
    expect(await createStorage(from.store).exists("a")).toBe(false);
    expect(await (await storage.at(ref).get()).text()).toBe("abc");
    expect(await storage.at(ref).head()).toMatchObject({ provider: "new" });
    await storage.close();
  });

  it("before a repair reads after it, from whichever member", async () => {
    const [first, second] = [testMember("first"), testMember("second")];
    const storage = createStorage(
      mirror([first.provider, second.provider], { ...quick, writes: "primary", journal: memoryJournal() }),
    );
    second.fault = down;
    const { ref } = await storage.put("a", "abc");
    second.fault = undefined;
    await storage.startRepair().idle();
    first.fault = down;
    const stored = storage.at(ref);
    expect(await (await stored.get()).text()).toBe("abc");
    expect(await stored.head()).toMatchObject({ provider: "second" });
    await storage.close();
  });
});

describe("a link of a mirror", () => {
  it("is that of a member that has links, wherever reads go", async () => {
    const [disk, cloud] = [testMember("disk"), testMember("cloud")];
    const signing = { ...cloud.provider, signedUrl: async (key: string) => `https://cloud/${key}` };
    const storage = createStorage(
      mirror([disk.provider, signing], { ...quick, writes: "primary", journal: memoryJournal() }),
    );
    await storage.put("a", "abc");
    await storage.startRepair().idle();
    expect(await storage.head("a")).toMatchObject({ provider: "disk" });
    expect(await storage.signedUrl("a")).toBe("https://cloud/a");
    cloud.fault = down;
    await storage.put("b", "abc");
    for (const key of ["a", "b"]) {
      await expect(storage.signedUrl(key)).rejects.toMatchObject({ code: "Unsupported", provider: "disk" });
    }
    await storage.close();
  });
});
