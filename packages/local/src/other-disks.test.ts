import fs from "node:fs";
import { chmod, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromFile, isStorageError } from "@stowage/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { toLocalError } from "./errors.js";
import {
  CHECKS,
  LAYOUTS,
  code,
  folder,
  open,
  put,
  read,
  rejection,
  sidecars,
  text,
} from "./testing/disk.test-support.js";

afterEach(() => {
  vi.restoreAllMocks();
});

type Refused = "link" | "fsync" | "fchmod" | "rename" | "unlink" | "write" | "open" | "lstat";

/** Has a system call fail as another file system has it, when `when` says so of its first argument. */
function refuse(
  name: Refused,
  errno: number,
  error: string,
  when: (first: unknown) => boolean = () => true,
): void {
  const original = fs[name] as (...args: unknown[]) => void;
  vi.spyOn(fs as unknown as Record<Refused, typeof original>, name).mockImplementation((...args) => {
    if (!when(args[0])) return original(...args);
    const done = args.at(-1) as (error: Error) => void;
    setImmediate(done, Object.assign(new Error(`${error}, ${name}`), { code: error, errno, syscall: name }));
  });
}

const isFolder = (fd: unknown): boolean => fs.fstatSync(fd as number).isDirectory();

async function failureOf(work: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await rejection(work);
  if (!isStorageError(error)) throw error;
  const { code: errorCode, applied, retryable, message } = error;
  return { code: errorCode, applied, retryable, message };
}

describe.runIf(process.platform === "linux")("a system error without a name", () => {
  it.each([
    [122, "OutOfSpace", true],
    [116, "Unavailable", true],
    [74, "Integrity", false],
    [117, "Integrity", false],
    [123, "Unavailable", false],
    [126, "PermissionDenied", false],
  ])("is known by its number: %i is %s", (errno, expected) => {
    const name = `Unknown system error -${errno}`;
    const cause = Object.assign(new Error(name), { code: name, errno: -errno, syscall: "open" });
    const error = toLocalError(cause, { operation: "put", provider: "local", key: "a" });
    expect(error).toMatchObject({ code: expected, applied: "no", cause });
  });

  it("is Unknown, and nothing was applied, when a call before the last step answers it", async () => {
    const provider = open(await folder());
    await put(provider, "a", "x");
    refuse("write", -999, "Unknown system error -999");
    expect(await failureOf(put(provider, "b", "x"))).toMatchObject({ code: "Unknown", applied: "no" });
  });
});

describe.each([
  ["ENOTCONN", -107],
  ["EHOSTDOWN", -112],
  ["ETIMEDOUT", -110],
  ["ENODEV", -19],
])("a mount whose server is gone (%s)", (name, errno) => {
  it("is Unavailable for reading and writing, with nothing applied", async () => {
    const provider = open(await folder());
    await put(provider, "a", "x");
    refuse("open", errno, name);
    refuse("lstat", errno, name);
    expect(await failureOf(put(provider, "b", "x"))).toMatchObject({ code: "Unavailable", applied: "no" });
    expect(await code(provider.get("a", {}))).toBe("Unavailable");
    expect(await code(provider.head("a", {}))).toBe("Unavailable");
  });
});

describe("a server that does not answer the last step", () => {
  it("leaves it unknown whether a put was applied, and its facts stay", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "x", { metadata: { a: "b" } });
    refuse("rename", -110, "ETIMEDOUT", (from) => String(from).includes(".stowage-tmp."));
    const putting = put(provider, "a", "y", { metadata: { c: "d" } });
    expect(await failureOf(putting)).toMatchObject({ code: "Unavailable", applied: "unknown" });
    expect(await sidecars(root)).toHaveLength(2);
  });

  it("leaves it unknown whether a delete was applied", async () => {
    const provider = open(await folder());
    await put(provider, "a", "x");
    refuse("unlink", -110, "ETIMEDOUT");
    expect(await failureOf(provider.delete("a", {}))).toMatchObject({ applied: "unknown" });
  });
});

