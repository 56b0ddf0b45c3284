import type { StorageProvider } from "@stowage/core";
import { chmod, mkdir, readFile, readdir, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { children, together } from "./testing/children.test-support.js";
import {
  CHECKS,
  LAYOUTS,
  code,
  content,
  entries,
  files,
  folder,
  idle,
  isThere,
  keys,
  open,
  put,
  sidecars,
  system,
  text,
} from "./testing/disk.test-support.js";
import { pick, randomNumbers, seed } from "./testing/random.test-support.js";

const { start } = await children();

const CASES = LAYOUTS.flatMap((layout) => CHECKS.map((symlinkCheck) => ({ layout, symlinkCheck })));

/** Where the key `a/b/c` is, and the folders on the way to it. */
const PATHS = {
  plain: { file: "a/b/c", folders: ["a/b", "a"] },
  portable: { file: "objects/a%/b%/c", folders: ["objects/a%/b%", "objects/a%", "objects"] },
} as const;

function verbs(provider: StorageProvider, key: string): Record<string, () => Promise<unknown>> {
  return {
    get: () => provider.get(key, {}),
    head: () => provider.head(key, {}),
    put: () => put(provider, key, "mine", { metadata: { a: "b" } }),
    create: () => put(provider, key, "mine", { ifNoneMatch: "*" }),
    delete: () => provider.delete(key, {}),
    "copy to": () => provider.copy?.("other", key, {}) ?? Promise.resolve(),
    "copy from": () => provider.copy?.(key, "another", {}) ?? Promise.resolve(),
  };
}

async function outcomes(calls: Record<string, () => Promise<unknown>>): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, call] of Object.entries(calls)) {
    found[name] = await call().then(
      () => "done",
      (error: { readonly code?: string }) => error.code ?? "no code",
    );
  }
  return found;
}

