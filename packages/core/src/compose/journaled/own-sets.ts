import { type OwnProviders, ownProviders } from "../../kit/own-providers.js";
import type { ReplicaSet } from "./replica-set.js";

/** The sets behind the composers with a journal, for the functions that take one. */
export const OWN_SETS: OwnProviders<ReplicaSet> = ownProviders<ReplicaSet>(
  "fallback(), mirror() or split() with a journal",
);
