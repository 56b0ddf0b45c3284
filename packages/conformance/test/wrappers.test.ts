import { expiring, limit, memory, prefixed, retry, timeout } from "@stowage/core";
import { describe, it } from "vitest";
import { conformance, faulty } from "../src/index.js";

const runner = { describe, it };

conformance(runner, "prefixed(memory)", { open: () => ({ provider: prefixed(memory(), "tenants/7/") }) });
conformance(runner, "retry(memory)", { open: () => ({ provider: retry(memory()) }) });
conformance(runner, "limit(memory)", { open: () => ({ provider: limit(memory(), { concurrency: 4 }) }) });
conformance(runner, "expiring(memory)", {
  open: () => ({ provider: expiring(memory(), [{ prefix: "", expireAfterDays: 1 }]) }),
});
conformance(runner, "timeout(memory)", { open: () => ({ provider: timeout(memory()) }) });
conformance(runner, "faulty(memory) without faults", {
  open: () => ({ provider: faulty(memory()).provider }),
});
conformance(runner, "all of them", {
  open: () => ({ provider: retry(timeout(limit(prefixed(memory(), "a/b/"), { concurrency: 4 }))) }),
});
