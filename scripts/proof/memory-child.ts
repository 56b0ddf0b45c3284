// One mirror with a slow and a dead member, and many streams at once: its argument is its settings as JSON, and it prints its report.
import { createStorage, memoryJournal, mirror, type FileStorage, type StorageProvider } from "@stowage/core";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";
import { s3 } from "@stowage/s3";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dead, putManyStreams, slow } from "../../packages/local/src/testing/many-streams.test-support.js";

export interface MemorySettings {
  readonly members: "disks" | "disk and S3";
  readonly journal: "none" | "memory" | "sqlite";
  readonly deadHow: "refuses" | "hangs";
  readonly streams: number;
  /** Of each stream. */
  readonly bytes: number;
  readonly memoryBytes: number;
  /** Where the server is that speaks S3. */
  readonly endpoint: string;
  /** Where nobody listens. */
  readonly deadEndpoint: string;
}

const SLOW_PIECE_MS = 2;
/** How much memory is taken must not depend on how busy the machine is. */
const ASK_MS = 30_000;

const settings = JSON.parse(process.argv[2] ?? "") as MemorySettings;
const root = await mkdtemp(join(tmpdir(), "stowage-proof-"));

function disk(name: string): StorageProvider {
  return local({ name, root: join(root, name), create: true, durability: "rename" });
}

function bucket(name: string, endpoint: string): StorageProvider {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
  return s3({ name, endpoint, credentials, bucket: name });
}

function membersOf({ members, endpoint, deadEndpoint, deadHow }: MemorySettings): StorageProvider[] {
  if (members === "disks")
    return [disk("good"), slow(disk("slow"), SLOW_PIECE_MS), dead(disk("dead"), deadHow)];
  return [disk("good"), slow(bucket("slow", endpoint), SLOW_PIECE_MS), bucket("dead", deadEndpoint)];
}

function journalOf({ journal }: MemorySettings): ReturnType<typeof memoryJournal> | undefined {
  if (journal === "none") return undefined;
  return journal === "memory" ? memoryJournal() : sqliteJournal(join(root, "journal.db"));
}

function open(): FileStorage {
  const { memoryBytes } = settings;
  const options = { journal: journalOf(settings), writes: "quorum", memoryBytes, askMs: ASK_MS } as const;
  const storage = createStorage(mirror(membersOf(settings), options));
  return {
    ...storage,
    close: async () => {
      await storage.close();
      await options.journal?.close();
    },
  };
}

try {
  process.stdout.write(JSON.stringify(await putManyStreams(open, settings)));
} finally {
  await rm(root, { recursive: true });
}
