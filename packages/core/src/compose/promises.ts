/**
 * The promises of composers, with their numbers in the documentation. The composer and its journal decide which promises hold. `describe()`
 * and the documentation take their sentences from here.
 */
export const PROMISES = {
  P1: "P1: an acknowledged put is on the required number of members, and the journal records the work for the other members",
  P2: "P2: reads never return a version that is older than the last acknowledged write, in any process that shares the journal",
  P3: "P3: an acknowledged delete is never undone, whether by repair, by a move between members, or by a member that comes back",
  P4: "P4: NotFound is never returned because a member was unreachable",
  P5: "P5: when faults end, repair makes every member hold exactly the objects that it should hold",
  P6: "P6: a failed put takes effect entirely or not at all",
  P7: "P7: a truncated or mismatching body is never committed",
  P8: "P8: every object is readable at every step of a rollout, whether the percentage rises or falls",
  P9: "P9: a listing contains each key that existed throughout the listing exactly once, in UTF-8 byte order, or the listing fails",
  P10: "P10: after a crash at any moment and a restart, P1 to P9 hold again",
  P11: "P11: after a loss of power and a restart, P1 to P9 hold again on members that sync their writes to disk, as `local` does",
} as const;
