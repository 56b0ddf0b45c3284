export { memoryJournal } from "@stowage/core/journal";
export { dumpJournal } from "./dump.js";
export type { Driver } from "./database.js";
export { sqliteJournal, type SqliteJournalOptions } from "./sqlite-journal.js";
