// The module that authors of journals import: the contract of a journal, and the functions that every journal needs.
export { ERROR_CODES, StorageError, isStorageError, type Operation } from "./contract/errors.js";
export type {
  ControlRecord,
  Journal,
  JournalCounts,
  JournalEntry,
  JournalOwner,
  JournalPart,
} from "./contract/journal.js";
export {
  stampedRow,
  type Committed,
  type External,
  type Holding,
  type Intent,
  type KeyRow,
  type Lease,
  type Remembered,
} from "./contract/key-row.js";
export { nextVersion, type Version } from "./contract/version.js";
export { clock } from "./kit/clock.js";
export { memoryJournal } from "./memory/memory-journal.js";
export { STUCK_MS, noRow } from "./kit/journal-parts.js";
export {
  knownNames,
  oneOf,
  nonEmptyText,
  wholeNumber,
  type NumberLimits,
  type OptionNames,
} from "./kit/options.js";
