import type { Tries } from "../contract/call-options.js";
import { isStorageError, withErrorFacts } from "../contract/errors.js";
import { delay } from "./abort.js";

const DEFAULT: Tries = { attempts: 3, baseMs: 200, rateLimitedBaseMs: 1000, maxDelayMs: 20_000 };

/** The options of {@link withTries}. */
export interface TryOptions {
  /**
   * The limits that the caller has given in the option `tries`.
   *
   * @default three tries
   */
  readonly tries?: Tries | undefined;
  /**
   * Called repeatedly during a pause, as a sign that the call has not stalled.
   *
   * @default none
   */
  readonly onPause?: (() => void) | undefined;
}

/**
 * Retries one request if its failure may be temporary. Repeating the whole call with the wrapper `retry` would send the
 * whole body again. If the caller wants several tries and all of them fail, the error has `retryable: false`, so that
 * `retry` does not repeat the call.
 */
export async function withTries<T>(
  signal: AbortSignal | undefined,
  send: () => Promise<T>,
  { tries = DEFAULT, onPause }: TryOptions = {},
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await send();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isStorageError(error) || !error.retryable) throw error;
      const { retryAfterMs = 0 } = error;
      if (retryAfterMs > tries.maxDelayMs) throw error;
      if (tried >= tries.attempts)
        throw tries === DEFAULT || tries.attempts === 1 ? error : withErrorFacts(error, { retryable: false });
      const baseMs = error.code === "RateLimited" ? tries.rateLimitedBaseMs : tries.baseMs;
      const pauseMs = Math.min(tries.maxDelayMs, baseMs * 2 ** (tried - 1)) * ((1 + Math.random()) / 2);
      await pause(retryAfterMs + pauseMs, signal, onPause);
    }
  }
}

/** The interval at which `onPause` is called during a pause, in milliseconds. */
const SIGN_MS = 1000;

async function pause(
  milliseconds: number,
  signal: AbortSignal | undefined,
  onPause: (() => void) | undefined,
): Promise<void> {
  for (let left = milliseconds; left > 0; left -= SIGN_MS) {
    onPause?.();
    await delay(Math.min(left, SIGN_MS), signal);
  }
}