describe.each(CASES)("a symbolic link on the way ($layout, $symlinkCheck)", ({ layout, symlinkCheck }) => {
  let root: string;
  let outside: string;
  let provider: StorageProvider;

  beforeEach(async () => {
    root = await folder();
    outside = await folder();
    await mkdir(join(outside, "b%"));
    await mkdir(join(outside, "b"));
    for (const name of ["c", "b/c", "b%/c"]) await writeFile(join(outside, name), "secret");
    provider = open(root, { layout, symlinkCheck });
    await put(provider, "other", "other");
    await put(provider, "a/b/c", "content", { metadata: { a: "b" } });
  });

  /** Puts a link in the place of something in the root, when the provider does not look. */
  async function replaceByLink(path: string, target: string): Promise<void> {
    await provider.close?.();
    await rm(join(root, path), { recursive: true });
    await symlink(target, join(root, path));
    provider = open(root, { layout, symlinkCheck });
  }

  it.each(PATHS[layout].folders.filter((path) => path !== "objects"))(
    "is not followed when it is the folder %s",
    async (path) => {
      await replaceByLink(path, outside);
      const before = await files(outside);
      expect(await outcomes(verbs(provider, "a/b/c"))).toEqual({
        get: "PermissionDenied",
        head: "PermissionDenied",
        put: "PermissionDenied",
        create: "PermissionDenied",
        delete: "PermissionDenied",
        "copy to": "PermissionDenied",
        "copy from": "PermissionDenied",
      });
      expect(await keys(provider)).toEqual(["other"]);
      expect(await entries(provider, { delimiter: "/" })).toEqual(["other"]);
      expect(await files(outside)).toEqual(before);
    },
  );

  it("is not followed when it is the file", async () => {
    await replaceByLink(PATHS[layout].file, join(outside, "c"));
    expect(await code(provider.get("a/b/c", {}))).toBe("PermissionDenied");
    expect(await code(provider.head("a/b/c", {}))).toBe("PermissionDenied");
    expect(await code(provider.copy?.("a/b/c", "another", {}) ?? Promise.resolve())).toBe("PermissionDenied");
    expect(await keys(provider)).toEqual(["other"]);
  });

  it("is replaced, and not what it leads to, by a put of its key", async () => {
    await replaceByLink(PATHS[layout].file, join(outside, "c"));
    await put(provider, "a/b/c", "mine");
    expect(await text(provider, "a/b/c")).toBe("mine");
    expect(await readFile(join(outside, "c"), "utf8")).toBe("secret");
  });

  it("is in the way of a create-only put of its key", async () => {
    await replaceByLink(PATHS[layout].file, join(outside, "nothing"));
    expect(await code(put(provider, "a/b/c", "mine", { ifNoneMatch: "*" }))).toBe("AlreadyExists");
    expect(await isThere(join(outside, "nothing"))).toBe(false);
  });

  it("is removed, and not what it leads to, by a delete of its key", async () => {
    await replaceByLink(PATHS[layout].file, join(outside, "c"));
    await provider.delete("a/b/c", {});
    expect(await readFile(join(outside, "c"), "utf8")).toBe("secret");
  });

  it("is no match for a condition", async () => {
    const { etag } = await provider.head("a/b/c", {});
    await replaceByLink(PATHS[layout].file, join(outside, "c"));
    expect(await code(put(provider, "a/b/c", "mine", { ifMatch: etag }))).toBe("PreconditionFailed");
    await provider.delete("a/b/c", { ifMatch: etag });
    expect(await isThere(join(root, PATHS[layout].file))).toBe(true);
  });

  it("is not followed when it leads to nothing", async () => {
    await replaceByLink(PATHS[layout].folders[0], join(outside, "nothing"));
    expect(await code(put(provider, "a/b/c", "mine"))).toBe("PermissionDenied");
    expect(await code(put(provider, "a/b/d/e", "mine"))).toBe("PermissionDenied");
    expect(await isThere(join(outside, "nothing"))).toBe(false);
  });

  it("is not followed when it leads to another folder of the root", async () => {
    await put(provider, "x/b/c", "elsewhere");
    const [path, target] = layout === "plain" ? ["a", "x"] : ["objects/a%", "x%"];
    await replaceByLink(path, target);
    expect(await code(provider.get("a/b/c", {}))).toBe("PermissionDenied");
    expect(await keys(provider)).toEqual(["other", "x/b/c"]);
  });

  it("is Misconfigured when it is the provider's own folder", async () => {
    await writeFile(join(outside, "layout.json"), await readFile(join(root, ".stowage/layout.json")));
    await replaceByLink(".stowage", outside);
    const before = await files(outside);
    expect(await code(put(provider, "d", "x"))).toBe("Misconfigured");
    expect(await code(provider.get("other", {}))).toBe("Misconfigured");
    expect(await files(outside)).toEqual(before);
  });

  it.each(["tmp", "meta"])("is not followed when it is the provider's folder of %s", async (name) => {
    await replaceByLink(`.stowage/${name}`, outside);
    const before = await files(outside);
    expect(await code(put(provider, "d", "x", { metadata: { a: "b" } }))).toBe("PermissionDenied");
    expect(await files(outside)).toEqual(before);
  });

  it("is not followed when it is a folder of sidecars, or a sidecar", async () => {
    const [sidecar = ""] = await sidecars(root);
    await writeFile(join(outside, "facts.json"), await readFile(join(root, sidecar)));
    await replaceByLink(sidecar, join(outside, "facts.json"));
    expect(await code(provider.get("a/b/c", {}))).toBe("PermissionDenied");
    await replaceByLink(dirname(sidecar), outside);
    const before = await files(outside);
    expect(await code(provider.get("a/b/c", {}))).toBe("PermissionDenied");
    expect(await code(put(provider, "a/b/c", "x", { metadata: { a: "c" } }))).toBe("PermissionDenied");
    expect(await files(outside)).toEqual(before);
  });

  it("is followed when it is the root itself, or above it", async () => {
    const link = join(outside, "link");
    await symlink(root, link);
    const through = open(link, { layout, symlinkCheck });
    expect(await text(through, "a/b/c")).toBe("content");
    await put(through, "d/e", "new");
    expect(await keys(provider)).toEqual(["a/b/c", "d/e", "other"]);
  });
});

