import { createStorage, memoryJournal, mirror, type FileStorage, type StorageProvider } from "@stowage/core";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { local } from "./local.js";
import { dead, putManyStreams, slow } from "./testing/many-streams.test-support.js";

/**
 * Puts many streams at once through a mirror of three disks, one of which is slow and one dead, and prints what became of them: run
 * as a program of its own.
 *
 * Argument: its settings as JSON.
 */
interface Settings {
  readonly streams: number;
  readonly bytes: number;
  readonly memoryBytes: number;
  readonly hasJournal: boolean;
}

const { streams, bytes, memoryBytes, hasJournal } = JSON.parse(process.argv[2] ?? "") as Settings;
const root = await mkdtemp(join(tmpdir(), "stowage-streams-"));

const SLOW_PIECE_MS = 1;
/** A test must not fail because its machine is busy. */
const ASK_MS = 60_000;

function disk(name: string): StorageProvider {
  return local({ name, root: join(root, name), create: true, durability: "rename" });
}

function open(): FileStorage {
  const members = [disk("good"), slow(disk("slow"), SLOW_PIECE_MS), dead(disk("dead"), "refuses")];
  const journal = hasJournal ? memoryJournal() : undefined;
  return createStorage(mirror(members, { journal, writes: "quorum", memoryBytes, askMs: ASK_MS }));
}

try {
  process.stdout.write(JSON.stringify(await putManyStreams(open, { streams, bytes })));
} finally {
  await rm(root, { recursive: true });
}
