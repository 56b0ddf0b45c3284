import { split } from "@stowage/core";
import {
  bucketOf,
  folder,
  observed,
  viewedJournal,
  type Composition,
  type CompositionOptions,
  type Variables,
} from "./composition.js";

/** The options of {@link createSplit}. */
export interface SplitCompositionOptions extends CompositionOptions {
  /** How long a copy stays where it was moved from, in milliseconds; default as splits have it. */
  readonly graceMs?: number | undefined;
}

/** The share of the bucket, in per cent, when the composition is made for the first time. */
const INITIAL_PERCENT = 10;

/** A split whose percentage can be changed while it runs. Objects move to the side that the percentage gives them. */
export async function createSplit(
  env: Variables,
  { home, onEvent, settleMs, graceMs }: SplitCompositionOptions,
): Promise<Composition> {
  const { journal, view } = await viewedJournal(home);
  const disk = folder("disk", home);
  const bucket = bucketOf(env, home);
  const rollout = split({
    name: "files",
    from: disk.provider,
    to: bucket.provider,
    percent: { initial: INITIAL_PERCENT },
    salt: "files",
    move: true,
    onUnavailable: "other",
    journal,
    settleMs,
    graceMs,
  });
  const { storage, metrics } = observed(rollout, onEvent);
  const repair = storage.startRepair();
  const close = async (): Promise<void> => {
    await storage.close();
    await journal.close();
  };
  return {
    kind: "split",
    storage,
    metrics,
    members: [disk, bucket],
    journal: view,
    repair,
    rollout,
    close,
  };
}
