import type { FileStorage, StorageProvider } from "@stowage/core";
import { assert } from "./demo.js";
import { switchable } from "./switchable.js";

/** What the demos of composers are given. */
export interface DemoOptions<Environment> {
  readonly environment: Environment;
  /** A temporary folder, which is the caller's to remove. */
  readonly home: string;
  /** How many calls of clients there are. */
  readonly operations: number;
  /** Takes the server of the bucket down and up; absent where a folder stands for it. */
  readonly bucket?: BucketServer | undefined;
}

export interface BucketServer {
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
}

/** Takes the bucket away and gives it back: its server, or the folder that stands for it. */
export interface BucketSwitch extends BucketServer {
  /** To be put between a composer and its bucket. */
  readonly around: (bucket: StorageProvider) => StorageProvider;
}

export function bucketSwitch(server: BucketServer | undefined): BucketSwitch {
  if (server !== undefined) return { ...server, around: (bucket) => bucket };
  let turn: (state: "up" | "down") => void = () => {};
  return {
    around: (bucket) => {
      const made = switchable(bucket);
      ({ turn } = made);
      return made.provider;
    },
    down: async () => turn("down"),
    up: async () => turn("up"),
  };
}

/** @throws Error when something is in transition, or not in good health. */
export async function assertQuiet(storage: FileStorage): Promise<void> {
  const { journals = [], reasons } = await storage.health();
  assert(journals[0]?.rows === 0, `the journal is empty, not with ${journals[0]?.rows} keys`);
  assert(reasons.length === 0, `the storage is in good health, without: ${reasons.join("; ")}`);
}
