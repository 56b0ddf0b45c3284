import { createStorage, fallback, type FileStorage, type StorageEvent } from "@stowage/core";
import { local } from "@stowage/local";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { switchable, type Switchable } from "./switchable.js";

/** The storage of the example, and the switches of its members. */
export interface App {
  readonly storage: FileStorage;
  readonly members: ReadonlyMap<string, Switchable>;
  /** The temporary folder that everything is in. */
  readonly home: string;
  /** The folder of each member. */
  readonly folders: ReadonlyMap<string, string>;
}

/**
 * A chain of two folders that stand for two places: give it `s3({ bucket })` and a disk instead and nothing
 * else changes.
 */
export async function createApp(onEvent?: (event: StorageEvent) => void): Promise<App> {
  const home = await mkdtemp(join(tmpdir(), "stowage-example-"));
  const names = ["first", "second"];
  const folders = new Map(names.map((name) => [name, join(home, name)]));
  const members = new Map(
    [...folders].map(([name, root]) => [name, switchable(local({ name, root, create: true }))]),
  );
  const chain = fallback([...members.values()].map(({ provider }) => provider));
  return { storage: createStorage(chain, { onEvent }), members, home, folders };
}
