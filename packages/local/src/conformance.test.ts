import { conformance } from "@stowage/conformance";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { local, type LocalOptions } from "./local.js";

const variants: readonly Omit<LocalOptions, "root">[] = [
  { layout: "plain", durability: "fsync", symlinkCheck: "descriptor" },
  { layout: "portable", durability: "rename", symlinkCheck: "realpath" },
];

for (const variant of variants) {
  conformance({ describe, it }, `local ${Object.values(variant).join(" ")}`, {
    open: async () => {
      const root = await mkdtemp(join(tmpdir(), "stowage-local-"));
      const provider = local({ root, ...variant });
      const close = async (): Promise<void> => {
        await provider.close?.();
        await rm(root, { recursive: true });
      };
      return { provider, close };
    },
  });
}
