import type { ReplayableOptions } from "../body/replayable.js";
import type { StorageProvider } from "../contract/provider.js";
import type { OptionNames } from "../kit/options.js";
import { JOURNAL_OPTIONS, type JournalOptions } from "./journaled/create-set.js";
import { MEMBER_OPTIONS, type MemberOptions } from "./members.js";
import type { Chain } from "./stateless/chain.js";

/** A percentage that the journal stores for all processes. */
export interface SplitShare {
  /** The percentage that applies until {@link setSplitPercent} is called for the first time, from 0 to 100. */
  readonly initial: number;
}

/** The options of {@link split}. */
export interface SplitOptions extends MemberOptions, JournalOptions {
  /**
   * The composer's name, in errors and in its journal.
   *
   * @default `"split"`
   */
  readonly name?: string | undefined;
  /** The member that has held all keys so far. */
  readonly from: StorageProvider;
  /** The member that receives a share of the keys. */
  readonly to: StorageProvider;
  /**
   * The percentage of keys that go to `to`, from 0 to 100, with at most two digits after the point.
   *
   * - A number belongs to the configuration: each process uses its own number, and the journal stores no percentage.
   * - `{ initial }` needs a journal, and the percentage belongs to the journal. The first process that uses the split
   *   saves `initial`. Later, {@link setSplitPercent} changes the percentage for all processes.
   */
  readonly percent: number | SplitShare;
  /** The name of the rollout. Never change it, because a different salt distributes the keys differently. */
  readonly salt: string;
  /**
   * The behaviour of a put when the side for its key is down: `"fail"` rejects, `"other"` writes to the other side.
   *
   * @default `"fail"`
   */
  readonly onUnavailable?: "fail" | "other" | undefined;
  /**
   * Without a journal: the behaviour of a put when the key exists, as in a fallback chain.
   *
   * @default `"refuse"`
   */
  readonly overwrites?: Chain["overwrites"] | undefined;
  /**
   * With `true`, repair moves objects to the side that the percentage assigns to them. This needs a percentage in the journal, because
   * processes with different numbers would move objects back and forth.
   *
   * @default false: objects stay where they are
   */
  readonly move?: boolean | undefined;
  /**
   * The options of the spool, which keeps a one-shot body while the other side may need it.
   *
   * @default the default of each of its options
   */
  readonly spool?: ReplayableOptions | undefined;
}

/** The names of the options of `split`. */
export const SPLIT_OPTIONS: OptionNames<SplitOptions> = {
  ...MEMBER_OPTIONS,
  ...JOURNAL_OPTIONS,
  name: true,
  from: true,
  to: true,
  percent: true,
  salt: true,
  onUnavailable: true,
  overwrites: true,
  move: true,
  spool: true,
};
