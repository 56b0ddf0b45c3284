import {
  createMetrics,
  createStorage,
  type FileStorage,
  type Journal,
  type Metrics,
  type RepairWorker,
  type StorageEvent,
  type StorageProvider,
} from "@stowage/core";
import type { JournalPart } from "@stowage/core/journal";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";
import { s3 } from "@stowage/s3";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { breakable, type Breakable } from "./breakable.js";

/** A storage that one of the composers makes of several members, and what its page shows of it. */
export interface Composition {
  readonly kind: "fallback" | "mirror" | "split";
  readonly storage: FileStorage;
  readonly metrics: Metrics;
  /** In the order of the composer. */
  readonly members: readonly Breakable[];
  /** What the journal has of the keys in transition. Absent without a journal. */
  readonly journal?: JournalView | undefined;
  readonly repair?: RepairWorker | undefined;
  /** Of a split: what `setSplitPercent` takes. */
  readonly rollout?: StorageProvider | undefined;
  readonly close: () => Promise<void>;
}

/** The part of a journal that reads it. */
export type JournalView = Pick<JournalPart, "rows" | "counts">;

/** The variables that people have set already. */
export interface Variables {
  /** The bucket. Without it a folder stands for the bucket. */
  readonly AWS_S3_BUCKET?: string | undefined;
  readonly AWS_REGION?: string | undefined;
  /** The address of a server that is not Amazon's. */
  readonly AWS_ENDPOINT_URL_S3?: string | undefined;
  readonly CLOUDINARY_URL?: string | undefined;
}

/** What every composition is made with. */
export interface CompositionOptions {
  /** The folder of everything: objects, journals, unfinished uploads. */
  readonly home: string;
  readonly onEvent?: ((event: StorageEvent) => void) | undefined;
  /** How long a request without an answer may still take effect, in milliseconds; default as composers have it. */
  readonly settleMs?: number | undefined;
}

/** A folder of this machine, as a member. */
export function folder(name: string, home: string): Breakable {
  return breakable(local({ name, root: join(home, name), create: true }));
}

/** The bucket of the environment, as a member named `bucket`. Without one, a folder stands for it. */
export function bucketOf(env: Variables, home: string): Breakable {
  const { AWS_S3_BUCKET: bucket, AWS_REGION: region, AWS_ENDPOINT_URL_S3: endpoint } = env;
  if (bucket === undefined) return folder("bucket", home);
  return breakable(s3({ name: "bucket", bucket, region, endpoint }));
}

/** A journal in a file, and a view of the part that the first composer opens. */
export async function viewedJournal(
  home: string,
): Promise<{ readonly journal: Journal; readonly view: JournalView }> {
  await mkdir(home, { recursive: true });
  const inner = sqliteJournal(join(home, "journal.db"));
  let part: JournalPart | undefined;
  const journal: Journal = {
    ...inner,
    open: (owner) => {
      part ??= inner.open(owner);
      return part;
    },
  };
  const view: JournalView = {
    rows: async (prefix, after, limit) => (await part?.rows(prefix, after, limit)) ?? [],
    counts: async () => (await part?.counts()) ?? { rows: 0, stuck: 0 },
  };
  return { journal, view };
}

/** A storage over a provider, with counters. */
export function observed(
  provider: StorageProvider,
  onEvent: CompositionOptions["onEvent"],
): Pick<Composition, "storage" | "metrics"> {
  const metrics = createMetrics();
  const storage = createStorage(provider, {
    onEvent: (event) => {
      metrics.onEvent(event);
      onEvent?.(event);
    },
  });
  return { storage, metrics };
}
