import type { StorageProvider } from "@stowage/core";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { watchDisk } from "./testing/disk-order.test-support.js";
import { CHECKS, LAYOUTS, folder, open, patterned, put } from "./testing/disk.test-support.js";

const CASES = LAYOUTS.flatMap((layout) => CHECKS.map((symlinkCheck) => ({ layout, symlinkCheck })));

/** What a loss of power right after some work could take away, and what was in its place too early. */
async function unsafe(
  root: string,
  work: () => Promise<unknown>,
): Promise<{ early: readonly string[]; pending: readonly string[] }> {
  const order = watchDisk(root);
  try {
    await work();
    return { early: order.early, pending: order.pending() };
  } finally {
    order.stop();
  }
}

const SAFE = { early: [], pending: [] };

describe.each(CASES)("what was acknowledged with durability fsync ($layout, $symlinkCheck)", (variant) => {
  async function prepared(): Promise<{ readonly root: string; readonly provider: StorageProvider }> {
    const root = await folder();
    const provider = open(root, variant);
    await put(provider, "first", "x", { metadata: { a: "b" } });
    return { root, provider };
  }

  it("is on the disk after the first put of all, with the root and its marker", async () => {
    const above = await folder();
    const provider = open(join(above, "new/root"), { ...variant, create: true });
    expect(await unsafe(above, () => put(provider, "a", "x"))).toEqual(SAFE);
  });

  it("is on the disk after a put into new folders", async () => {
    const { root, provider } = await prepared();
    expect(await unsafe(root, () => put(provider, "a/b/c", "x"))).toEqual(SAFE);
  });

  it("is on the disk after a put with facts, in a folder of sidecars that is new", async () => {
    const { root, provider } = await prepared();
    expect(await unsafe(root, () => put(provider, "a", "x", { metadata: { a: "b" } }))).toEqual(SAFE);
  });

  it("is on the disk after a put that replaces an object with facts", async () => {
    const { root, provider } = await prepared();
    expect(await unsafe(root, () => put(provider, "first", "y", { metadata: { a: "c" } }))).toEqual(SAFE);
  });

  it("is on the disk after a create-only put", async () => {
    const { root, provider } = await prepared();
    const options = { ifNoneMatch: "*", metadata: { a: "b" } } as const;
    expect(await unsafe(root, () => put(provider, "a/b", "x", options))).toEqual(SAFE);
  });

  it("is on the disk after a put of a long stream", async () => {
    const { root, provider } = await prepared();
    const bytes = patterned(3_000_000);
    async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
      yield bytes;
    }
    expect(await unsafe(root, () => put(provider, "a", stream()))).toEqual(SAFE);
  });

  it("is on the disk after a copy", async () => {
    const { root, provider } = await prepared();
    expect(await unsafe(root, async () => await provider.copy?.("first", "a/b", {}))).toEqual(SAFE);
  });

  it("is on the disk after a delete, also when the folder goes with the object", async () => {
    const { root, provider } = await prepared();
    await put(provider, "a/b/c", "x", { metadata: { a: "b" } });
    expect(await unsafe(root, () => provider.delete("a/b/c", {}))).toEqual(SAFE);
    const again = await unsafe(root, () => put(provider, "a/b/c", "x"));
    expect(again).toEqual(SAFE);
  });

  it("is on the disk after versions that look alike, and had their times moved apart", async () => {
    const { root, provider } = await prepared();
    const twice = async (): Promise<void> => {
      for (let round = 0; round < 20; round++)
        await put(provider, "a", "x", { metadata: { round: `${round}` } });
    };
    expect(await unsafe(root, twice)).toEqual(SAFE);
  });
});

describe("the account of the disk that these tests keep", () => {
  it("shows what durability rename leaves to the system", async () => {
    const root = await folder();
    const provider = open(root, { durability: "rename" });
    await put(provider, "first", "x");
    const { early, pending } = await unsafe(root, () => put(provider, "a/b", "x", { metadata: { a: "b" } }));
    expect(early).toContain(join(root, "a/b"));
    expect(pending).toContain(join(root, "a"));
    const digest = createHash("sha256").update("a/b").digest("hex");
    expect(pending.some((path) => path.includes(`meta/${digest.slice(0, 2)}`))).toBe(true);
  });
});
