import { cloudinaryFake } from "@stowage/conformance";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { optionsFor } from "./fake.test-support.js";

const program = fileURLToPath(new URL("./memory.test-support.ts", import.meta.url));

const GROWTH_BYTES_MAX = 64 * 1024 * 1024;

describe("a stream of unknown length", () => {
  it("grows the process by no more than 64 MiB at 1 GiB", { timeout: 180_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "stowage-cloudinary-"));
    const fake = await cloudinaryFake({ directory, limits: { rawBytesMax: 2 ** 31 } });
    try {
      const env = { ...process.env, STOWAGE_TEST_OPTIONS: JSON.stringify(optionsFor(fake)) };
      const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", program, "1024"], {
        env,
      });
      const { size, growth } = JSON.parse(stdout) as { readonly size: number; readonly growth: number };
      expect(size).toBe(1024 ** 3);
      expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
    } finally {
      await fake.close();
      await rm(directory, { recursive: true });
    }
  });
});
