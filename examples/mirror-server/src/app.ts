import {
  StorageError,
  createMetrics,
  createStorage,
  mirror,
  type FileStorage,
  type Metrics,
  type RepairWorker,
  type StorageEvent,
  type StorageProvider,
} from "@stowage/core";
import { intercept } from "@stowage/core/provider";
import { bucketOf, type BucketEnvironment } from "@stowage/example-tools";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The storage of the example: on this machine's disk first, in the bucket when it is there. */
export interface App {
  readonly storage: FileStorage;
  readonly metrics: Metrics;
  readonly repair: RepairWorker;
  /** The disk and the bucket, for whoever wants to look past the mirror. */
  readonly members: readonly StorageProvider[];
  readonly close: () => Promise<void>;
}

/** The variables that people have set already. */
export interface Environment extends BucketEnvironment {
  /** `false` turns the bucket off: it gets what it has missed when it is on again. */
  readonly USE_S3?: string | undefined;
}

export interface AppOptions {
  /** The folder of everything: objects, and the journal. */
  readonly home: string;
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
  /** How long a request without an answer may still take effect, in milliseconds; default as mirrors have it. */
  readonly settleMs?: number | undefined;
  /** Comes between the mirror and the bucket. */
  readonly aroundBucket?: ((bucket: StorageProvider) => StorageProvider) | undefined;
}

/**
 * A mirror: a put is acknowledged when the disk has it, and repair brings it to the bucket at once. Reads prefer the
 * bucket, so that a client can be sent there.
 */
export async function createApp(environment: Environment, options: AppOptions): Promise<App> {
  const { home, onEvent, settleMs, aroundBucket = (provider) => provider } = options;
  await mkdir(home, { recursive: true });
  const journal = sqliteJournal(join(home, "journal.db"));
  const disk = local({ name: "disk", root: join(home, "disk"), create: true });
  const bucket = bucketOf(environment, home);
  const metrics = createMetrics();
  const storage = createStorage(
    mirror([disk, environment.USE_S3 === "false" ? off(bucket) : aroundBucket(bucket)], {
      name: "videos",
      writes: "primary",
      reads: ["bucket", "disk"],
      breaker: {},
      journal,
      settleMs,
    }),
    {
      onEvent: (event) => {
        metrics.onEvent(event);
        onEvent?.(event);
      },
    },
  );
  const repair = storage.startRepair();
  return {
    storage,
    metrics,
    repair,
    members: [disk, bucket],
    close: async () => {
      await storage.close();
      await journal.close();
    },
  };
}

/** The provider stays a member, so that the journal keeps for it what it misses. */
function off(provider: StorageProvider): StorageProvider {
  return intercept(provider, {
    type: "off",
    around: ({ operation, key }) => {
      throw new StorageError("Unavailable", "it is switched off by USE_S3=false", {
        operation,
        provider: provider.name,
        key,
      });
    },
  });
}
