import { fallback, memory, type FallbackOptions, type StorageProvider } from "@stowage/core";
import { describe, it } from "vitest";
import { conformance } from "../src/index.js";

const runner = { describe, it };
const MAY_BE_STALE: FallbackOptions = { overwrites: "may-be-stale" };

function two(): readonly StorageProvider[] {
  return [memory({ name: "first" }), memory({ name: "second" })];
}

function nested(options: FallbackOptions): StorageProvider {
  const inner = fallback(two(), { ...options, name: "inner" });
  return fallback([inner, memory({ name: "third" })], { ...options, name: "outer" });
}

conformance(runner, "fallback of memories", { open: () => ({ provider: fallback(two()) }) });
conformance(runner, "fallback of memories, may be stale", {
  open: () => ({ provider: fallback(two(), MAY_BE_STALE) }),
});
conformance(runner, "fallback within a fallback", { open: () => ({ provider: nested({}) }) });
conformance(runner, "fallback within a fallback, may be stale", {
  open: () => ({ provider: nested(MAY_BE_STALE) }),
});
