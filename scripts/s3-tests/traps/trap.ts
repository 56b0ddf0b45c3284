import type { Edit } from "../../edited-bundle.js";
import type { RealTest } from "../real.js";

/** Something that servers or the SDK do and nobody expects, with the test that Stowage copes with it. */
export interface Trap extends RealTest {
  /** What it is about. */
  readonly about: Topic;
  /** Needs no server: the SDK's client is mocked, or a small server of its own plays one. */
  readonly mocked?: boolean | undefined;
  /** With these the test must fail. */
  readonly without: readonly Edit[];
  /** The same for the own wire, where that has another work-around; empty where it needs none. Default: `without`. */
  readonly withoutOwn?: readonly Edit[] | undefined;
}

type Topic =
  | "checksums"
  | "batch deletes"
  | "bodies"
  | "links"
  | "objects"
  | "keys and facts"
  | "conditions"
  | "errors"
  | "servers"
  | "answers";

export { edit, type Edit } from "../../edited-bundle.js";
