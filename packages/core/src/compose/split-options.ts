import type { ReplayableOptions } from "../body/replayable.js";
import type { StorageProvider } from "../contract/provider.js";
import type { OptionNames } from "../kit/options.js";
import { JOURNAL_OPTIONS, type JournalOptions } from "./journaled/create-set.js";
import { MEMBER_OPTIONS, type MemberOptions } from "./members.js";
import type { Chain } from "./stateless/chain.js";

/** A share that the journal keeps, for every process. */
export interface SplitShare {
  /** The share that counts until {@link setSplitPercent} is called for the first time, from 0 to 100. */
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
  /** The member that has had the keys so far. */
  readonly from: StorageProvider;
  /** The member that a share of the keys goes to. */
  readonly to: StorageProvider;
  /**
   * The share of keys that go to `to`, from 0 to 100, with at most two digits after the point.
   *
   * - A number belongs to the configuration: each process goes by its own number, and the journal keeps none.
   * - `{ initial }`, with a journal, belongs to the journal: it counts for the first process ever, and {@link setSplitPercent} changes it
   *   for all processes.
   */
  readonly percent: number | SplitShare;
  /** The name of the rollout. It stays the same for ever, because another salt shares the keys out differently. */
  readonly salt: string;
  /**
   * The answer to a put whose side is down: `"fail"` rejects, `"other"` writes to the other side.
   *
   * @default `"fail"`
   */
  readonly onUnavailable?: "fail" | "other" | undefined;
  /**
   * Without a journal: the answer to a put of a key that exists, as with a fallback chain.
   *
   * @default `"refuse"`
   */
  readonly overwrites?: Chain["overwrites"] | undefined;
  /**
   * With `true`, repair moves objects to the side that the percentage gives them. This needs a percentage that the journal keeps: processes
   * with numbers of their own would move objects back and forth.
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
