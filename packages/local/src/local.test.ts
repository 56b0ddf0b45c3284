import { createStorage, isStorageError } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { local, type LocalOptions } from "./local.js";
import {
  CHECKS,
  VARIANTS,
  code,
  folder,
  idle,
  open,
  openFiles,
  put,
  read,
} from "./testing/disk.test-support.js";

describe("the options", () => {
  it.each([
    [{}, "root"],
    [{ root: "" }, "root"],
    [{ root: 7 }, "root"],
    [{ root: "/x", layout: "flat" }, "layout"],
    [{ root: "/x", durability: "none" }, "durability"],
    [{ root: "/x", symlinkCheck: "no" }, "symlinkCheck"],
  ])("of the wrong kind are a TypeError that names the option: %o", (options, name) => {
    expect(() => local(options as unknown as LocalOptions)).toThrow(TypeError);
    expect(() => local(options as unknown as LocalOptions)).toThrow(name);
  });

  it("do not make the provider touch the disk before its first call", async () => {
    const root = `${await folder()}/missing`;
    expect(local({ root }).name).toBe("local");
    expect(local({ root, create: true, name: "disk" }).name).toBe("disk");
  });
});

describe("the description", () => {
  it("says what the provider promises, and what not", () => {
    const plain = open("/srv/uploads").describe?.();
    expect(plain).toMatchObject({ kind: "provider", type: "local", name: "local" });
    expect(plain?.promises?.join()).toContain("survives a loss of power");
    expect(plain?.limits?.join()).toContain('two keys such as "a" and "a/b" cannot both exist');
    const portable = open("/srv/uploads", { layout: "portable", durability: "rename" }).describe?.();
    expect(portable?.promises?.join()).toContain("not a loss of power");
    expect(portable?.limits?.join()).not.toContain("cannot both exist");
  });
});

describe.each(VARIANTS)("a provider that is closed ($layout, $durability, $symlinkCheck)", (variant) => {
  it("has no open file and no timer, and its background work is done", async () => {
    const root = await folder();
    const before = process
      .getActiveResourcesInfo()
      .filter((name) => name === "Timeout" || name === "Immediate").length;
    const provider = open(root, variant);
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const key = `${index % 3}/${index % 4}/${index}`;
        await put(provider, key, "x", { metadata: { a: "b" } });
        await read(provider, key);
        await provider.delete(key, {});
      }),
    );
    await provider.close?.();
    expect(await openFiles(root)).toEqual([]);
    const after = process
      .getActiveResourcesInfo()
      .filter((name) => name === "Timeout" || name === "Immediate").length;
    expect(after).toBeLessThanOrEqual(before);
  });

  it("refuses every further call with Unavailable", async () => {
    const provider = open(await folder(), variant);
    await put(provider, "a", "x");
    await provider.close?.();
    const calls = [
      put(provider, "b", "x"),
      provider.get("a", {}),
      provider.head("a", {}),
      provider.list({}),
      provider.delete("a", {}),
    ];
    expect(await Promise.all(calls.map(code))).toEqual(calls.map(() => "Unavailable"));
  });

  it("may be closed again, and before it was ever used", async () => {
    const provider = open(await folder(), variant);
    await provider.close?.();
    expect(await provider.close?.()).toBeUndefined();
    expect(await open("/does/not/exist", variant).close?.()).toBeUndefined();
  });
});

describe.each(CHECKS)("a provider that nobody uses for a while (%s)", (symlinkCheck) => {
  it("has no open file", async () => {
    const root = await folder();
    const provider = open(root, { symlinkCheck });
    await Promise.all(Array.from({ length: 50 }, (_, index) => put(provider, `${index % 9}/${index}`, "x")));
    await Promise.all(Array.from({ length: 50 }, (_, index) => read(provider, `${index % 9}/${index}`)));
    await provider.list({});
    expect(await idle(root)).toEqual([]);
  });

  it("does not keep the process alive", async () => {
    const provider = open(await folder(), { symlinkCheck });
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    await put(provider, "a/b", "x");
    await provider.delete("a/b", {});
    // Timers that are not waited for are not shown.
    expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length).toBeLessThanOrEqual(
      before,
    );
  });
});

describe("a storage over a local provider", () => {
  it("waits for a put that is under way when it is closed", async () => {
    const root = await folder();
    const storage = createStorage(open(root));
    async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
      for (let part = 0; part < 5; part++) {
        await new Promise((resolve) => setImmediate(resolve));
        yield new Uint8Array(1_000);
      }
    }
    const putting = storage.put("a", slow());
    await storage.close();
    expect((await putting).size).toBe(5_000);
    expect(await openFiles(root)).toEqual([]);
  });

  it("tells a missing object from a missing root", async () => {
    const storage = createStorage(open(await folder()), { retry: false });
    expect(await storage.exists("a")).toBe(false);
    const lost = createStorage(open(`${await folder()}/missing`), { retry: false });
    const error = await lost.exists("a").catch((failure: unknown) => failure);
    expect(isStorageError(error, "Unavailable")).toBe(true);
  });
});
