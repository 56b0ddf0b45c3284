import { types } from "node:util";
import { TIMER_MS_MAX } from "../kit/abort.js";
import { lenienceMs } from "../kit/late-timer.js";
import { clock, createController } from "../kit/clock.js";
import {
  StorageError,
  isBodyFailure,
  isStorageError,
  type Operation,
  type StorageErrorCode,
} from "../contract/errors.js";
import type { StorageProvider } from "../contract/provider.js";
import { PROBE_KEY } from "../kit/health.js";
import type { BreakerLimits } from "./breaker-options.js";
import type { Call } from "./intercept.js";
import { RecentCalls } from "./recent-calls.js";

/** A kind of operation. Failures of each kind are counted separately. */
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
  finalize: "write",
  list: "list",
};

const ALL_KINDS: readonly BreakerKind[] = ["read", "write", "list"];

/** Returns the kind of a call; `undefined` for a call that no circuit counts. */
export function kindOf({ operation }: Call): BreakerKind | undefined {
  return KINDS[operation];
}

/** The outcome of a call, reduced to the information about the health of the provider. */
export type CallResult =
  | "works"
  | "failed"
  /** The call took too long, but the provider answered other questions. */
  | "slow"
  /** The call took too long, and the provider answered no other question either. */
  | "hangs";

/** The failures that say something about the provider's health. Every other answer shows that the provider works. */
const COUNTED: ReadonlySet<StorageErrorCode> = new Set(["Unavailable", "Timeout", "Unknown"]);

/**
 * Returns the outcome that the error of a call represents. Returns `undefined` if the error says nothing about the provider's
 * health: the caller has aborted the call or given it too little time, or the body has failed.
 */
export function resultOf(error: unknown, { options: { signal } }: Call): CallResult | undefined {
  if (!isStorageError(error) || signal?.aborted === true || isBodyFailure(error)) return undefined;
  if (error.code === "Timeout") return "slow";
  return COUNTED.has(error.code) ? "failed" : "works";
}

/** The state of one kind of operation of one provider. */
interface Circuit {
  readonly kind: BreakerKind;
  readonly recent: RecentCalls;
  inARow: number;
  /** Absent while the circuit is closed. */
  open: Opening | undefined;
}

/** The state of an open circuit, until a probe is answered. */
interface Opening {
  /** The call that opened the circuit. */
  readonly call: Call;
  readonly isHanging: boolean;
  /**
   * The earliest time at which an answer to the first probe counts. After a failed probe, the next answer counts
   * immediately.
   */
  readonly believedAt: number;
  probes: number;
  nextAt: number;
  timer: NodeJS.Timeout | undefined;
}

/** The time that a probe may take, in milliseconds, unless `probeMs` is given. */
const PROBE_MS = 5000;

/** The provider of some circuits, and the settings of the probes. */
export interface CircuitParts {
  readonly inner: StorageProvider;
  readonly limits: BreakerLimits;
  readonly probeMs?: number | undefined;
  /** Called when the provider gets calls again after it was left out. */
  readonly onBack?: (() => void) | undefined;
}

/**
 * The circuits of one provider, one for each kind of call. When calls of a kind fail, the provider gets no more calls of this
 * kind until it has answered a probe. No caller waits for this probe.
 */
export class Circuits {
  readonly #parts: CircuitParts;
  readonly #circuits = new Map<BreakerKind, Circuit>();
  #isClosed = false;

  constructor(parts: CircuitParts) {
    this.#parts = parts;
  }

  /** Lets a call pass. @throws StorageError `Unavailable` while the circuit for this kind of call is open. */
  enter(call: Call, kind: BreakerKind): void {
    const open = this.#circuits.get(kind)?.open;
    if (open === undefined) return;
    const { name } = this.#parts.inner;
    const why = open.isHanging ? "the provider does not answer" : "the provider has failed too often";
    throw new StorageError(
      "Unavailable",
      `${why}, and gets no ${kind === "list" ? "listings" : `${kind}s`} until it answers a probe`,
      {
        operation: call.operation,
        provider: name,
        key: call.key,
        retryable: false,
        retryAfterMs: Math.max(0, Math.ceil(open.nextAt - clock.now())),
        applied: "no",
      },
    );
  }

