// A process that opens a journal, writes one row and waits to be killed.
import { sqliteJournal } from "../sqlite-journal.js";
import { OPENED, OWNER, place } from "./journals.test-support.js";

const part = sqliteJournal(process.argv[2] ?? "").open(OWNER);
await place(part, "a", OPENED);
process.send?.(part.process);
setInterval(() => {}, 1000);
