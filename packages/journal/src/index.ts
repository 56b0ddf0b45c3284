export { memoryJournal } from "@stowage/core";
export { dumpJournal } from "./dump.js";
export type { Driver } from "./database.js";
export { sqliteJournal, type SqliteJournalOptions } from "./sqlite-journal.js";
