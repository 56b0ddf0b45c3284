import type { ComposedProvider } from "../contract/composed-provider.js";
import type { GetResult } from "../contract/provider.js";
import { clock } from "../kit/clock.js";
import { PROBE_KEY } from "../kit/health.js";
import type { BreakerLimits } from "../wrap/breaker-options.js";
import { CallLimit } from "../wrap/call-limit.js";
import { Circuits, answersWithin, kindOf, resultOf, type CallResult } from "../wrap/circuits.js";
import { intercept, type Call, type Next } from "../wrap/intercept.js";
import { withLimit } from "../wrap/timeout.js";

/** The patience of a composer with each of its members. */
export interface Patience {
  /** The time that the member may take to answer, in milliseconds. */
  readonly askMs: number;
  /** The limits from which the member is left out; `undefined` when it never is. */
  readonly limits: BreakerLimits | undefined;
  /** Called when a member that was left out is asked again. */
  readonly onBack: () => void;
}

/** The operations that take longer for larger objects. They are given up only when the member answers no other question either. */
const LONG: ReadonlySet<string> = new Set([
  "put",
  "copy",
  "move",
  "importFrom",
  "multipart",
  "finalize",
  "deleteMany",
]);

/** The largest put, in bytes, that is answered as quickly as any other question. */
const SMALL_BYTES = 64 * 1024;

/** The time after a question in which a sign of life still counts as one from before the question, in milliseconds. */
const SAME_MOMENT_MS = 10;

function isLong({ operation, body }: Call): boolean {
  if (!LONG.has(operation)) return false;
  return operation !== "put" || body?.size === undefined || body.size > SMALL_BYTES;
}

/**
 * Puts the patience of a composer around a member. A call ends with `Timeout` when the member is silent for `askMs`. A member that has
 * failed too often, or that answers nothing, is left out until it has answered a probe in the background.
 *
 * When a call has been silent for half of `askMs`, the member is asked something else. A call that takes long goes on as long as such
 * questions are answered.
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

/** A question that any number of silent calls ask together. */
interface Pulse {
  readonly ask: () => void;
  /** Notes that the member has answered some other call. */
  readonly hear: () => void;
  /** Tells whether the last question was answered, or any call since. */
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
