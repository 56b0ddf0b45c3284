/** Puts a long stream of unknown length, and prints by how many bytes the process grew. Argument: its length in MiB. */
import { createStorage } from "@stowage/core";
import { cloudinary } from "./cloudinary.js";
import type { CloudinaryOptions } from "./cloudinary-options.js";

const CHUNK_BYTES = 64 * 1024;

async function* source(bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) yield Buffer.alloc(CHUNK_BYTES, sent % 251);
}

const options = JSON.parse(process.env["STOWAGE_TEST_OPTIONS"] ?? "{}") as CloudinaryOptions;
const storage = createStorage(cloudinary(options));
await storage.put("warm-up", source(1024 * 1024));
const before = process.memoryUsage().rss;
let peak = before;
const sample = (): void => void (peak = Math.max(peak, process.memoryUsage().rss));
const timer = setInterval(sample, 5);
const info = await storage.put("long", source(Number(process.argv[2] ?? 1024) * 1024 * 1024));
clearInterval(timer);
sample();
await storage.close();
process.stdout.write(JSON.stringify({ size: info.size, growth: peak - before }));
