import { existsSync } from "node:fs";
import { stampedRow, type JournalOwner, type KeyRow, type Version } from "@stowage/core/journal";
import { openClock } from "./clock.js";
import { defaultDriver, type Database, type Driver } from "./database.js";
import { openError } from "./errors.js";
import { openForReading } from "./open-database.js";
import { SCHEMA_VERSION, schemaVersionOf } from "./schema.js";

/**
 * Returns the content of a journal as a readable text. The text names each composer. It also names each key that is in transition, with
 * the work that is left to do. The journal may be in use at the same time.
 *
 * @param path - The file of a {@link sqliteJournal}.
 * @throws StorageError `InvalidArgument` if the file does not exist, or is not a journal of this version.
 */
export function dumpJournal(path: string, driver: Driver = defaultDriver()): string {
  // SQLite would create a missing file.
  if (!existsSync(path)) throw openError(path, "does not exist");
  const database = openForReading(path, driver);
  try {
    const version = schemaVersionOf(database);
    if (version !== SCHEMA_VERSION) throw openError(path, "is not a journal of this version");
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
  const { lease, external = [], attempts, problem } = row;
  const due = row.nextAt <= now ? "repair is due" : `repair is due in ${seconds(row.nextAt - now)}`;
  const lines = [
    ...versionLines(row),
    ...Object.entries(row.holds).map(([member, holding]) => holdingLine(member, holding, row, now)),
    ...external.map(({ member, until }) => `a client may upload to ${member} for ${seconds(until - now)}`),
    lease &&
      `process ${lease.process} works on this key; if the process stays silent, its claim ends in ${seconds(lease.until - now)}`,
    attempts > 0 ? `repair has tried ${attempts} times` : undefined,
    problem && `last problem: ${problem}`,
    due,
  ];
  const title = `  ${JSON.stringify(key)}, in transition for ${seconds(now - row.since)}`;
  return [title, ...lines.filter((line) => line !== undefined).map((line) => `    ${line}`)];
}

function versionLines({ current, open, uncertain }: KeyRow): readonly (string | undefined)[] {
  const is = current?.kind === "delete" ? "the current version is a delete:" : "the current version is";
  return [
    current && `${is} ${current.version}`,
    open && `version ${open.version} is being written`,
    ...uncertain.map(({ version }) => `version ${version} may have been stored`),
  ];
}

function holdingLine(member: string, holding: string, { suspects }: KeyRow, now: number): string {
  const what = { absent: "nothing", unknown: "an unknown version" }[holding] ?? `version ${holding}`;
  const until = suspects[member] ?? 0;
  const late = until <= now ? "" : `, and a late request may still change it for ${seconds(until - now)}`;
  return `${member} holds ${what}${late}`;
}

function seconds(milliseconds: number): string {
  return `${Math.max(0, Math.round(milliseconds / 1000))} s`;
}
