import type { Group } from "../group.js";

/** A fallback chain without a journal. */
export interface Chain extends Group {
  readonly overwrites: "refuse" | "may-be-stale";
  /** True if puts write only to the first member. */
  readonly onlyFirst?: boolean | undefined;
}
