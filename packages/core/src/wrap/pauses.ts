import { createController, onAbort } from "../kit/clock.js";

/** The times between two tries. */
export interface Pauses {
  /** Follows the caller's signal only during a pause: what a try gives during an abort would be dropped, unreleased. */
  readonly signal: AbortSignal;
  readonly begin: () => void;
  readonly end: () => void;
}

/** Returns the pauses of one call: none has begun. */
export function createPauses(signal: AbortSignal | undefined): Pauses {
  const controller = createController();
  const abort = (): void => controller.abort(signal?.reason);
  let unlink = (): void => {};
  return {
    signal: controller.signal,
    begin: () => {
      if (signal?.aborted === true) abort();
      else unlink = onAbort(signal, abort);
    },
    end: () => unlink(),
  };
}
