import { lockHolder } from "./lock-holder.js";
import { StorageError, type Operation } from "@stowage/core/journal";

/** Matches the failures after which it is unknown whether the change is in the journal. */
const UNSURE = /UNSYNCED|THREAD_ENDED/;

/** The reasons that callers get for SQLite's error codes. @see https://www.sqlite.org/rescode.html */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /REPLACED/,
    "its file was removed or replaced during use; stop the application, put the right file there, and start the application again",
  ],
  [/UNSYNCED/, "its disk did not confirm the write"],
  [/FULL|disk is full|ENOSPC|EDQUOT/i, "its disk is full"],
  [/READONLY|readonly|EROFS/i, "the file is read-only"],
  [/BUSY|LOCKED|locked/i, "a different program has locked the file"],
  [/CORRUPT|NOTADB|malformed|not a database/i, "the file is damaged"],
  [/EACCES|EPERM/, "the process does not have permission to write the file"],
  [/CANTOPEN|unable to open|ENOTDIR|EISDIR/i, "the file cannot be opened"],
  [/closed|not open/i, "the journal is closed"],
  [/THREAD_ENDED/, "the writer thread has ended"],
  [/IOERR|disk I\/O/i, "the disk reports an error"],
];

const MODULE_MISSING = /Cannot find (?:module|package) '([^']+)'(?:: (.+))?/;

/** Tells whether a thread failed because it could not load a module. Such a thread has written nothing. */
export function isLoadFailure(error: unknown): boolean {
  return loadReason(textOf(error)) !== undefined;
}

/** Returns a sentence about a module that cannot be loaded, and what to do about it. Returns `undefined` for any other failure. */
function loadReason(text: string): string | undefined {
  const [, name, cure] = MODULE_MISSING.exec(text) ?? [];
  if (name !== undefined) {
    const byDefault = `install it for this platform, for example with \`npm install ${name}\``;
    return `${name} cannot be found; ${cure ?? (name.includes("libsql") ? byDefault : "install the package again")}`;
  }
  if (text.includes("ERR_DLOPEN_FAILED"))
    return "the native part of libsql was built for a different system: install libsql again on this system";
  if (text.includes("ERR_ACCESS_DENIED"))
    return "Node's permission model refuses the call: start Node with --allow-fs-write and --allow-worker";
  return undefined;
}

/**
 * Returns the error for a journal that does not work. The change was not made, unless the disk or the thread failed after the
 * commit.
 */
export function journalError(error: unknown, path: string, operation: Operation = "put"): StorageError {
  const text = textOf(error);
  const known = loadReason(text) ?? REASONS.find(([pattern]) => pattern.test(text))?.[1];
  const holder = /BUSY|LOCKED|locked/.test(text) ? lockHolder(path) : undefined;
  const reason = holder ?? known ?? "SQLite gives no reason";
  return new StorageError("Unavailable", `the journal ${JSON.stringify(path)} cannot be used: ${reason}`, {
    operation,
    provider: "journal",
    applied: UNSURE.test(text) ? "unknown" : "no",
    retryable: false,
    cause: error,
  });
}

function textOf(error: unknown): string {
  const { code, message, errcode } = Object(error) as {
    code?: unknown;
    message?: unknown;
    errcode?: unknown;
  };
  return `${String(code)} ${String(errcode)} ${String(message)}`;
}

export function openError(path: string, reason: string, cause?: unknown): StorageError {
  return new StorageError("InvalidArgument", `the journal ${JSON.stringify(path)} ${reason}`, {
    operation: "open",
    provider: "journal",
    cause,
  });
}
