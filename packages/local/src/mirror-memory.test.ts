import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { StreamsReport } from "./testing/many-streams.test-support.js";

const program = fileURLToPath(new URL("./mirror-memory.test-support.ts", import.meta.url));

const MIB = 1024 * 1024;
const STREAMS = 100;
const MEMORY_BYTES = 32 * MIB;
const GROWTH_BYTES_MAX = MEMORY_BYTES + 96 * MIB;

async function putAll(hasJournal: boolean): Promise<StreamsReport> {
  const settings = { streams: STREAMS, bytes: 4 * MIB, memoryBytes: MEMORY_BYTES, hasJournal };
  const options = ["--expose-gc", "--import", "tsx", program, JSON.stringify(settings)];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  return JSON.parse(stdout) as StreamsReport;
}

// `pnpm proof memory` has more streams, other members, and members that hang.
describe("many streams of unknown length at once through a mirror with a slow and a dead member", () => {
  it.each([
    ["with a journal", true],
    ["without a journal", false],
  ])(
    "keep within memoryBytes and 96 MiB, %s, and leave no file open",
    { timeout: 300_000 },
    async (_, hasJournal) => {
      const { acknowledged, failed, wrong, left, growth } = await putAll(hasJournal);
      expect({ acknowledged, failed, wrong, left }).toEqual({
        acknowledged: STREAMS,
        failed: {},
        wrong: [],
        left: [],
      });
      expect(growth).toBeLessThan(GROWTH_BYTES_MAX);
    },
  );
});
