import { clock } from "../kit/clock.js";
import { StorageError, isStorageError, type Operation, type StorageErrorCode } from "../contract/errors.js";
import { intercept, type Around, type Call, type CallChanges } from "./intercept.js";
import type { StorageProvider } from "../contract/provider.js";
import { type OptionNames, knownNames, wholeNumber, anyNumber, aFunction } from "../kit/options.js";

/** The options of {@link breaker}: when a provider is left out, and for how long. */
export interface BreakerOptions {
  /**
   * How many failures in a row open the breaker.
   *
   * @default 5
   */
  readonly consecutive?: number | undefined;
  /**
   * Which share of the calls of the last `windowMs` opens the breaker when it has failed, from 0 to 1.
   *
   * @default 0.5
   */
  readonly share?: number | undefined;
  /**
   * How many calls there must be before `share` counts.
   *
   * @default 20
   */
  readonly least?: number | undefined;
  /**
   * How long a call counts for `share`, in milliseconds.
   *
   * @default 30,000
   */
  readonly windowMs?: number | undefined;
  /**
   * How long the breaker stays open the first time, in milliseconds; each further time twice as long.
   *
   * @default 10,000
   */
  readonly openMs?: number | undefined;
  /**
   * The longest that the breaker stays open, in milliseconds.
   *
   * @default 300,000
   */
  readonly openMsMax?: number | undefined;
  /**
   * Gives numbers from 0 to 1.
   *
   * @default `Math.random`
   */
  readonly random?: (() => number) | undefined;
}

const BREAKER_OPTIONS: OptionNames<BreakerOptions> = {
  consecutive: true,
  share: true,
  least: true,
  windowMs: true,
  openMs: true,
  openMsMax: true,
  random: true,
};

/** Operations that fail together. */
export type BreakerKind = "read" | "write" | "list";

const KINDS: Partial<Record<Operation, BreakerKind>> = {
  get: "read",
  head: "read",
  put: "write",
  delete: "write",
  copy: "write",
  move: "write",
  deleteMany: "write",
  importFrom: "write",
  multipart: "write",
  list: "list",
};

/** Failures that say something about the provider's health; every other answer shows that it works. */
const COUNTED: ReadonlySet<StorageErrorCode> = new Set(["Unavailable", "Timeout", "Unknown"]);

/** One kind of operation of one provider. */
interface Circuit {
  readonly calls: { readonly at: number; readonly failed: boolean }[];
  inARow: number;
  /** Absent while it is closed. */
  openUntil: number | undefined;
  /** How often it has opened since it was closed for good. */
  openings: number;
  failedAt: number;
  /** Whether one call is finding out whether the provider works again. */
  isProbed: boolean;
}

/** Breakers of providers that stand in for each other: the last way out is never closed off. */
export interface BreakerGroup {
  readonly circuits: Map<StorageProvider, Map<BreakerKind, Circuit>>;
}

export function breakerGroup(): BreakerGroup {
  return { circuits: new Map() };
}

/**
 * Fails at once while a provider is down, instead of waiting for it each time. Reads, writes and listings are
 * counted apart.
 *
 * It opens after failures in a row, or when too large a share of the calls has failed, and lets one call through
 * from time to time to see whether the provider works again. Only what says something about the provider's health
 * counts: not a missing object, a condition that did not hold, wrong credentials or an abort.
 *
 * @param group - Of members that stand in for each other: while all are open, the one that failed longest ago is tried.
 * @throws TypeError when an option is not a number in its range.
 */
export function breaker(
  inner: StorageProvider,
  options: BreakerOptions = {},
  group: BreakerGroup = breakerGroup(),
): StorageProvider {
  const limits = checked(options);
  const circuits = new Map<BreakerKind, Circuit>();
  group.circuits.set(inner, circuits);
  const around: Around = (call, next) => {
    const kind = KINDS[call.operation];
    return kind === undefined
      ? next()
      : callGuarded({ inner, limits, group, kind, call }, circuitOf(circuits, kind), next);
  };
  return intercept(inner, {
    type: "breaker",
    around,
    promises: [`after ${limits.consecutive} failures in a row calls fail at once for a while`],
  });
}

type Limits = Required<{ readonly [Name in keyof BreakerOptions]: NonNullable<BreakerOptions[Name]> }>;

