import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createStorage, memory, mirror, off, type FileStorage, type StorageProvider } from "@stowage/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqliteJournal } from "./sqlite-journal.js";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stowage-journal-"));
  path = join(folder, "live/journal.db");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Each is a process of its own: it opens the journal anew. */
async function started(
  members: readonly [StorageProvider, StorageProvider],
  use: (storage: FileStorage) => Promise<void>,
): Promise<void> {
  const journal = sqliteJournal(path);
  const storage = createStorage(mirror(members, { journal, writes: "primary", graceMs: 0, settleMs: 0 }));
  await use(storage);
  await storage.close();
  await journal.close();
}

/** Copies the journal with all that lies beside it. @returns What puts the copy in its place. */
function backUp(): () => void {
  const live = dirname(path);
  const copy = join(folder, "copy");
  cpSync(live, copy, { recursive: true });
  return () => {
    rmSync(live, { recursive: true });
    renameSync(copy, live);
  };
}

describe("a journal that was restored from a backup", { timeout: 60_000 }, () => {
  it("is noticed by the first read, which finds the newest version of all members", async () => {
    const [near, far] = [memory({ name: "near" }), memory({ name: "far" })];
    await started([near, far], async (storage) => {
      await storage.put("a", "old");
      await storage.startRepair().idle();
    });
    const restore = backUp();
    await started([off(near, "it is being replaced"), far], async (storage) => {
      await storage.put("a", "new");
    });
    restore();
    await started([near, far], async (storage) => {
      expect(await (await storage.get("a")).text()).toBe("new");
      expect((await storage.health()).journals?.[0]?.recovering).toBe(true);
    });
  });

  it("is noticed by the first look at its health", async () => {
    const members = [memory({ name: "near" }), memory({ name: "far" })] as const;
    await started(members, async (storage) => void (await storage.put("a", "1")));
    const restore = backUp();
    await started(members, async (storage) => void (await storage.put("a", "2")));
    restore();
    await started(members, async (storage) => {
      expect((await storage.health()).reasons.join()).toContain("the journal does not know every object yet");
    });
  });
});
