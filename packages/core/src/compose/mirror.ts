import type { Journal } from "../journal.js";
import type { StorageProvider } from "../provider.js";
import type { ReplayableOptions } from "../replayable.js";
import { assertAskMs } from "./chain.js";
import { prepareMembers, type MemberOptions } from "./members.js";
import type { JournalOptions } from "./replicas/create-set.js";
import { everywhere } from "./replicas/placements.js";
import { replicated } from "./replicas/replicated.js";
import { everySupports } from "./supports.js";

export interface MirrorOptions extends MemberOptions, JournalOptions {
  /** Default `"mirror"`. */
  readonly name?: string | undefined;
  /**
   * How many members must have a write before it is acknowledged: `"all"` (the default), more than half of them
   * (`"quorum"`), or the first that takes it (`"primary"`). The others get it by repair.
   */
  readonly writes?: "all" | "quorum" | "primary" | undefined;
  /** How a one-shot body is kept while a member needs it again. */
  readonly spool?: ReplayableOptions | undefined;
  /** How long a member may take to say whether it holds a key, in milliseconds; default 5,000. */
  readonly askMs?: number | undefined;
}

/** Several copies of every object. */
export function mirror(members: readonly StorageProvider[], options: MirrorOptions): StorageProvider {
  const prepared = prepareMembers("mirror", members, options);
  return replicated({
    type: "mirror",
    name: options.name ?? "mirror",
    members: prepared,
    fallbackOn: [],
    spool: options.spool,
    askMs: assertAskMs("mirror", options.askMs),
    journal: options.journal as Journal,
    placement: everywhere(prepared, options.writes ?? "all", () => prepared),
    options,
    supports: everySupports(prepared),
    limits: [],
  });
}
