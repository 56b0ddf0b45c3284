/**
 * The pieces of work that are timed.
 *
 * @typedef {object} Workload
 * @property {string} title
 * @property {"small" | "large"} kind - Large ones run in fewer rounds.
 * @property {readonly string[]} verbs - What a store must offer.
 * @property {boolean} [writes] - Whether atomicity of the subject matters to the comparison.
 * @property {number} [operations] - In one slice; absent for one.
 * @property {number} [bytes] - Moved in one slice.
 * @property {(store) => Promise<void>} [prepare] - Once, untimed.
 * @property {(store) => Promise<string | undefined>} check - What is wrong with the store's answers, if anything.
 * @property {(store, slice: number) => Promise<void>} [before] - Before each slice, untimed.
 * @property {(store, slice: number) => Promise<void>} run - One slice, timed.
 * @property {(store, slice: number) => Promise<void>} [after] - After each slice, untimed.
 * @property {(store) => Promise<void>} [finish] - Once, untimed.
 */
import { list10k } from "./listing.mjs";
import { SMALL_OBJECTS, copies, deletes, existences, moves, wholes } from "./small-objects.mjs";
import { streamIn, streamOut } from "./streams.mjs";

/** @type {Record<string, Workload>} */
export const WORKLOADS = {
  ...SMALL_OBJECTS,
  "exists-c1": existences(1),
  "exists-c16": existences(16),
  "stream-in": streamIn(),
  "stream-out": streamOut(),
  list10k: list10k(),
  get4m: wholes(),
  "copy-c4": copies(4),
  "move-c4": moves(4),
  "delete-c4": deletes(4),
  "delete-c1": deletes(1),
  "delete-c16": deletes(16),
};