describe.each(CHECKS)(
  "a folder that is swapped with a symbolic link while it is used (%s)",
  (symlinkCheck) => {
    it(`never lets a call reach what lies outside (seed ${seed})`, async () => {
      const root = await folder();
      const outside = await folder();
      for (const name of ["a", "b", "c"]) await writeFile(join(outside, `${name}.txt`), "secret");
      const provider = open(root, { symlinkCheck, durability: "rename" });
      const random = randomNumbers();
      await put(provider, "dir/a.txt", "mine");
      const [real, away] = [join(root, "dir"), join(root, "away")];
      let running = true;
      let swaps = 0;
      // The provider makes and removes the folder itself, so any step of this may find another state than it left.
      const step = (work: Promise<unknown>): Promise<boolean> =>
        work.then(
          () => true,
          () => false,
        );
      const swapping = (async (): Promise<void> => {
        while (running) {
          await step(rename(real, away));
          if (await step(symlink(outside, real))) swaps++;
          await new Promise((resolve) => setImmediate(resolve));
          await step(unlink(real));
          await step(rename(away, real));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      const seen = new Set<string>();
      const results = new Set<string>();
      const calls: Record<string, (key: string) => Promise<unknown>> = {
        put: (key) => put(provider, key, "mine", { metadata: { a: "b" } }),
        create: (key) => put(provider, key, "mine", { ifNoneMatch: "*" }),
        get: async (key) => seen.add(await text(provider, key)),
        delete: (key) => provider.delete(key, {}),
        list: async () => (await provider.list({})).objects.forEach(({ size }) => seen.add(String(size))),
      };
      const work = async (): Promise<void> => {
        for (let round = 0; round < 150; round++) {
          const call = calls[pick(Object.keys(calls), random)];
          const done = call?.(`dir/${pick(["a", "b", "c"], random)}.txt`).then(() => "done");
          results.add((await done?.catch((error: { readonly code: string }) => error.code)) ?? "");
        }
      };
      await Promise.all([work(), work(), work()]);
      running = false;
      await swapping;
      expect(swaps).toBeGreaterThan(10);
      if (symlinkCheck === "descriptor") {
        expect([...seen].filter((found) => found !== "mine" && found !== "4")).toEqual([]);
        expect(await files(outside)).toEqual(["a.txt", "b.txt", "c.txt"]);
        for (const name of ["a", "b", "c"])
          expect(await readFile(join(outside, `${name}.txt`), "utf8")).toBe("secret");
      }
      const allowed = ["done", "NotFound", "PermissionDenied", "AlreadyExists", "Unavailable", "Unsupported"];
      expect([...results].filter((result) => !allowed.includes(result))).toEqual([]);
    });
  },
);

describe.each(CHECKS)("something in the root that is neither file nor folder (%s)", (symlinkCheck) => {
  let root: string;
  let provider: StorageProvider;
  let server: Server;

  beforeEach(async () => {
    root = await folder();
    provider = open(root, { symlinkCheck });
    system("mkfifo", join(root, "pipe"));
    server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  });

  it.each(["pipe", "socket"])("is no object and does not hang: a %s", async (key) => {
    expect(await code(provider.get(key, {}))).toBe("NotFound");
    expect(await code(provider.head(key, {}))).toBe("NotFound");
    expect(await code(provider.copy?.(key, "x", {}) ?? Promise.resolve())).toBe("NotFound");
    expect(await code(put(provider, key, "x", { ifMatch: '"x"' }))).toBe("PreconditionFailed");
  });

  it.each(["pipe", "socket"])("is in the way of a create-only put: a %s", async (key) => {
    expect(await code(put(provider, key, "x", { ifNoneMatch: "*" }))).toBe("AlreadyExists");
  });

  it.each(["pipe", "socket"])("is no folder: a %s", async (key) => {
    expect(await code(provider.get(`${key}/a`, {}))).toBe("NotFound");
    expect(await code(put(provider, `${key}/a`, "x"))).toBe("Unsupported");
  });

  it("is not listed", async () => {
    await put(provider, "a", "x");
    expect(await entries(provider, { delimiter: "/" })).toEqual(["a"]);
  });

  it("does not make the provider hang in the place of its own files", async () => {
    await put(provider, "a", "x", { metadata: { a: "b" } });
    const [sidecar = ""] = await sidecars(root);
    await rm(join(root, sidecar));
    system("mkfifo", join(root, sidecar));
    expect(await code(provider.get("a", {}))).toBe("Integrity");
    await rm(join(root, ".stowage/layout.json"));
    system("mkfifo", join(root, ".stowage/layout.json"));
    expect(await code(open(root, { symlinkCheck }).get("a", {}))).toBe("Misconfigured");
  });
});

describe.each(CASES)("empty folders ($layout, $symlinkCheck)", (variant) => {
  it("are removed with the last object in them, up to the root", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a/b/c", "x");
    await provider.delete("a/b/c", {});
    await provider.close?.();
    expect(await content(root)).toEqual([]);
    const base = variant.layout === "plain" ? root : join(root, "objects");
    expect((await readdir(base)).filter((name) => name !== ".stowage")).toEqual([]);
  });

  it("are removed only as far as they are empty", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a/x", "x");
    await put(provider, "a/b/c/d", "x");
    await provider.delete("a/b/c/d", {});
    await provider.close?.();
    const base = variant.layout === "plain" ? join(root, "a") : join(root, "objects/a%");
    expect(await readdir(base)).toEqual(["x"]);
  });

  it("that the provider may not remove do not make a delete fail", async () => {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "a/b/c", "x");
    const base = variant.layout === "plain" ? join(root, "a") : join(root, "objects/a%");
    await chmod(base, 0o500);
    onTestFinished(() => chmod(base, 0o700).catch(() => {}));
    await provider.delete("a/b/c", {});
    expect(await keys(provider)).toEqual([]);
  });
});

