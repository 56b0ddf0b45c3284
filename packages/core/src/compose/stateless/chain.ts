import type { Group } from "../group.js";

/** A fallback chain without a journal. */
export interface Chain extends Group {
  readonly overwrites: "refuse" | "may-be-stale";
  /** True when only the first member is written to. */
  readonly onlyFirst?: boolean | undefined;
}
