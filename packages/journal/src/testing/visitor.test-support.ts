// A process that opens a journal, writes some rows, and closes it.
import { sqliteJournal } from "../sqlite-journal.js";
import { OWNER, ROW, place } from "./journals.test-support.js";

const [, , path = "", name = ""] = process.argv;
const journal = sqliteJournal(path);
const part = journal.open(OWNER);
for (let index = 0; index < 30; index++) await place(part, `${name}/${index}`, ROW);
await journal.close();
