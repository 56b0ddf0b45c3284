/**
 * The promises of composers, with their numbers in the documentation. The composer and its journal decide which promises hold. `describe()`
 * and the documentation take their sentences from here.
 */
export const PROMISES = {
  P1: "P1: an acknowledged put is on as many members as were asked for, and the work for the rest is written down",
  P2: "P2: reads never return an older version than the last acknowledged write, in any process that shares the journal",
  P3: "P3: an acknowledged delete is never undone: by repair, by a move between members, or by a member that comes back",
  P4: "P4: NotFound is never returned because a member was unreachable",
  P5: "P5: when faults end, repair brings every member to where it should be",
  P6: "P6: a failed put takes effect entirely or not at all",
  P7: "P7: a truncated or mismatching body is never committed",
  P8: "P8: every object is readable at every step of a rollout, up and down",
  P9: "P9: a listing holds each key that was there all the while exactly once, in UTF-8 byte order, or the listing fails",
  P10: "P10: after a crash at any moment, all of the above holds again after the restart",
  P11: "P11: after a loss of power, the same holds on members that sync, as `local` does",
} as const;
