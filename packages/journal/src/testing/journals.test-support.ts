import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Journal } from "@stowage/core";
import type { JournalOwner, JournalPart, KeyRow } from "@stowage/core/journal";
import { sqliteJournal, type SqliteJournalOptions } from "../sqlite-journal.js";

export const OWNER: JournalOwner = {
  name: "files",
  type: "mirror",
  members: [
    { name: "a", place: "memory://a/x" },
    { name: "b", place: "memory://b/x" },
  ],
};

export const ROW: KeyRow = {
  uncertain: [],
  holds: {},
  suspects: {},
  since: 1,
  nextAt: 2,
  attempts: 0,
};

/** A row whose write has begun. */
export const OPENED: KeyRow = { ...ROW, open: { version: "", writeId: "w" } };

export interface TempJournal {
  readonly folder: string;
  readonly path: string;
  readonly open: (options?: SqliteJournalOptions) => Journal;
  /** Closes all that were opened and removes the folder. */
  readonly remove: () => Promise<void>;
}

export function tempJournal(): TempJournal {
  const folder = mkdtempSync(join(tmpdir(), "stowage-journal-"));
  const path = join(folder, "journal.db");
  const opened: Journal[] = [];
  return {
    folder,
    path,
    open: (options) => {
      const journal = sqliteJournal(path, options);
      opened.push(journal);
      return journal;
    },
    remove: async () => {
      await Promise.all(opened.map((journal) => journal.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a row whatever is there. */
export async function place(
  part: JournalPart,
  key: string,
  row: KeyRow | undefined,
): Promise<string | undefined> {
  return await part.write(key, (await part.read(key)).revision, row);
}