describe.each(CASES)("puts and deletes in one folder ($layout, $symlinkCheck)", (variant) => {
  it(`do not disturb each other, although the folder comes and goes (seed ${seed})`, async () => {
    const root = await folder();
    const provider = open(root, { ...variant, durability: "rename" });
    const random = randomNumbers();
    const ROUNDS = 80;
    const failures: string[] = [];
    const worker = async (name: string): Promise<void> => {
      for (let round = 0; round < ROUNDS; round++) {
        const key = `${pick(["a", "a/b", "a/b/c"], random)}/${name}.txt`;
        try {
          await put(provider, key, key);
          if ((await text(provider, key)) !== key) failures.push(`${key} has other bytes`);
          await provider.delete(key, {});
          const after = await code(provider.head(key, {}));
          if (after !== "NotFound") failures.push(`after a delete of ${key}: ${after}`);
        } catch (error) {
          failures.push(String(error));
        }
      }
    };
    await Promise.all(["one", "two", "three", "four"].map(worker));
    expect(failures).toEqual([]);
    await provider.close?.();
    expect(await content(root)).toEqual([]);
  });
});

describe.each(CHECKS)("puts and deletes of two processes in one folder (%s)", (check) => {
  it(`do not disturb each other, although the folder comes and goes (seed ${seed})`, async () => {
    const root = await folder();
    await put(open(root), "first", "x");
    const child = (who: string, index: number) =>
      start("putAndDelete", [root, "250", who, String(seed + index), check]);
    const results = (await together(["one", "two"].map(child))) as { failures: string[]; there: string[] }[];
    expect(results.flatMap(({ failures }) => failures)).toEqual([]);
    const there = results.flatMap((result) => result.there);
    expect(await keys(open(root))).toEqual([...there, "first"].sort());
  });
});

describe("a folder that was opened", () => {
  it("is looked up again when it was deleted and made anew by somebody else", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a/b", "old");
    for (let round = 0; round < 20; round++) {
      await rm(join(root, "a"), { recursive: true });
      await mkdir(join(root, "a"));
      await writeFile(join(root, "a/b"), `new ${round}`);
      expect(await text(provider, "a/b")).toBe(`new ${round}`);
      expect(await keys(provider, { prefix: "a/" })).toEqual(["a/b"]);
      const { etag } = await provider.head("a/b", {});
      await put(provider, "a/b", "mine", { ifMatch: etag });
      expect(await readFile(join(root, "a/b"), "utf8")).toBe("mine");
    }
  });

  it("does not stay open", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a/b/c", "x", { metadata: { a: "b" } });
    await text(provider, "a/b/c");
    expect(await idle(root)).toEqual([]);
  });
});
