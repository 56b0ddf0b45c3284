import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundlePackages } from "../scripts/guides/packages.js";
import { openSite } from "../scripts/guides/site.js";
import { GUIDE_TESTS } from "../scripts/guides/stories.js";

describe.concurrent("the commands of the guide, on local folders", () => {
  it.each(GUIDE_TESTS)("$title", { timeout: 300_000 }, async ({ run }) => {
    const folder = await mkdtemp(join(tmpdir(), "stowage-guide-"));
    const env = { PATH: process.env["PATH"], HOME: folder, LC_ALL: "C.UTF-8" };
    await bundlePackages(folder);
    const site = openSite({ folder, variant: "folders", env });
    try {
      await expect(run(site)).resolves.toBeUndefined();
    } finally {
      await site.close();
      await rm(folder, { recursive: true });
    }
  });
});
