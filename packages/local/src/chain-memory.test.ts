import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("./chain-memory.test-support.ts", import.meta.url));

const GROWTH_BYTES_MAX = 96 * 1024 * 1024;

async function grow(mebibytes: number, failing: "all" | "put"): Promise<Record<string, unknown>> {
  const options = ["--import", "tsx", "--max-old-space-size=96", program, String(mebibytes), failing];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("a stream of unknown length through a chain whose first member is dead", () => {
  it("grows the process by no more than 96 MiB at 1 GiB", { timeout: 120_000 }, async () => {
    const { size, provider, growth } = await grow(1024, "all");
    expect({ size, provider }).toEqual({ size: 1024 ** 3, provider: "local" });
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
  });

  it("keeps within it when the body has to be kept for the next member", { timeout: 120_000 }, async () => {
    const { size, provider, growth } = await grow(256, "put");
    expect({ size, provider }).toEqual({ size: 256 * 1024 ** 2, provider: "local" });
    expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
  });
});
