import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSpoolFile } from "./spool-file.js";
import { openFiles, patterned, rejection } from "../testing/streams.test-support.js";

const TMPFS = 0x01021994;
const hasTmpfs = await statfs("/dev/shm").then(
  ({ type }) => type === TMPFS,
  () => false,
);

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "stowage-spool-test-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("a temporary file", () => {
  it("gives back what was written, from any position", async () => {
    const bytes = patterned(100_000);
    const file = await createSpoolFile(directory);
    await file.write(bytes.subarray(0, 60_000), 0);
    await file.write(bytes.subarray(60_000), 60_000);
    expect(bytes.subarray(50_000, 70_000).equals(await file.read(50_000, 20_000))).toBe(true);
    await file.close();
  });

  it("rejects a read past its end, and never invents bytes", async () => {
    const file = await createSpoolFile(directory);
    await file.write(Buffer.from("abc"), 0);
    expect(await rejection(file.read(3, 1))).toBeInstanceOf(Error);
    await file.close();
  });

  it("leaves neither name nor descriptor when it is closed", async () => {
    const file = await createSpoolFile(directory);
    await file.write(Buffer.from("abc"), 0);
    await file.close();
    expect(await readdir(directory)).toEqual([]);
    expect(await openFiles(directory)).toEqual([]);
  });

  it("may be closed twice", async () => {
    const file = await createSpoolFile(directory);
    await file.close();
    await file.close();
    expect(await openFiles(directory)).toEqual([]);
  });

  it("rejects in a folder that does not exist", async () => {
    expect(await rejection(createSpoolFile(join(directory, "nothing")))).toMatchObject({ code: "ENOENT" });
  });

  it.skipIf(!hasTmpfs)("never lies in memory by default, even when TMPDIR does", async () => {
    const run = promisify(execFile);
    const source = fileURLToPath(new URL("./spool-file.ts", import.meta.url));
    const script = `
      const { createSpoolFile } = await import(${JSON.stringify(source)});
      const { readdir, readlink } = await import("node:fs/promises");
      const file = await createSpoolFile();
      const fds = await readdir("/proc/self/fd");
      const links = await Promise.all(fds.map((fd) => readlink("/proc/self/fd/" + fd).catch(() => "")));
      console.log(links.find((link) => link.includes("stowage-spool-")));
      await file.close();
    `;
    const env = { ...process.env, TMPDIR: "/dev/shm" };
    const { stdout } = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      env,
    });
    expect(stdout).toContain("stowage-spool-");
    expect(stdout).not.toContain("/dev/shm");
  });
});