function checked(options: BreakerOptions): Limits {
  knownNames("breaker", options, BREAKER_OPTIONS);
  const whole = (name: Exclude<keyof BreakerOptions, "random">, byDefault: number): number =>
    wholeNumber("breaker", name, options[name] ?? byDefault, { least: 1 });
  return {
    consecutive: whole("consecutive", 5),
    share: anyNumber("breaker", "share", options.share ?? 0.5, { most: 1 }),
    least: whole("least", 20),
    windowMs: whole("windowMs", 30_000),
    openMs: whole("openMs", 10_000),
    openMsMax: whole("openMsMax", 300_000),
    random: aFunction("breaker", "random", options.random ?? Math.random),
  };
}

function circuitOf(circuits: Map<BreakerKind, Circuit>, kind: BreakerKind): Circuit {
  const known = circuits.get(kind);
  if (known !== undefined) return known;
  const circuit: Circuit = {
    calls: [],
    inARow: 0,
    openUntil: undefined,
    openings: 0,
    failedAt: 0,
    isProbed: false,
  };
  circuits.set(kind, circuit);
  return circuit;
}

interface Guard {
  readonly inner: StorageProvider;
  readonly limits: Limits;
  readonly group: BreakerGroup;
  readonly kind: BreakerKind;
  readonly call: Call;
}

async function callGuarded<T>(
  guard: Guard,
  circuit: Circuit,
  next: (changes?: CallChanges) => Promise<T>,
): Promise<T> {
  const isProbe = enter(guard, circuit);
  try {
    const result = await next();
    note(guard, circuit, false);
    return result;
  } catch (error) {
    // An abort says nothing: neither that the provider works nor that it does not.
    if (isStorageError(error)) note(guard, circuit, COUNTED.has(error.code));
    throw error;
  } finally {
    if (isProbe) circuit.isProbed = false;
  }
}

/** @returns Whether this call finds out if the provider works again. @throws StorageError while it is open. */
function enter(guard: Guard, circuit: Circuit): boolean {
  const { openUntil } = circuit;
  if (openUntil === undefined) return false;
  const now = clock.now();
  if (now >= openUntil && !circuit.isProbed) {
    circuit.isProbed = true;
    return true;
  }
  if (isLastWayOut(guard, circuit)) return false;
  const { inner, kind, call } = guard;
  const waitMs = Math.max(0, Math.ceil(openUntil - now));
  throw new StorageError(
    "Unavailable",
    `it has failed too often, and is not asked for ${kind === "list" ? "listings" : `${kind}s`} for ${waitMs} ms`,
    {
      operation: call.operation,
      provider: inner.name,
      key: call.key,
      retryable: false,
      retryAfterMs: waitMs,
      applied: "no",
    },
  );
}

/** Whether every other one is open too, and failed later. */
function isLastWayOut({ group, kind }: Guard, circuit: Circuit): boolean {
  for (const circuits of group.circuits.values()) {
    const other = circuits.get(kind);
    if (other === circuit) continue;
    if (other?.openUntil === undefined || other.failedAt < circuit.failedAt) return false;
  }
  return group.circuits.size > 1;
}

function note(guard: Guard, circuit: Circuit, failed: boolean): void {
  const { limits } = guard;
  const now = clock.now();
  const { calls } = circuit;
  calls.push({ at: now, failed });
  while ((calls[0]?.at ?? now) < now - limits.windowMs) calls.shift();
  circuit.inARow = failed ? circuit.inARow + 1 : 0;
  if (failed) circuit.failedAt = now;
  if (!failed) {
    if (circuit.openUntil !== undefined) close(guard, circuit);
  } else if (circuit.openUntil !== undefined || isTooMuch(limits, circuit)) open(guard, circuit, now);
}

function isTooMuch({ consecutive, share, least }: Limits, { inARow, calls }: Circuit): boolean {
  if (inARow >= consecutive) return true;
  return calls.length >= least && calls.filter(({ failed }) => failed).length >= share * calls.length;
}

/** With a quarter of jitter, so that processes do not all come back at the same moment. */
function open(guard: Guard, circuit: Circuit, now: number): void {
  const { limits } = guard;
  const isNew = circuit.openUntil === undefined;
  if (!isNew && now < (circuit.openUntil ?? 0)) return;
  const openMs = Math.min(limits.openMsMax, limits.openMs * 2 ** circuit.openings);
  circuit.openings++;
  circuit.openUntil = now + openMs * (0.75 + limits.random() * 0.5);
  if (isNew) report(guard, "open");
}

function close(guard: Guard, circuit: Circuit): void {
  circuit.openUntil = undefined;
  circuit.openings = 0;
  circuit.calls.length = 0;
  report(guard, "closed");
}

function report({ inner, kind, call }: Guard, state: "open" | "closed"): void {
  call.options.onEvent?.({ type: "breaker", provider: inner.name, kind, state });
}
