import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { RULES } from "../src/index.js";

it("the suite runs under node:test, rule by rule", async () => {
  const fixture = fileURLToPath(new URL("fixtures/memory.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--test", "--test-reporter=tap", fixture],
    { cwd: fileURLToPath(new URL("..", import.meta.url)), maxBuffer: 16 * 1024 * 1024 },
  );
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(stdout)?.[1]);
  expect(count("fail")).toBe(0);
  expect(count("skipped")).toBeGreaterThan(0);
  // One test for each rule, and one that closes the provider.
  expect(count("pass") + count("skipped")).toBe(RULES.length + 1);
}, 60_000);
