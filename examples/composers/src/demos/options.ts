import type { Breakable } from "../breakable.js";
import type { Composition, Variables } from "../composition.js";

/** The options of every demo. */
export interface DemoOptions {
  readonly env: Variables;
  /** A temporary folder, which is the caller's to remove. */
  readonly home: string;
  /** The number of calls that clients make. */
  readonly operations: number;
  /** Takes the server of the bucket down and up. Absent where a folder stands for the bucket. */
  readonly bucket?: BucketServer | undefined;
}

/** A server that can be taken down. */
export interface BucketServer {
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
}

/** Takes the bucket away and gives it back: its server, or else the switch in front of it. */
export function bucketSwitch({ bucket }: DemoOptions, composition: Composition): BucketServer {
  return (
    bucket ?? {
      down: async () => memberOf(composition, "bucket").turn("down"),
      up: async () => memberOf(composition, "bucket").turn("works"),
    }
  );
}

/** @throws Error when the composition has no such member. */
export function memberOf({ members }: Composition, name: string): Breakable {
  const member = members.find(({ inner }) => inner.name === name);
  if (member === undefined) throw new Error(`No member is called ${name}`);
  return member;
}
