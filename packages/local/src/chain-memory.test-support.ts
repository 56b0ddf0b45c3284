import { StorageError, createStorage, fallback, memory, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local } from "./local.js";

/**
 * Puts a long stream of unknown length through a chain whose first member is dead, and prints by how many
 * bytes the process grew: run as a program of its own, with a small heap.
 *
 * Arguments: the length in MiB, and "all" when the dead member fails every call or "put" when only its puts
 * fail, so that the body has to be kept for the next member.
 */
const [, , length = "1024", failing = "all"] = process.argv;

const dead: StorageProvider = intercept(memory({ name: "dead" }), {
  type: "dead",
  around: (call, next) => {
    if (failing !== "all" && call.operation !== failing) return next();
    throw new StorageError("Unavailable", "the member is dead", {
      operation: call.operation,
      provider: "dead",
      key: call.key,
    });
  },
});

const CHUNK_BYTES = 64 * 1024;

async function* source(bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) yield Buffer.alloc(CHUNK_BYTES, sent % 251);
}

const root = await mkdtemp(join(tmpdir(), "stowage-growth-"));
const storage = createStorage(fallback([dead, local({ root, durability: "rename" })]));
try {
  await storage.put("warm-up", source(1024 * 1024));
  const before = process.memoryUsage().rss;
  let peak = before;
  const sample = (): void => void (peak = Math.max(peak, process.memoryUsage().rss));
  const timer = setInterval(sample, 5);
  const info = await storage.put("long", source(Number(length) * 1024 * 1024));
  clearInterval(timer);
  sample();
  process.stdout.write(JSON.stringify({ size: info.size, provider: info.provider, growth: peak - before }));
} finally {
  await storage.close();
  await rm(root, { recursive: true });
}
