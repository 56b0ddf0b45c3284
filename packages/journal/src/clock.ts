import { readFileSync } from "node:fs";
import { clock, type Version } from "@stowage/core/journal";
import type { Database } from "./database.js";

/**
 * Opens the clock of a journal. The clock starts with the system's time. After that, it follows the machine's uptime, which cannot be
 * set and which is the same for all processes. After a restart of the machine, the clock starts with the system's time again, but
 * never earlier than the last write.
 */
export function openClock(database: Database): () => number {
  const boot = bootId();
  const found = database.prepare("SELECT boot, offset FROM boots WHERE id = 1").get() as
    | { readonly boot: string; readonly offset: number }
    | undefined;
  const offset = found?.boot === boot ? found.offset : newOffset(database);
  if (found?.boot !== boot && !isReadOnly(database)) {
    database.prepare("INSERT OR REPLACE INTO boots (id, boot, offset) VALUES (1, ?, ?)").run(boot, offset);
  }
  // `clock.now()` follows the uptime too. It is much faster than `uptimeMs()`, but counts from the start of this
  // process.
  const start = uptimeMs() - clock.now() + offset;
  return () => start + clock.now();
}

function isReadOnly(database: Database): boolean {
  return Object.values(Object(database.prepare("PRAGMA query_only").get()))[0] === 1;
}

function newOffset(database: Database): number {
  const last = database.prepare("SELECT version FROM clock WHERE id = 1").get() as
    | { readonly version: Version }
    | undefined;
  const written = last === undefined ? 0 : Number.parseInt(last.version.slice(0, -4), 16);
  // The new offset includes the time for which the machine was off. Otherwise records that expired during that time
  // would be valid again.
  return Math.ceil(Math.max(written, Date.now()) - uptimeMs());
}

function uptimeMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Returns a text that changes each time the machine starts. @see https://man7.org/linux/man-pages/man4/random.4.html */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // On other systems, the text is the time at which the machine started, to the minute.
    return `started-${Math.round((Date.now() - uptimeMs()) / 60_000)}`;
  }
}
