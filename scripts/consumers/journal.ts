import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStorage, memory, mirror } from "@stowage/core";
import { sqliteJournal } from "@stowage/journal";

async function mirrorWithAJournal(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-consumer-"));
  try {
    const journal = sqliteJournal(join(folder, "journal.db"));
    const members = [memory({ name: "first" }), memory({ name: "second" })];
    const storage = createStorage(mirror(members, { journal }));
    const repair = storage.startRepair();
    await storage.put("minutes/2026.txt", "agreed");
    await storage.put("minutes/2026.txt", "agreed again");
    const stored = await storage.get("minutes/2026.txt");
    assert.equal(await stored.text(), "agreed again");
    await storage.delete("minutes/2026.txt");
    assert.equal(await storage.exists("minutes/2026.txt"), false);
    await repair.idle();
    assert.deepEqual((await storage.health()).reasons, []);
    await storage.close();
    await journal.close();
    console.log("used");
  } finally {
    await rm(folder, { recursive: true });
  }
}

void mirrorWithAJournal();
