import { isStorageError, type StorageEvent } from "@stowage/core";

/** A logger as `console` is one. */
export interface Logger {
  readonly debug: (message: string, facts: Record<string, unknown>) => void;
  readonly info: (message: string, facts: Record<string, unknown>) => void;
  readonly warn: (message: string, facts: Record<string, unknown>) => void;
  readonly error: (message: string, facts: Record<string, unknown>) => void;
}

type Level = keyof Logger;

/** How much each event matters to whoever reads the log. */
const LEVELS: Readonly<Record<StorageEvent["type"], Level>> = {
  operation: "debug",
  attempt: "debug",
  read: "debug",
  hedge: "debug",
  retry: "info",
  verified: "info",
  repaired: "info",
  adopted: "info",
  expired: "info",
  extra: "info",
  percent: "info",
  stale: "info",
  skipped: "info",
  ignored: "info",
  fallback: "warn",
  unconfirmed: "warn",
  degraded: "warn",
  suspect: "warn",
  wrongBytes: "warn",
  breaker: "warn",
  repairFailed: "error",
};

/** Parts of a text that can open something: the query of an address, a name and password in one, and headers of credentials. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/)[^/\s]+@/g, "$1***@"],
  [/(:\/\/[^\s"'?]+\?)[^\s"']+/g, "$1***"],
  [/\b((?:authorization|cookie|x-amz-security-token)\s*[:=]\s*)[^\n]+/gi, "$1***"],
  [/("(?:authorization|cookie|x-amz-security-token)"\s*:\s*)"[^"]*"/gi, '$1"***"'],
  [/\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]+/g, "$1***"],
  [
    /((?:secret|password|passphrase|token|signature|(?:api|account|private|access)_?key)\w*["']?\s*[:=]\s*["']?)[^\s"'&,}*][^\s"'&,}]*/gi,
    "$1***",
  ],
];

/**
 * Makes a listener for the events of a storage that writes a line for each: `createStorage(provider, { onEvent: logEvents(console) })`.
 *
 * What went wrong is `warn` or `error`, what was put right is `info`, each call is `debug`. A failed call is `warn` when the storage or a
 * provider is to blame. Of an error only its code and its message are written, with everything taken out that could open something.
 */
export function logEvents(logger: Logger): (event: StorageEvent) => void {
  return (event) => {
    const { type, error, ...facts } = event as StorageEvent & { readonly error?: unknown };
    const failure = error === undefined ? {} : errorFacts(error);
    logger[levelOf(type, error)](`storage ${type}`, { ...facts, ...failure });
  };
}

function levelOf(type: StorageEvent["type"], error: unknown): Level {
  if (type !== "operation" || error === undefined) return LEVELS[type];
  return isStorageError(error) && EXPECTED.has(error.code) ? "debug" : "warn";
}

/** Failures that are the answer to a question. */
const EXPECTED = new Set([
  "NotFound",
  "AlreadyExists",
  "PreconditionFailed",
  "NotModified",
  "InvalidRange",
  "InvalidKey",
]);

function errorFacts(error: unknown): { error: string; code?: string } {
  const message = redacted(error instanceof Error ? error.message : String(error));
  return isStorageError(error) ? { error: message, code: error.code } : { error: message };
}

/** Takes out of a text what could open something. */
export function redacted(text: string): string {
  return SECRETS.reduce((clean, [pattern, replacement]) => clean.replaceAll(pattern, replacement), text);
}
