import { mirror } from "@stowage/core";
import {
  bucketOf,
  folder,
  observed,
  viewedJournal,
  type Composition,
  type CompositionOptions,
  type Variables,
} from "./composition.js";

/**
 * A mirror: a put is acknowledged when the disk has it, and repair brings it to the bucket at once. Reads prefer the bucket, so that a
 * client can be sent there.
 */
export async function createMirror(
  env: Variables,
  { home, onEvent, settleMs }: CompositionOptions,
): Promise<Composition> {
  const { journal, view } = await viewedJournal(home);
  const members = [folder("disk", home), bucketOf(env, home)];
  const provider = mirror(
    members.map((member) => member.provider),
    { name: "files", writes: "primary", reads: ["bucket", "disk"], journal, settleMs },
  );
  const { storage, metrics } = observed(provider, onEvent);
  const repair = storage.startRepair();
  const close = async (): Promise<void> => {
    await storage.close();
    await journal.close();
  };
  return { kind: "mirror", storage, metrics, members, journal: view, repair, close };
}
