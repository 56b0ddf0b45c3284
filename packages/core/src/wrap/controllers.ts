import { getEventListeners } from "node:events";

/**
 * Abort controllers for calls that follow each other. Making a signal costs a tenth of a small read from a
 * local disk, so one that was not aborted, and that nobody listens to any more, serves the next call too.
 */
export interface Controllers {
  readonly take: () => AbortController;
  /** The call has settled, and nothing that it returned still looks at the signal. */
  readonly give: (controller: AbortController) => void;
  /** As `give`, for a signal that somebody may still hold. */
  readonly forget: (controller: AbortController) => void;
  /** Aborts every call that is under way. */
  readonly abortAll: (reason: unknown) => void;
}

const KEPT_MAX = 64;

export function createControllers(): Controllers {
  const free: AbortController[] = [];
  const taken = new Set<AbortController>();
  return {
    take: () => {
      const controller = free.pop() ?? new AbortController();
      taken.add(controller);
      return controller;
    },
    give: (controller) => {
      taken.delete(controller);
      const { signal } = controller;
      if (free.length >= KEPT_MAX || signal.aborted || getEventListeners(signal, "abort").length > 0) return;
      free.push(controller);
    },
    forget: (controller) => void taken.delete(controller),
    abortAll: (reason) => {
      for (const controller of taken) controller.abort(reason);
    },
  };
}
