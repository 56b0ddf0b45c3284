import { StorageError, type FileStorage, type StorageProvider } from "@stowage/core";
import { intercept, type Body } from "@stowage/core/provider";
import { createHash } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

const CHUNK_BYTES = 64 * 1024;
const SAMPLE_EVERY_MS = 5;
/** How many objects are read back at once. */
const READERS = 4;

/** Many streams of unknown length that are put at once. */
export interface ManyStreams {
  readonly streams: number;
  /** The length of each, in bytes. */
  readonly bytes: number;
}

/** What became of them. */
export interface StreamsReport {
  readonly acknowledged: number;
  /** How many puts have failed, by why. */
  readonly failed: Readonly<Record<string, number>>;
  /** Acknowledged objects that came back with other bytes, or not at all. */
  readonly wrong: readonly string[];
  /** How far the process grew over what it was before the streams began, in bytes. */
  readonly growth: number;
  readonly seconds: number;
  /** Files and sockets that are still open once the storage is closed, and were not before the streams began. */
  readonly left: readonly string[];
}

/** Puts all streams at once through a storage of its own, reads back what was acknowledged, and closes the storage. */
export async function putManyStreams(
  open: () => Promise<FileStorage> | FileStorage,
  { streams, bytes }: ManyStreams,
): Promise<StreamsReport> {
  const storage = await open();
  // What is loaded and opened once does not belong to the streams.
  await storage.put("warm-up", source(-1, 1024 * 1024));
  await digestOf(storage, "warm-up");
  globalThis.gc?.();
  const descriptors = new Set(openDescriptors());
  const peak = watchPeak();
  const startedAt = performance.now();
  const keys = Array.from({ length: streams }, (_, index) => `streams/${index}`);
  const put = keys.map((key, index) => storage.put(key, source(index, bytes)));
  const settled = await Promise.allSettled(put);
  const growth = peak();
  const seconds = (performance.now() - startedAt) / 1000;
  const failed: Record<string, number> = {};
  for (const outcome of settled) {
    if (outcome.status === "fulfilled") continue;
    const why = String(outcome.reason).replaceAll(/streams\/\d+/g, "…");
    failed[why] = (failed[why] ?? 0) + 1;
  }
  const landed = keys.filter((_, index) => settled[index]?.status === "fulfilled");
  const wrong = await wrongAmong(storage, landed, bytes);
  await storage.close();
  const left = await leftOpen(descriptors);
  return { acknowledged: landed.length, failed, wrong, growth, seconds, left };
}

/** Samples the memory of the process from now on. @returns What ends that, with the growth in bytes. */
function watchPeak(): () => number {
  const before = process.memoryUsage.rss();
  let peak = before;
  const sample = (): void => void (peak = Math.max(peak, process.memoryUsage.rss()));
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  return () => {
    clearInterval(timer);
    sample();
    return peak - before;
  };
}

/** Makes new chunks, so that whoever keeps them shows. */
async function* source(index: number, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) yield chunkAt(index, sent, bytes);
}

function chunkAt(index: number, sent: number, bytes: number): Buffer {
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, bytes - sent), (sent / CHUNK_BYTES) % 251);
  chunk.writeInt32LE(index);
  return chunk;
}

async function wrongAmong(
  storage: FileStorage,
  keys: readonly string[],
  bytes: number,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const left = [...keys];
  const read = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      const found = await digestOf(storage, key).catch(String);
      if (found !== expectedDigest(Number(key.split("/")[1]), bytes)) wrong.push(`${key}: ${found}`);
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return wrong;
}

async function digestOf(storage: FileStorage, key: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await storage.get(key)) hash.update(chunk);
  return hash.digest("hex");
}

function expectedDigest(index: number, bytes: number): string {
  const hash = createHash("sha256");
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) hash.update(chunkAt(index, sent, bytes));
  return hash.digest("hex");
}

/** How long a file or a socket may take to close once nobody uses it, in milliseconds. */
const CLOSING_MS = 5000;

async function leftOpen(before: ReadonlySet<string>): Promise<readonly string[]> {
  const startedAt = performance.now();
  for (;;) {
    const left = openDescriptors().filter((each) => !before.has(each));
    if (left.length === 0 || performance.now() - startedAt > CLOSING_MS) return left;
    await delay(SAMPLE_EVERY_MS);
  }
}

/** The files and sockets of this process; not the pipes and timers of the runtime. */
function openDescriptors(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      // The folder that is being read has a descriptor itself.
      return target.startsWith("/proc/") ? [] : [`${descriptor} ${target}`];
    } catch {
      return [];
    }
  });
}

/** A provider that takes bodies slowly: each piece so many milliseconds after the one before. */
export function slow(inner: StorageProvider, pieceMs: number): StorageProvider {
  return intercept(inner, {
    type: "slow",
    aroundPut: (call, next) => next({ body: slowed(call.body, pieceMs) }),
  });
}

function slowed(body: Body, pieceMs: number): Body {
  const { size } = body;
  const open = (): Readable => {
    const inner = body.open();
    const pieces = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const piece of inner) {
        await delay(pieceMs);
        yield piece as Uint8Array;
      }
    };
    return Readable.from(pieces(), { objectMode: false, highWaterMark: 1 });
  };
  return { size, replayable: body.replayable, open };
}

/** A provider that refuses every call at once, or answers none at all. */
export function dead(inner: StorageProvider, how: "refuses" | "hangs"): StorageProvider {
  return intercept(inner, {
    type: "dead",
    around: ({ operation, key, options: { signal } }) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
        if (how === "hangs") return;
        const reason = "nobody listens there";
        reject(new StorageError("Unavailable", reason, { operation, provider: inner.name, key }));
      }),
  });
}