describe.runIf(process.platform === "linux")("a folder held open that turned stale", () => {
  it("is opened anew at once, for every verb", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a/b", "x");
    const held = (path: unknown): boolean => {
      const fd = /^\/proc\/\d+\/fd\/(\d+)\//.exec(String(path))?.[1];
      return fd !== undefined && old.has(fs.readlinkSync(`/proc/self/fd/${fd}`) + fd);
    };
    const old = new Set(
      fs.readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [fs.readlinkSync(`/proc/self/fd/${fd}`) + fd];
        } catch {
          return [];
        }
      }),
    );
    expect([...old].some((place) => place.startsWith(join(root, "a")))).toBe(true);
    const name = "Unknown system error -116";
    // A number that is given out again is one of a folder that is fresh.
    const { close } = fs;
    vi.spyOn(fs, "close").mockImplementation(((fd: number, done: () => void) => {
      for (const place of old) if (place.endsWith(String(fd))) old.delete(place);
      close(fd, done);
    }) as typeof fs.close);
    for (const call of ["open", "lstat", "rename", "unlink"] as const) refuse(call, -116, name, held);
    await put(provider, "a/b", "y");
    expect(await text(provider, "a/b")).toBe("y");
    expect((await provider.head("a/b", {})).size).toBe(1);
    await provider.delete("a/b", {});
  });
});

describe("a file system without hard links", () => {
  it.each(["fsync", "rename"] as const)(
    "takes every put that is not create-only (%s)",
    async (durability) => {
      const provider = open(await folder(), { durability });
      refuse("link", -1, "EPERM");
      await put(provider, "a", "x", { metadata: { a: "b" } });
      expect((await read(provider, "a")).info.metadata).toEqual({ a: "b" });
      expect(await failureOf(put(provider, "b", "x", { ifNoneMatch: "*" }))).toMatchObject({
        code: "Unsupported",
        message: expect.stringContaining("hard links") as string,
      });
    },
  );
});

describe("a file system that cannot sync folders", () => {
  it('takes puts, copies and deletes with durability "rename"', async () => {
    const provider = open(await folder(), { durability: "rename" });
    refuse("fsync", -22, "EINVAL", isFolder);
    await put(provider, "a/b", "x");
    await provider.copy?.("a/b", "c/d", {});
    await provider.delete("a/b", {});
    expect(await text(provider, "c/d")).toBe("x");
  });

  it('says with durability "fsync" what it lacks', async () => {
    const provider = open(await folder());
    refuse("fsync", -22, "EINVAL", isFolder);
    expect(await failureOf(put(provider, "a", "x"))).toMatchObject({
      code: "Unsupported",
      message: expect.stringContaining('durability: "rename"') as string,
    });
  });
});

describe.each(CHECKS)("a file system without permissions (%s)", (symlinkCheck) => {
  it("takes files and folders with its own", async () => {
    const root = join(await folder(), "made");
    refuse("fchmod", -1, "EPERM");
    const options = { symlinkCheck, fileMode: 0o664, directoryMode: 0o775, create: true };
    const provider = open(root, options);
    await put(provider, "a/b", "x");
    expect(await text(provider, "a/b")).toBe("x");
    const large = join(root, "large");
    await writeFile(large, new Uint8Array(200_000));
    await put(provider, "c", fromFile(large));
    await provider.copy?.("c", "d", {});
    expect((await provider.head("d", {})).size).toBe(200_000);
  });
});

describe("a file system that sets no times", () => {
  it.each(["refuses", "ignores"])("takes many versions all the same, when it %s to", async (how) => {
    const provider = open(await folder(), { durability: "rename" });
    vi.spyOn(fs, "futimesSync").mockImplementation(() => {
      if (how === "refuses") throw Object.assign(new Error("EPERM"), { code: "EPERM", syscall: "futime" });
    });
    for (let version = 0; version < 20; version++) await put(provider, "a", `${version % 10}`);
    expect(await text(provider, "a")).toBe("9");
  });
});

