import { conformance } from "@stowage/conformance";
import { describe, it } from "vitest";
import { httpObjects } from "./http-objects.js";
import { startService } from "./service.test-support.js";

conformance({ describe, it }, "httpObjects", {
  open: async () => {
    const { url, close } = await startService();
    return { provider: httpObjects(url), close };
  },
});
