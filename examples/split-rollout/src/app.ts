import {
  createMetrics,
  createStorage,
  split,
  type FileStorage,
  type Metrics,
  type RepairWorker,
  type StorageEvent,
  type StorageProvider,
} from "@stowage/core";
import { bucketOf, type BucketEnvironment } from "@stowage/example-tools";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The storage of the example: files move from this machine's disk to a bucket, a share at a time. */
export interface App {
  readonly storage: FileStorage;
  /** What {@link setSplitPercent} takes. */
  readonly rollout: StorageProvider;
  readonly metrics: Metrics;
  readonly repair: RepairWorker;
  /** The disk and the bucket, for whoever wants to look past the split. */
  readonly members: readonly StorageProvider[];
  readonly close: () => Promise<void>;
}

/** The variables that people have set already. */
export interface Environment extends BucketEnvironment {
  /** `local`: everything on the disk; `s3`: everything in the bucket; `hybrid` (default): a share of it. */
  readonly STORAGE_MODE?: string | undefined;
  /** The share of `hybrid` in per cent; default 10. Once the server has run, `PUT /rollout/<percent>` counts. */
  readonly S3_SPLIT_PERCENTAGE?: string | undefined;
}

export interface AppOptions {
  /** The folder of everything: objects, and the journal. */
  readonly home: string;
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
  /** How long a request without an answer may still take effect, in milliseconds; default as splits have it. */
  readonly settleMs?: number | undefined;
  /** How long a copy stays where it was moved from, in milliseconds; default as splits have it. */
  readonly graceMs?: number | undefined;
  /** Comes between the split and the bucket. */
  readonly aroundBucket?: ((bucket: StorageProvider) => StorageProvider) | undefined;
}

/** A split that moves its objects: while the bucket is down, new ones go to the disk. */
export async function createApp(environment: Environment, options: AppOptions): Promise<App> {
  const { home, onEvent, settleMs, graceMs, aroundBucket = (provider) => provider } = options;
  const percent = percentOf(environment);
  await mkdir(home, { recursive: true });
  const journal = sqliteJournal(join(home, "journal.db"));
  const disk = local({ name: "disk", root: join(home, "disk"), create: true });
  const bucket = bucketOf(environment, home);
  const metrics = createMetrics();
  const rollout = split({
    name: "files",
    from: disk,
    to: aroundBucket(bucket),
    percent: { initial: percent },
    salt: "bookmarks",
    move: true,
    onUnavailable: "other",
    breaker: {},
    journal,
    settleMs,
    graceMs,
  });
  const storage = createStorage(rollout, {
    onEvent: (event) => {
      metrics.onEvent(event);
      onEvent?.(event);
    },
  });
  const repair = storage.startRepair();
  const close = async (): Promise<void> => {
    await storage.close();
    await journal.close();
  };
  return { storage, rollout, metrics, repair, members: [disk, bucket], close };
}

function percentOf({
  STORAGE_MODE: mode = "hybrid",
  S3_SPLIT_PERCENTAGE: share = "10",
}: Environment): number {
  if (mode === "local") return 0;
  if (mode === "s3") return 100;
  if (mode === "hybrid") return Number(share);
  throw new Error(`STORAGE_MODE is local, s3 or hybrid, not ${mode}`);
}
