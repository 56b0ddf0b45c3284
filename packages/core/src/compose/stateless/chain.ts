import type { Group } from "../group.js";

/** A fallback chain without a journal. */
export interface Chain extends Group {
  readonly overwrites: "refuse" | "may-be-stale";
  /** True if only the first member is written. */
  readonly onlyFirst?: boolean | undefined;
}
