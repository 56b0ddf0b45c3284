import { type OwnProviders, ownProviders } from "../../kit/own-providers.js";
import type { ReplicaSet } from "./replica-set.js";

/** The replica set of each composer with a journal, for the functions that take a composer. */
export const OWN_SETS: OwnProviders<ReplicaSet> = ownProviders<ReplicaSet>(
  "fallback(), mirror() or split() with a journal",
);