  /** Records the result of a call for the health of the provider. */
  note(call: Call, kind: BreakerKind, result: CallResult): void {
    if (this.#isClosed) return;
    if (result === "hangs") {
      for (const each of ALL_KINDS) this.#open(call, this.#circuit(each), result);
      return;
    }
    const circuit = this.#circuit(kind);
    const failed = result !== "works";
    circuit.recent.add(clock.now(), failed);
    circuit.inARow = failed ? circuit.inARow + 1 : 0;
    if (result === "slow" || (failed && this.#isTooMuch(circuit))) this.#open(call, circuit, result);
  }

  /** Stops all probes. */
  close(): void {
    this.#isClosed = true;
    for (const { open } of this.#circuits.values()) clock.clearTimeout(open?.timer);
  }

  #circuit(kind: BreakerKind): Circuit {
    const known = this.#circuits.get(kind);
    if (known !== undefined) return known;
    const recent = new RecentCalls(this.#parts.limits.windowMs);
    const circuit: Circuit = { kind, recent, inARow: 0, open: undefined };
    this.#circuits.set(kind, circuit);
    return circuit;
  }

  #isTooMuch({ inARow, recent }: Circuit): boolean {
    const { consecutive, share, least } = this.#parts.limits;
    if (inARow >= consecutive) return true;
    const { calls, failed } = recent.countsAt(clock.now());
    return calls >= least && failed >= share * calls;
  }

  #open(call: Call, circuit: Circuit, result: CallResult): void {
    // The circuit is already open: another call has opened the circuit while this call was running.
    if (circuit.open !== undefined) return;
    const now = clock.now();
    const pauseMs = this.#pauseMs(0);
    // A probe cannot show that writes are fast again.
    const isUnproven = result === "slow" && circuit.kind === "write";
    const believedAt = isUnproven ? now + pauseMs : now;
    const open: Opening = {
      call,
      isHanging: result === "hangs",
      believedAt,
      probes: 0,
      nextAt: now,
      timer: undefined,
    };
    circuit.open = open;
    this.#probeIn(circuit, open, result === "slow" && !isUnproven ? 0 : pauseMs);
    this.#report(circuit, "open");
  }

  /**
   * Returns the pause before a probe, changed at random by up to a quarter. As a result, the processes do not all send
   * their probes at the same moment.
   */
  #pauseMs(probes: number): number {
    const { openMs, openMsMax, random } = this.#parts.limits;
    return Math.min(openMsMax, openMs * 2 ** probes) * (0.75 + random() * 0.5);
  }

  #probeIn(circuit: Circuit, open: Opening, milliseconds: number): void {
    open.nextAt = clock.now() + milliseconds;
    const waitMs = Math.min(milliseconds, TIMER_MS_MAX);
    open.timer = clock.setTimeout(() => void this.#probe(circuit, open), waitMs);
    open.timer.unref();
  }

  async #probe(circuit: Circuit, open: Opening): Promise<void> {
    const { inner, probeMs = PROBE_MS } = this.#parts;
    const isAnswered = await answersWithin(probeMs, (signal) => ask(inner, circuit, open, signal));
    if (this.#isClosed || circuit.open !== open) return;
    open.probes++;
    const hasFailedBefore = open.probes > 1;
    if (!isAnswered) return this.#probeIn(circuit, open, this.#pauseMs(open.probes));
    if (!hasFailedBefore && clock.now() < open.believedAt) {
      return this.#probeIn(circuit, open, open.believedAt - clock.now());
    }
    circuit.open = undefined;
    circuit.inARow = 0;
    circuit.recent.forget();
    this.#report(circuit, "closed", open);
    this.#parts.onBack?.();
  }

  #report(circuit: Circuit, state: "open" | "closed", open: Opening | undefined = circuit.open): void {
    const { kind } = circuit;
    open?.call.options.onEvent?.({ type: "breaker", provider: this.#parts.inner.name, kind, state });
  }
}

/**
 * Sends a probe to a provider. After a read or a listing that was too slow, repeats the same call; otherwise requests the facts
 * of an object.
 */
async function ask(
  inner: StorageProvider,
  { kind }: Circuit,
  { call, isHanging }: Opening,
  signal: AbortSignal,
): Promise<void> {
  const { operation, key } = call;
  if (kind === "list") return void (await inner.list({ prefix: key, limit: 1, signal }));
  if (operation !== "get" || isHanging) return void (await inner.head(PROBE_KEY, { signal }));
  const { body } = await inner.get(call.key, { range: { offset: 0, length: 1 }, signal });
  if (!types.isUint8Array(body)) body.destroy();
}

/**
 * Tells whether a provider answers a question in time. Every answer counts, even an answer that the object is missing or that the
 * question is not allowed.
 */
export async function answersWithin(
  milliseconds: number,
  question: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const stop = createController();
  let timer: NodeJS.Timeout | undefined;
  const limitMs = Math.min(milliseconds, TIMER_MS_MAX);
  const dueAt = clock.now() + limitMs;
  const late = new Promise<boolean>((resolve) => {
    const end = (): void => resolve(false);
    timer = clock.setTimeout(() => {
      timer = clock.setTimeout(end, lenienceMs(dueAt, limitMs)).unref();
    }, limitMs);
    timer.unref();
  });
  const answer = question(stop.signal).then(
    () => true,
    (error: unknown) => isStorageError(error) && !COUNTED.has(error.code),
  );
  const isAnswered = await Promise.race([answer, late]);
  clock.clearTimeout(timer);
  stop.abort(new Error("The probe is over"));
  return isAnswered;
}
