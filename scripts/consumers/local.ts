import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStorage } from "@stowage/core";
import { local } from "@stowage/local";

async function putAndGet(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-consumer-"));
  try {
    const storage = createStorage(local({ root: join(folder, "files"), create: true }));
    await storage.put("minutes/2026.txt", "agreed");
    const stored = await storage.get("minutes/2026.txt");
    assert.equal(await stored.text(), "agreed");
    await storage.close();
    console.log("used");
  } finally {
    await rm(folder, { recursive: true });
  }
}

void putAndGet();
