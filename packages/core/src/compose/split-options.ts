import type { ReplayableOptions } from "../body/replayable.js";
import type { StorageProvider } from "../contract/provider.js";
import type { OptionNames } from "../kit/options.js";
import { JOURNAL_OPTIONS, type JournalOptions } from "./journaled/create-set.js";
import { MEMBER_OPTIONS, type MemberOptions } from "./members.js";
import type { Chain } from "./stateless/chain.js";

/** A share that the journal keeps, for every process. */
export interface SplitShare {
  /** What counts until {@link setSplitPercent} is called for the first time, from 0 to 100. */
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
  /** Where keys have been so far. */
  readonly from: StorageProvider;
  /** Where a share of the keys goes. */
  readonly to: StorageProvider;
  /**
   * The share of keys that go to `to`, from 0 to 100, with at most two digits after the point.
   *
   * - A number is the configuration's: each process goes by its own, and the journal keeps none.
   * - `{ initial }`, with a journal, is the journal's: it counts for the first process ever, and {@link setSplitPercent} changes it
   *   for all.
   */
  readonly percent: number | SplitShare;
  /** Names the rollout: another salt shares the keys out differently. It stays the same for ever. */
  readonly salt: string;
  /**
   * For a put whose side is down: `"fail"` rejects, `"other"` goes to the other side.
   *
   * @default `"fail"`
   */
  readonly onUnavailable?: "fail" | "other" | undefined;
  /**
   * Without a journal: what a put of a key that exists does, as with a fallback chain.
   *
   * @default `"refuse"`
   */
  readonly overwrites?: Chain["overwrites"] | undefined;
  /**
   * Has repair move objects to the side that the percentage gives them. It takes a percentage that the journal keeps: processes
   * with numbers of their own would move them to and fro.
   *
   * @default false: objects stay where they are
   */
  readonly move?: boolean | undefined;
  /**
   * How a one-shot body is kept while the other side may need it.
   *
   * @default what each of its options says
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
