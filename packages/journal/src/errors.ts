import { StorageError, type Operation } from "@stowage/core/journal";

/** What SQLite's own codes mean for those who wait for a write. @see https://www.sqlite.org/rescode.html */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/FULL|disk is full/i, "its disk is full"],
  [/READONLY|readonly/i, "it is read-only"],
  [/BUSY|LOCKED|locked/i, "another program has locked it"],
  [/CORRUPT|NOTADB|malformed|not a database/i, "the file is damaged"],
  [/CANTOPEN|unable to open/i, "the file cannot be opened"],
  [/closed|not open/i, "it is closed"],
  [/IOERR|disk I\/O/i, "the disk does not read or write"],
];

/** A journal that does not work is a storage that cannot write: what was asked for has not happened. */
export function journalError(error: unknown, path: string, operation: Operation = "put"): StorageError {
  const text = textOf(error);
  const reason = REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? "SQLite does not explain why";
  return new StorageError("Unavailable", `the journal ${JSON.stringify(path)} cannot be used: ${reason}`, {
    operation,
    provider: "journal",
    applied: "no",
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
