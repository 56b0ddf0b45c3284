import { chmod } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { toLocalError } from "./errors.js";
import { LIMITED, UNSHARED, canLimit, canMount, children } from "./testing/children.test-support.js";
import { CHECKS, folder } from "./testing/disk.test-support.js";

const { run } = await children();

describe.skipIf(!canLimit)("a process that may not open more files", () => {
  it("gets Unavailable, and everything works again when it may", async () => {
    const result = await run("fewDescriptors", [await folder()], { under: [LIMITED, "--nofile=64"] });
    expect(result).toEqual({
      without: ["Unavailable", "Unavailable", "Unavailable", "Unavailable"],
      after: ["done", "done"],
      keys: ["before/a", "c"],
      left: [],
    });
  });
});

describe.skipIf(!canLimit)("a file that is larger than the file system takes", () => {
  it("is TooLarge, and leaves the old object and nothing else", async () => {
    const under = [LIMITED, "--fsize=100000"];
    expect(await run("smallFiles", [await folder(), "100000"], { under })).toEqual({
      outcomes: ["TooLarge", "TooLarge"],
      size: 5,
      keys: ["a"],
      left: [],
    });
  });
});

describe.skipIf(!canMount)("a disk that is full", () => {
  it("is OutOfSpace, keeps the old object, and takes what fits", async () => {
    expect(await run("fullDisk", [await folder()], { under: UNSHARED })).toEqual({
      outcomes: ["OutOfSpace", "OutOfSpace"],
      after: "done",
      metadata: { a: "b" },
      keys: ["a", "d"],
      left: [],
    });
  });
});

describe.skipIf(!canMount)("a file system that is read-only", () => {
  it("is Unavailable for writing, and can be read", async () => {
    expect(await run("readOnlyDisk", [await folder()], { under: UNSHARED })).toEqual({
      writes: ["Unavailable", "Unavailable", "Unavailable"],
      metadata: { a: "b" },
      keys: ["a"],
    });
  });
});

describe.skipIf(!canMount).each(CHECKS)(
  "a disk that is unmounted while the provider is open (%s)",
  (check) => {
    it("is Unavailable for every verb, nothing is written below it, and it works again when it is back", async () => {
      expect(await run("unmounted", [await folder(), check], { under: UNSHARED })).toEqual({
        without: Array(6).fill("Unavailable"),
        written: [],
        again: ["done", "done", "done", "done", "done", "NotFound"],
      });
    });

    it("is Unavailable also for calls that are under way, and never called a symbolic link", async () => {
      expect(await run("unmountedUnderLoad", [await folder(), check], { under: UNSHARED })).toEqual({
        codes: ["Unavailable", "done"],
        written: [],
      });
    });

    it("is Unavailable for writing also when it uncovers a folder that was written to before", async () => {
      expect(await run("uncovered", [await folder(), check], { under: UNSHARED })).toEqual({
        outcome: "Unavailable",
        written: [".stowage", "below"],
      });
    });
  },
);

describe.skipIf(!canMount)("a folder of a container's image", () => {
  it("is the same root for a process that has looked at it when another one makes the first change", async () => {
    expect(await run("overlay", [await folder()], { under: UNSHARED })).toEqual({
      before: "NotFound",
      after: "NotFound",
      put: "done",
      keys: ["b", "new", "old"],
    });
  });
});

describe("a process without the rights", () => {
  it("gets PermissionDenied, and leaves nothing behind", async () => {
    const root = await folder();
    await chmod(root, 0o755);
    expect(await run("withoutRights", [root])).toEqual({
      write: "PermissionDenied",
      read: "done",
      root: ["PermissionDenied", "PermissionDenied"],
      file: "PermissionDenied",
      folder: "PermissionDenied",
      left: [],
    });
  });
});

describe("an error of the system", () => {
  const context = { operation: "put", provider: "local", key: "a" } as const;

  it("keeps the original as its cause", () => {
    const cause = Object.assign(new Error("x"), { code: "ENOSPC" });
    expect(toLocalError(cause, context)).toMatchObject({ code: "OutOfSpace", key: "a", cause });
  });

  it("is Unknown, and may have been applied, when nothing is known of it", () => {
    const cause = Object.assign(new Error("x"), { code: "EWHAT" });
    expect(toLocalError(cause, context)).toMatchObject({ code: "Unknown", applied: "unknown" });
  });

  it("is not tried again when it will not go away", () => {
    const cause = Object.assign(new Error("x"), { code: "EROFS" });
    expect(toLocalError(cause, context)).toMatchObject({ code: "Unavailable", retryable: false });
  });

  it("is left alone when it is the reason of an abort", () => {
    const reason = Object.assign(new Error("x"), { code: "ENOENT" });
    expect(toLocalError(reason, { ...context, signal: AbortSignal.abort(reason) })).toBe(reason);
  });
});
