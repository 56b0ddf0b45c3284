import fs from "node:fs";
import { cp, readdir, rename, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { isRestored, mayBeRestored, recordedIn } from "./restored.js";
import {
  LAYOUTS,
  code,
  folder,
  open,
  patterned,
  put,
  read,
  sidecars,
  system,
} from "./testing/disk.test-support.js";

afterEach(() => {
  vi.restoreAllMocks();
});

const SECOND_NS = 1_000_000_000n;
const T = 1_700_000_000n * SECOND_NS + 123_456_789n;

describe("a version that may have been restored", () => {
  const recorded = { ino: 1n, size: 5n, mtimeNs: T };
  const at = (mtimeNs: bigint, size = 5n) => ({ ino: 2n, size, mtimeNs, ctimeNs: T + 100n * SECOND_NS });

  it.each([
    ["nanoseconds", T],
    ["microseconds", T - (T % 1000n)],
    ["milliseconds", T - (T % 1_000_000n)],
    ["seconds", T - (T % SECOND_NS)],
    ["two seconds, rounded up", T - (T % SECOND_NS) + 2n * SECOND_NS - ((T / SECOND_NS) % 2n) * SECOND_NS],
  ])("has the time that is left when times are kept in %s", (_, time) => {
    expect(mayBeRestored(recorded, at(time))).toBe(true);
  });

  it.each([
    ["another size", at(T, 6n)],
    ["a fresh time in the same second", at(T + 345_678n)],
    ["another second", at(T - (T % SECOND_NS) - 3n * SECOND_NS)],
  ])("does not have %s", (_, found) => {
    expect(mayBeRestored(recorded, found)).toBe(false);
  });

  it("is certain without a look at its bytes only with the very time, when it was changed later", () => {
    expect(isRestored(recorded, at(T))).toBe(true);
    expect(isRestored(recorded, at(T - (T % 1000n)))).toBe(false);
    expect(isRestored(recorded, { ...at(T), ctimeNs: T })).toBe(false);
  });

  it("is told by the name of its sidecar", () => {
    expect(recordedIn("5-1z-a.json")).toEqual({ size: 5n, mtimeNs: 71n, ino: 10n });
    expect(recordedIn("note.txt")).toBeUndefined();
  });
});

/** Copies a root as a backup brings it back: with times to a grain of so many nanoseconds. */
async function restore(root: string, grain: bigint): Promise<string> {
  const copy = `${root}-restored`;
  onTestFinished(() => fs.promises.rm(copy, { recursive: true, force: true }));
  await cp(root, copy, { recursive: true });
  for (const name of await readdir(root, { recursive: true })) {
    const { mtimeNs } = fs.lstatSync(join(root, name), { bigint: true });
    const time = mtimeNs - (mtimeNs % grain);
    const text = `@${time / SECOND_NS}.${String(time % SECOND_NS).padStart(9, "0")}`;
    system("touch", "-m", "-d", text, join(copy, name));
  }
  return copy;
}

describe.each(LAYOUTS)("facts in a tree that was restored (%s)", (layout) => {
  const LARGE = patterned(3_000_000);

  async function stored(): Promise<string> {
    const root = await folder();
    const provider = open(root, { layout });
    await put(provider, "a.bin", "content", { metadata: { a: "b" }, contentType: "video/mp4" });
    await put(provider, "b/large.bin", LARGE, { metadata: { large: "yes" } });
    await provider.close?.();
    return root;
  }

  it.each([1n, 1000n, 1_000_000n, SECOND_NS, 2n * SECOND_NS])(
    "come back with times to %i ns, for head, get, copy and delete",
    async (grain) => {
      const copy = await restore(await stored(), grain);
      const provider = open(copy, { layout });
      expect(await provider.head("a.bin", {})).toMatchObject({
        metadata: { a: "b" },
        contentType: "video/mp4",
      });
      // Now it is known where they are.
      expect((await provider.head("a.bin", {})).metadata).toEqual({ a: "b" });
      expect((await read(provider, "b/large.bin")).info.metadata).toEqual({ large: "yes" });
      await provider.copy?.("a.bin", "c.bin", {});
      expect((await provider.head("c.bin", {})).metadata).toEqual({ a: "b" });
      await put(provider, "a.bin", "content");
      expect((await provider.head("a.bin", {})).metadata).toBeUndefined();
    },
  );

  it("are not those of other bytes of the same size and time", async () => {
    const copy = await restore(await stored(), SECOND_NS);
    const base = layout === "plain" ? copy : join(copy, "objects");
    const { mtime, atime } = fs.statSync(join(base, "a.bin"));
    await writeFile(join(base, "a.bin"), "CONTENT");
    await utimes(join(base, "a.bin"), atime, mtime);
    expect((await open(copy, { layout }).head("a.bin", {})).metadata).toBeUndefined();
  });

  it("are not those of a file that was cut and has its old time", async () => {
    const copy = await restore(await stored(), SECOND_NS);
    const path = join(copy, layout === "plain" ? "b" : "objects/b%", "large.bin");
    const { mtime, atime } = fs.statSync(path);
    await truncate(path, LARGE.byteLength - 1);
    await utimes(path, atime, mtime);
    expect((await open(copy, { layout }).head("b/large.bin", {})).metadata).toBeUndefined();
  });

  it("are not guessed when two versions with the same bytes were recorded", async () => {
    const copy = await restore(await stored(), SECOND_NS);
    const provider = open(copy, { layout });
    const [path = ""] = (await sidecars(copy)).filter((name) => /\/7-/.test(name));
    const facts = JSON.parse(fs.readFileSync(join(copy, path), "utf8")) as object;
    fs.writeFileSync(
      join(copy, path.replace(/-[^-]+\.json$/, "-zz.json")),
      JSON.stringify({ ...facts, metadata: {} }),
    );
    expect((await provider.head("a.bin", {})).metadata).toBeUndefined();
  });
});

describe("sidecars of a version that is there", () => {
  it("stay when a put fails its condition, however old they are", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "x", { metadata: { a: "b" } });
    const [path = ""] = await sidecars(root);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3 * 60 * 60 * 1000);
    expect(await code(put(provider, "a", "y", { ifNoneMatch: "*", metadata: { c: "d" } }))).toBe(
      "AlreadyExists",
    );
    expect(await sidecars(root)).toEqual([path]);
  });

  it("without a sample, of an older release, are found when the file was restored with its time", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "x", { metadata: { a: "b" } });
    const [path = ""] = await sidecars(root);
    const { sample: _, ...facts } = JSON.parse(fs.readFileSync(join(root, path), "utf8")) as {
      sample: string;
    };
    await fs.promises.writeFile(join(root, path), JSON.stringify(facts));
    const other = path.replace(/-[^-]+\.json$/, "-zz.json");
    await rename(join(root, path), join(root, other));
    expect((await open(root).head("a", {})).metadata).toBeUndefined();
    const then = new Date(Math.floor(Date.now() / 1000 - 60) * 1000);
    await utimes(join(root, "a"), then, then);
    const name = `1-${(BigInt(then.getTime()) * 1_000_000n).toString(36)}-zz.json`;
    await rename(join(root, other), join(root, other.replace(/[^/]+$/, name)));
    expect((await open(root).head("a", {})).metadata).toEqual({ a: "b" });
  });
});
