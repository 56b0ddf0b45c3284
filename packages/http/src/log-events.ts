import { isStorageError, type StorageErrorCode, type StorageEvent } from "@stowage/core";
import { aFunction } from "@stowage/core/provider";
import { isHttpError } from "./wire/http-error.js";

/** A logger, such as `console`. */
export interface Logger {
  readonly debug: (message: string, facts: Record<string, unknown>) => void;
  readonly info: (message: string, facts: Record<string, unknown>) => void;
  readonly warn: (message: string, facts: Record<string, unknown>) => void;
  readonly error: (message: string, facts: Record<string, unknown>) => void;
}

type Level = keyof Logger;

/** The level at which each event is logged. */
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
  unconfirmed: "info",
  fallback: "warn",
  degraded: "warn",
  suspect: "warn",
  wrongBytes: "warn",
  breaker: "warn",
  repairFailed: "error",
};

/** Patterns of credentials: the query of an address, a user and password in an address, and headers or fields with secrets. */
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
 * Makes a listener for the events of a storage that writes one line for each event:
 * `createStorage(provider, { onEvent: logEvents(console) })`.
 *
 * Calls and attempts are `debug`, changes that need no action are `info`, and problems are `warn` or `error`. A failed
 * call is `warn`. Two kinds of failures are only `debug`: expected answers, such as `NotFound`, and calls for a link
 * that the store cannot make. Each line has the facts of the event. For an error, the line has the code and the
 * message. Known forms of credentials and signed links are masked.
 */
export function logEvents(logger: Logger): (event: StorageEvent) => void {
  for (const level of ["debug", "info", "warn", "error"] as const) {
    aFunction("logEvents", `logger.${level}`, (Object(logger) as Logger)[level]);
  }
  return (event) => {
    const { type, error, ...facts } = event as StorageEvent & { readonly error?: unknown };
    const failure = error === undefined ? {} : errorFacts(error);
    const known = Object.entries({ ...facts, ...failure }).filter(([, value]) => value !== undefined);
    logger[levelOf(event)](`storage ${type}`, Object.fromEntries(known));
  };
}

/** The verbs for links that many stores do not have. Their callers usually go on without a link. */
const LINKS: ReadonlySet<string> = new Set(["publicUrl", "signedUrl"]);

function levelOf(event: StorageEvent): Level {
  if (event.type === "fallback" && isSwitchedOff(event.error)) return "debug";
  if (event.type !== "operation" || event.error === undefined) return LEVELS[event.type];
  const { error, operation } = event;
  if (isStorageError(error, "Unsupported") && LINKS.has(operation)) return "debug";
  if (isStorageError(error)) return EXPECTED.has(error.code) ? "debug" : "warn";
  return isHttpError(error) ? "debug" : "warn";
}

/**
 * Tells whether an error comes from a member that was switched off with `off`. Every call to such a member fails, so the error
 * is expected.
 */
function isSwitchedOff(error: unknown): boolean {
  return isStorageError(error, "Unavailable") && error.reason.startsWith("the provider is switched off");
}

/** The failures that are expected answers. */
const EXPECTED = new Set<StorageErrorCode>([
  "NotFound",
  "AlreadyExists",
  "PreconditionFailed",
  "NotModified",
  "InvalidRange",
  "InvalidKey",
  // The caller or its client has sent wrong data.
  "InvalidArgument",
  "SourceError",
  "TooLarge",
]);

function errorFacts(error: unknown): { error: string; code?: string } {
  const message = redacted(error instanceof Error ? error.message : String(error));
  return isStorageError(error) || isHttpError(error)
    ? { error: message, code: error.code }
    : { error: message };
}

/** Masks known forms of credentials in a text. */
export function redacted(text: string): string {
  return SECRETS.reduce((clean, [pattern, replacement]) => clean.replaceAll(pattern, replacement), text);
}
