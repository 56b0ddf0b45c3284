import { delay } from "./abort.js";
import { isStorageError } from "../contract/errors.js";

const TRIES = 3;
const PAUSE_MS = 100;

/** Who asks for a longer pause is given up. */
const PAUSE_MS_MAX = 20_000;

/** Tries one part again when its failure may pass: the wrapper's retries would begin the whole body anew. */
export async function withTries<T>(signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await send();
    } catch (error) {
      signal?.throwIfAborted();
      const mayPass = isStorageError(error) && error.retryable && tried < TRIES;
      if (!mayPass) throw error;
      const { retryAfterMs = 0 } = error;
      if (retryAfterMs > PAUSE_MS_MAX) throw error;
      await delay(Math.max(retryAfterMs, Math.random() * PAUSE_MS * 2 ** tried), signal);
    }
  }
}