describe("Node's permission model", () => {
  const denied = (api: string): Error =>
    Object.assign(new Error(`${api} API is disabled when Permission Model is enabled.`), {
      code: "ERR_ACCESS_DENIED",
    });

  it("is named by an error, with what does without", async () => {
    const provider = open(await folder());
    vi.spyOn(fs, "fsync").mockImplementation(() => {
      throw denied("fsync");
    });
    expect(await failureOf(put(provider, "a", "x"))).toMatchObject({
      code: "PermissionDenied",
      applied: "no",
      message: expect.stringMatching(/permission model.*durability: "rename"/) as string,
    });
  });

  it('allows puts with durability "rename", also of many versions at once', async () => {
    const root = await folder();
    const provider = open(root, { durability: "rename", fileMode: 0o640 });
    for (const name of ["fsync", "fchmod", "futimesSync"] as const) {
      vi.spyOn(fs, name).mockImplementation(() => {
        throw denied(name);
      });
    }
    for (let version = 0; version < 20; version++)
      await put(provider, "a", "x", { metadata: { version: `${version}` } });
    expect((await read(provider, "a")).info.metadata).toEqual({ version: "19" });
    expect((await stat(join(root, "a"))).mode & 0o777).toBe(0o640);
  });

  it("is named when it refuses a path", () => {
    const cause = Object.assign(new Error("Access to this API has been restricted"), {
      code: "ERR_ACCESS_DENIED",
      permission: "FileSystemWrite",
      resource: "/srv/a",
    });
    const error = toLocalError(cause, { operation: "put", provider: "local", key: "a" }) as Error;
    expect(error.message).toContain('FileSystemWrite of "/srv/a"');
  });
});

describe.each(LAYOUTS)("permissions of what is there (%s)", (layout) => {
  const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);
  const inside = (root: string, path: string): string =>
    layout === "plain" ? join(root, path) : join(root, "objects", path.replaceAll("/", "%/"));

  it("stay when a file is replaced, by a put or a copy", async () => {
    const root = await folder();
    const provider = open(root, { layout });
    await put(provider, "a", "x");
    await put(provider, "b", "x");
    await chmod(inside(root, "a"), 0o644);
    await put(provider, "a", "y");
    expect(await mode(inside(root, "a"))).toBe("644");
    await provider.copy?.("b", "a", {});
    expect(await mode(inside(root, "a"))).toBe("644");
  });

  it("let all read what is served, but not the provider's own files", async () => {
    const root = await folder();
    const provider = open(root, { layout, publicBaseUrl: "https://cdn.example.com" });
    await put(provider, "a/b", "x", { metadata: { a: "b" } });
    const [path = ""] = await sidecars(root);
    expect([await mode(inside(root, "a/b")), await mode(join(inside(root, "a/b"), ".."))]).toEqual([
      "644",
      "755",
    ]);
    expect([await mode(join(root, ".stowage")), await mode(join(root, path))]).toEqual(["700", "600"]);
  });

  it("hand the group on in folders below one that does", async () => {
    const root = await folder();
    await chmod(root, 0o2770);
    const provider = open(root, { layout, fileMode: 0o660, directoryMode: 0o770 });
    await put(provider, "a/b/c", "x");
    expect(await mode(join(inside(root, "a/b/c"), ".."))).toBe("2770");
  });

  it.runIf(process.getuid?.() === 0)("have the group of the folder that hands it on", async () => {
    const root = await folder();
    const provider = open(root, { layout, fileMode: 0o640, directoryMode: 0o750 });
    await put(provider, "a/first", "x");
    const path = join(inside(root, "a/first"), "..");
    await fs.promises.chown(path, 0, 5151);
    await chmod(path, 0o2750);
    await put(provider, "a/b", "x");
    await provider.copy?.("a/b", "a/c", {});
    for (const name of ["a/b", "a/c"]) expect((await stat(inside(root, name))).gid).toBe(5151);
  });
});

describe.each(CHECKS)("a link in the way (%s)", (symlinkCheck) => {
  it("is still called a link when the root is there", async () => {
    const root = await folder();
    await mkdir(join(root, "real"));
    await writeFile(join(root, "real/a"), "x");
    await symlink("real", join(root, "link"));
    const provider = open(root, { symlinkCheck });
    expect(await failureOf(provider.get("link/a", {}))).toMatchObject({
      code: "PermissionDenied",
      message: expect.stringContaining("symbolic link") as string,
    });
  });
});
