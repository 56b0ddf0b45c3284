import { StorageError, type Operation } from "../contract/errors.js";
import type { WriteOptions } from "../contract/call-options.js";

/**
 * Runs a write of a composer. The caller may withdraw the write by throwing from `beforeCommit`. The composer then does
 * not try the next member. The caller receives exactly the error that its `beforeCommit` has thrown.
 */
export async function unlessWithdrawn<Options extends WriteOptions, T>(
  operation: Operation,
  provider: string,
  options: Options,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  const { beforeCommit } = options;
  if (beforeCommit === undefined) return await work(options);
  const reasons: unknown[] = [];
  const ask = (): void => {
    try {
      beforeCommit();
    } catch (reason) {
      reasons.push(reason);
      throw new StorageError("Conflict", "the caller has withdrawn the change", {
        operation,
        provider,
        applied: "no",
        cause: reason,
      });
    }
  };
  try {
    return await work({ ...options, beforeCommit: ask });
  } catch (error) {
    throw reasons.length === 0 ? error : reasons[0];
  }
}
