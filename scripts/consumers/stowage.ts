import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnvironmentError, fromEnv } from "stowage";

async function putAndGet(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-consumer-"));
  try {
    const storage = await fromEnv({ STORAGE_DIR: join(folder, "files"), USE_S3: "false" });
    await storage.put("minutes/2026.txt", "agreed");
    assert.equal(await (await storage.get("minutes/2026.txt")).text(), "agreed");
    await storage.close();
    await assert.rejects(fromEnv({}), EnvironmentError);
    console.log("used");
  } finally {
    await rm(folder, { recursive: true });
  }
}

void putAndGet();
