import type { ComposedProvider } from "../contract/composed-provider.js";
import type { GetResult } from "../contract/provider.js";
import { clock } from "../kit/clock.js";
import { PROBE_KEY } from "../kit/health.js";
import type { BreakerLimits } from "../wrap/breaker-options.js";
import { CallLimit } from "../wrap/call-limit.js";
import { Circuits, answersWithin, kindOf, resultOf, type CallResult } from "../wrap/circuits.js";
import { intercept, type Call, type Next } from "../wrap/intercept.js";
import { withLimit } from "../wrap/timeout.js";

/** The rules by which a composer waits for a member. */
export interface Patience {
  /** The time that the member may take to answer, in milliseconds. */
  readonly askMs: number;
  /** The limits for leaving the member out; `undefined` if the member is never left out. */
  readonly limits: BreakerLimits | undefined;
  /** Called when a member that was left out is used again. */
  readonly onBack: () => void;
}

/**
 * The operations that take longer for larger objects. The composer gives up on such an operation only if the member
 * also leaves other questions unanswered.
 */
const LONG: ReadonlySet<string> = new Set([
  "put",
  "copy",
  "move",
  "importFrom",
  "multipart",
  "finalize",
  "deleteMany",
]);

/** The largest put, in bytes, that must be answered as quickly as other questions. */
const SMALL_BYTES = 64 * 1024;

/**
 * The time after a question, in milliseconds, during which a sign of life does not yet count as an answer to the
 * question.
 */
const SAME_MOMENT_MS = 10;

function isLong({ operation, body }: Call): boolean {
  if (!LONG.has(operation)) return false;
  return operation !== "put" || body?.size === undefined || body.size > SMALL_BYTES;
}

/**
 * Wraps a member so that a composer waits for the member only for a limited time. A call ends with `Timeout` if the
 * member is silent for `askMs`. If a member fails too often, or does not answer at all, the member is left out until it
 * has answered a probe in the background.
 *
 * When a call has been silent for half of `askMs`, the member is asked a second question. A long call continues as long as such questions
 * are answered.
 */
export function watchMember(inner: ComposedProvider, { askMs, limits, onBack }: Patience): ComposedProvider {
  const circuits = limits && new Circuits({ inner, limits, probeMs: askMs, onBack });
  const quiet = new CallLimit(askMs / 2);
  const pulse = createPulse(inner, askMs / 2);
  const watch = async <T>(
    call: Call,
    next: Next<T>,
    bodyOf?: (result: T) => GetResult["body"],
  ): Promise<T> => {
    const kind = kindOf(call);
    if (kind !== undefined) circuits?.enter(call, kind);
    let askedAt = Number.POSITIVE_INFINITY;
    let hangs = false;
    const mayGoOn = (heardAt: number): boolean => {
      const hasMoved = heardAt - askedAt > SAME_MOMENT_MS;
      const hasBegunAnew = hasMoved || (pulse.isAnswered() && isLong(call));
      if (askedAt < Number.POSITIVE_INFINITY && !hasBegunAnew) {
        hangs = !pulse.isAnswered();
        return false;
      }
      pulse.ask();
      askedAt = clock.now();
      return true;
    };
    const note = (result: CallResult | undefined): void => {
      if (result === "works") pulse.hear();
      if (kind !== undefined && result !== undefined) circuits?.note(call, kind, result);
    };
    try {
      const result = await withLimit(
        { provider: inner.name, limitMs: askMs, limit: quiet, call, bodyOf, mayGoOn, graceMs: 0 },
        next,
      );
      note("works");
      return result;
    } catch (error) {
      note(hangs ? "hangs" : resultOf(error, call));
      throw error;
    }
  };
  const wrapped = intercept(inner, {
    type: "watched",
    around: (call, next) => watch(call, next),
    aroundGet: (call, next) => watch(call, next, ({ body }) => body),
  });
  return {
    ...wrapped,
    describe: inner.describe,
    close: async () => {
      circuits?.close();
      await inner.close?.();
    },
  };
}

/** One question that any number of silent calls share. */
interface Pulse {
  readonly ask: () => void;
  /** Records that the member has answered another call. */
  readonly hear: () => void;
  /** Tells whether the member has answered since the last question. The answer to any call counts. */
  readonly isAnswered: () => boolean;
}

function createPulse(inner: ComposedProvider, withinMs: number): Pulse {
  let isAsking = false;
  let isAnswered = false;
  return {
    isAnswered: () => isAnswered,
    hear: () => void (isAnswered = true),
    ask: () => {
      if (isAsking) return;
      isAsking = true;
      isAnswered = false;
      const head = async (signal: AbortSignal): Promise<void> =>
        void (await inner.head(PROBE_KEY, { signal }));
      void answersWithin(withinMs, head).then((answer) => {
        isAsking = false;
        isAnswered ||= answer;
      });
    },
  };
}
