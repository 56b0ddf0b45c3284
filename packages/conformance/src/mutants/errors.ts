import { StorageError } from "@stowage/core";
import { withErrorFacts, type StorageErrorOptions } from "@stowage/core/provider";
import { mutant, storageMutant, type Break, type Mutant } from "../mutant.js";
import { facade, recovering, verbs } from "./breaks.js";

/** Changes the errors of head, get or list. */
function fails(verb: "head" | "get" | "list", change: (error: StorageError) => unknown): Break {
  return verbs((inner) => ({
    [verb]: (...given: [never, never]) =>
      recovering<unknown>(
        () => inner[verb](...given),
        (error) => {
          throw change(error);
        },
      ),
  }));
}

function without(error: StorageError, facts: Partial<StorageErrorOptions>): StorageError {
  const { code, reason, operation, provider, key, cause } = error;
  return new StorageError(code, reason, { operation, provider, key, cause, ...facts });
}

export const errorMutants: readonly Mutant[] = [
  mutant(
    "an error carries the operation",
    "reports every operation as a list",
    fails("head", (error) => without(error, { operation: "list" })),
  ),
  mutant(
    "an error carries the key",
    "forgets the key in errors",
    fails("head", (error) => without(error, { key: undefined })),
  ),
  mutant(
    "an error carries the name of the provider",
    "leaves the provider's name out of errors",
    fails("get", (error) => without(error, { provider: "" })),
  ),
  mutant(
    "an error of a read says that nothing was applied",
    "reports that a failed read may have changed something",
    fails("head", (error) => Object.defineProperty(error, "applied", { value: "unknown" })),
  ),
  mutant(
    "the error for a missing object is not retryable",
    "marks a missing object as worth a retry",
    fails("get", (error) => without(error, { retryable: true })),
  ),
  mutant(
    "an error is a StorageError with a known code",
    "throws plain errors",
    fails("list", (error) => new Error(error.reason)),
  ),
  mutant(
    "the message of an error names the operation and the key",
    "throws errors whose messages say only that the call failed",
    fails("get", (error) => Object.defineProperty(error, "message", { value: "it failed" })),
  ),
  storageMutant(
    "the facade passes on a StorageError unchanged",
    "the facade replaces a StorageError with a new error",
    facade((storage) => ({
      get: (key, options) =>
        recovering(
          () => storage.get(key, options),
          (error) => {
            throw withErrorFacts(error, {});
          },
        ),
    })),
  ),
  storageMutant(
    "the facade turns any other error into Unknown, with that error as its cause",
    "throws errors that are not StorageErrors",
    facade((storage) => ({
      head: (key, options) =>
        recovering(
          () => storage.head(key, options),
          (error) => {
            throw error.code === "Unknown" ? error.cause : error;
          },
        ),
    })),
  ),
];
