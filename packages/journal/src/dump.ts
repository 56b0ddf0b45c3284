import { stampedRow, type JournalOwner, type KeyRow, type Version } from "@stowage/core";
import { openClock } from "./clock.js";
import { defaultDriver, type Database, type Driver } from "./database.js";
import { openError } from "./errors.js";
import { openForReading } from "./open-database.js";
import { SCHEMA_VERSION, schemaVersionOf } from "./schema.js";

/**
 * What a journal holds, for people: each composer, and each key that is in transition with what is left to do. It may be
 * in use meanwhile.
 *
 * @param path - The file of a {@link sqliteJournal}.
 * @throws StorageError `InvalidArgument` when it is no journal.
 */
export function dumpJournal(path: string, driver: Driver = defaultDriver()): string {
  const database = openForReading(path, driver);
  try {
    const version = schemaVersionOf(database);
    if (version !== SCHEMA_VERSION) throw openError(path, "is no journal of this version");
    return dump(database).join("\n");
  } finally {
    database.close();
  }
}

interface FoundPart {
  readonly id: number;
  readonly owner: string;
}

interface FoundRow {
  readonly key: string;
  readonly row: string;
  readonly revision: Version;
}

function dump(database: Database): readonly string[] {
  const now = openClock(database)();
  const parts = database.prepare("SELECT id, owner FROM parts ORDER BY name").all() as readonly FoundPart[];
  const rows = database.prepare("SELECT key, row, revision FROM rows WHERE part = ? ORDER BY key");
  const controls = database.prepare("SELECT name, value FROM controls WHERE part = ? ORDER BY name");
  return parts.flatMap(({ id, owner }) => {
    const { name, type, members } = JSON.parse(owner) as JournalOwner;
    const found = rows.all(id) as readonly FoundRow[];
    const records = controls.all(id) as readonly { readonly name: string; readonly value: string }[];
    return [
      `${type} "${name}": ${found.length === 1 ? "1 key" : `${found.length} keys`} in transition`,
      ...members.map((member) => `  member ${member.name}: ${member.place.replace(/x$/, "")}`),
      ...records.map((record) => `  ${record.name}: ${record.value}`),
      ...found.flatMap(({ key, row, revision }) =>
        describeRow(key, stampedRow(JSON.parse(row) as KeyRow, revision), now),
      ),
    ];
  });
}

function describeRow(key: string, row: KeyRow, now: number): readonly string[] {
  const { current, open, uncertain, holds, suspects, lease, external = [], attempts, problem } = row;
  const lines = [`  ${JSON.stringify(key)}, in transition for ${seconds(now - row.since)}`];
  const say = (line: string): void => void lines.push(`    ${line}`);
  if (current?.kind === "put") say(`is version ${current.version}`);
  if (current?.kind === "delete") say(`is deleted, by version ${current.version}`);
  if (open !== undefined) say(`version ${open.version} is being written`);
  for (const { version } of uncertain) say(`nobody knows whether version ${version} was stored`);
  for (const [member, holding] of Object.entries(holds)) {
    const until = suspects[member];
    const late =
      until === undefined || until <= now ? "" : `, and may get something late for ${seconds(until - now)}`;
    say(
      `${member} holds ${holding === "absent" ? "nothing" : holding === "unknown" ? "nobody knows what" : `version ${holding}`}${late}`,
    );
  }
  for (const { member, until } of external)
    say(`a client may upload to ${member} for ${seconds(until - now)}`);
  if (lease !== undefined)
    say(`process ${lease.process} works on it, for ${seconds(lease.until - now)} more if it is silent`);
  if (attempts > 0) say(`repair has tried ${attempts} times`);
  if (problem !== undefined) say(`the last problem: ${problem}`);
  say(row.nextAt <= now ? "repair is due" : `repair is due in ${seconds(row.nextAt - now)}`);
  return lines;
}

function seconds(milliseconds: number): string {
  return `${Math.max(0, Math.round(milliseconds / 1000))} s`;
}
