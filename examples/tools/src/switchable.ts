import { StorageError, type StorageProvider } from "@stowage/core";
import { intercept } from "@stowage/core/provider";

/** A provider with a switch: while it is off every call fails as if its machine were gone. */
export interface Switchable {
  readonly provider: StorageProvider;
  readonly isUp: () => boolean;
  readonly turn: (state: "up" | "down") => void;
}

export function switchable(inner: StorageProvider): Switchable {
  let up = true;
  const provider = intercept(inner, {
    type: "switchable",
    around: (call, next) => {
      if (up) return next();
      throw new StorageError("Unavailable", "the member was switched off", {
        operation: call.operation,
        provider: inner.name,
        key: call.key,
      });
    },
  });
  return { provider, isUp: () => up, turn: (state) => (up = state === "up") };
}
