/** The promises of composers, by the numbers of the documentation. The composer and its journal decide which of them hold. */
export const PROMISES = {
  P1: "P1: an acknowledged put is on as many members as were asked for, and the work for the rest is written down",
  P2: "P2: reads never return an older version than the last acknowledged write",
  P3: "P3: an acknowledged delete is never undone",
  P4: "P4: NotFound is never returned because a member was unreachable",
  P5: "P5: when faults end, every member reaches its state, by repair",
  P6: "P6: a put that failed takes effect whole or not at all",
  P7: "P7: a truncated or mismatching body is never committed",
  P8: "P8: every object is readable at every step of a move",
  P9: "P9: a listing holds every key once, in UTF-8 byte order, or fails",
  P10: "P10: after a crash at any moment all of this holds again",
  P11: "P11: after a loss of power too, on members that sync",
} as const;
