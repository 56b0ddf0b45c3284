import { fromFile, createStorage, isStorageError, type Metadata, type ObjectInfo } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import { chmod, mkdir, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { children, together } from "./testing/children.test-support.js";
import {
  CHECKS,
  DURABILITIES,
  LAYOUTS,
  VARIANTS,
  code,
  content,
  files,
  folder,
  isThere,
  open,
  patterned,
  put,
  read,
  rejection,
  sidecars,
  temporaries,
  text,
} from "./testing/disk.test-support.js";
import { below, randomNumbers, seed } from "./testing/random.test-support.js";
import { VERSION_KEYS, numberOf } from "./testing/versions.test-support.js";

const { run, start } = await children();

const LARGE = patterned(3 * 1024 * 1024 + 17);

/** What is left of failed puts: nothing but the provider's own empty folders. */
async function expectNothing(root: string): Promise<void> {
  expect(await content(root)).toEqual([]);
  const own = new Set([".stowage", "objects"]);
  expect((await readdir(root)).filter((name) => !own.has(name))).toEqual([]);
  if (await isThere(join(root, "objects"))) expect(await readdir(join(root, "objects"))).toEqual([]);
}

async function* broken(bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(bytes);
  throw new Error("the source broke");
}

describe.each(VARIANTS)("a put ($layout, $durability, $symlinkCheck)", (variant) => {
  it("gives back bytes and facts of any kind of object", async () => {
    const provider = open(await folder(), variant);
    const facts = {
      contentType: "video/x-odd",
      cacheControl: "max-age=1",
      contentDisposition: "inline",
      metadata: { a: "1", __proto__x: "2", "x-ü": "ä 😀" },
      writeId: "w:1",
    };
    await put(provider, "a/b/large.bin", LARGE, facts);
    const { bytes, info } = await read(provider, "a/b/large.bin");
    expect(bytes.equals(LARGE)).toBe(true);
    expect(info).toMatchObject(facts);
    expect(await provider.head("a/b/large.bin", {})).toEqual(info);
  });

  it("leaves nothing, not even a folder, when its source fails", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const stream = Readable.from(broken(300_000), { objectMode: false });
    expect(await code(put(provider, "a/b", broken(2_000_000), { metadata: { a: "b" } }))).toBe("SourceError");
    expect(await code(put(provider, "a/b/c", stream))).toBe("SourceError");
    expect(await code(put(provider, "d", Readable.from([Buffer.from("abc")]), { size: 4 }))).toBe(
      "SourceError",
    );
    expect(await code(put(provider, "e", Readable.from([Buffer.from("abc")]), { size: 2 }))).toBe(
      "SourceError",
    );
    await provider.close?.();
    await expectNothing(root);
  });

  it("leaves nothing, not even a folder, when its condition does not hold", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const options = { ifMatch: '"never"', metadata: { a: "b" } };
    expect(await code(put(provider, "a/b/c", "x", options))).toBe("PreconditionFailed");
    await provider.close?.();
    await expectNothing(root);
  });

  it("leaves nothing when it is aborted in the middle, and rejects with the signal's own reason", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const abort = new AbortController();
    const reason = Object.assign(new Error("enough"), { code: "ENOENT" });
    const onProgress = ({ loaded }: { readonly loaded: number }): void => {
      if (loaded > 1_500_000) abort.abort(reason);
    };
    for (const body of [LARGE, Readable.from([LARGE.subarray(0, 2_000_000), LARGE])]) {
      const options = { signal: abort.signal, onProgress, metadata: { a: "b" } };
      expect(await rejection(put(provider, "a/b", body, options))).toBe(reason);
    }
    await provider.close?.();
    await expectNothing(root);
  });

  it("does nothing at all when it is aborted before it begins", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const reason = new Error("no");
    expect(await rejection(put(provider, "a", "x", { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await readdir(root)).toEqual([]);
  });

  it("is not undone by an abort that comes after it", async () => {
    const provider = open(await folder(), variant);
    const abort = new AbortController();
    await put(provider, "a", "x", { signal: abort.signal });
    abort.abort();
    expect(await text(provider, "a")).toBe("x");
  });

  it("of a condition lets exactly one of many in one process win", async () => {
    const provider = open(await folder(), variant);
    const { etag } = await put(provider, "a", "first");
    const tries = Array.from({ length: 20 }, (_, index) =>
      put(provider, "a", `next ${index}`, { ifMatch: etag }),
    );
    const results = await Promise.allSettled(tries);
    const winner = results.findIndex(({ status }) => status === "fulfilled");
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await text(provider, "a")).toBe(`next ${winner}`);
  });

  it("that is create-only lets exactly one of many in one process win", async () => {
    const root = await folder();
    const provider = open(root, variant);
    const tries = Array.from({ length: 20 }, (_, index) =>
      put(provider, "a/b", `${index}`, { ifNoneMatch: "*", metadata: { number: `${index}` } }),
    );
    const results = await Promise.allSettled(tries);
    const winner = results.findIndex(({ status }) => status === "fulfilled");
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const { bytes, info } = await read(provider, "a/b");
    expect([bytes.toString(), info.metadata?.["number"]]).toEqual([`${winner}`, `${winner}`]);
    expect(await sidecars(root)).toHaveLength(1);
  });
});

describe.each(LAYOUTS.flatMap((layout) => CHECKS.map((symlinkCheck) => ({ layout, symlinkCheck }))))(
  "an object that is replaced all the time ($layout, $symlinkCheck)",
  (variant) => {
    const VERSIONS = 300;

    it("always reads as one version: bytes, facts and ETag", async () => {
      const root = await folder();
      const provider = open(root, { ...variant, durability: "rename" });
      // All are of one length, and only some have a sidecar.
      const factsOf = (version: string): Metadata | undefined =>
        Number(version) % 3 === 0 ? undefined : { version };
      const versions = new Map<string | undefined, string>();
      const heads: ObjectInfo[] = [];
      const wrong: unknown[] = [];
      let number = 0;
      const writing = async (): Promise<void> => {
        while (number < VERSIONS) {
          const version = String(number++).padStart(8, "0");
          const { etag } = await put(provider, "a/b", version, { metadata: factsOf(version) });
          if (versions.has(etag)) wrong.push(`${version} has the ETag of ${versions.get(etag)}`);
          versions.set(etag, version);
        }
      };
      const reading = async (): Promise<void> => {
        while (number < VERSIONS) {
          const { bytes, info } = await read(provider, "a/b");
          const version = bytes.toString();
          if (info.metadata?.["version"] !== factsOf(version)?.["version"]) wrong.push({ version, info });
          heads.push(info, await provider.head("a/b", {}));
        }
      };
      versions.set((await put(provider, "a/b", "00000000")).etag, "00000000");
      await Promise.all([writing(), writing(), reading(), reading(), reading()]);
      for (const { etag, metadata } of heads) {
        const version = versions.get(etag) ?? "none";
        if (metadata?.["version"] !== factsOf(version)?.["version"]) wrong.push({ version, etag, metadata });
      }
      expect(wrong).toEqual([]);
      expect(heads.length).toBeGreaterThan(VERSIONS / 5);
      await provider.close?.();
      expect((await sidecars(root)).length).toBeLessThanOrEqual(1);
    });
  },
);

describe("versions of one size that follow each other within a tick of the clock", () => {
  it("have different ETags, so that ifMatch never takes the third for the first", async () => {
    const provider = open(await folder(), { durability: "rename" });
    const etags = new Set<string | undefined>();
    for (let number = 0; number < 500; number++) etags.add((await put(provider, "a", `${number % 2}`)).etag);
    expect(etags.size).toBe(500);
  });

  it("have different ETags also when each is deleted before the next", async () => {
    const provider = open(await folder(), { durability: "rename" });
    const etags = new Set<string | undefined>();
    for (let number = 0; number < 500; number++) {
      etags.add((await put(provider, "a/b", "x")).etag);
      await provider.delete("a/b", {});
    }
    expect(etags.size).toBe(500);
  });
});

describe.each(LAYOUTS)("create-only puts of two processes (%s)", (layout) => {
  it("let exactly one of them make each object", async () => {
    const root = await folder();
    const provider = open(root, { layout });
    await put(provider, "first", "x");
    const made = await together(["one", "two"].map((who) => start("createOnly", [root, layout, "100", who])));
    const [one = [], two = []] = made as number[][];
    expect([...one, ...two].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index),
    );
    for (const [who, numbers] of [
      ["one", one],
      ["two", two],
    ] as const) {
      for (const number of numbers) {
        const { bytes, info } = await read(provider, `key/${number}`);
        expect([bytes.toString(), info.metadata?.["who"]]).toEqual([who, who]);
      }
    }
  });
});

describe.each(DURABILITIES)("a process that is killed while it puts (durability %s)", (durability) => {
  const KILLS = 16;

  it(`leaves no torn object and loses no acknowledged one (seed ${seed})`, async () => {
    const root = await folder();
    const random = randomNumbers();
    let from = 0;
    let left = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const child = start("write", [root, durability, String(from), String(seed + kill)]);
      const acknowledged = new Map<string, number>();
      for (let wanted = 1 + below(25, random); wanted > 0; wanted--) {
        const { value } = (await child.lines.next()) as { readonly value: string };
        const { key, number, once } = JSON.parse(value) as { key: string; number: number; once?: string };
        acknowledged.set(key, number);
        if (once !== undefined) acknowledged.set(once, number);
      }
      child.process.kill("SIGKILL");
      await child.exited;
      left += (await temporaries(root)).length;
      const provider = open(root);
      for (const [key, number] of acknowledged) {
        const { bytes, info } = await read(provider, key);
        const found = numberOf(bytes, info.metadata);
        if (VERSION_KEYS.includes(key)) expect(found).toBeGreaterThanOrEqual(number);
        else expect(found).toBe(number);
      }
      from += 1_000_000;
    }
    // Whoever writes next removes what the dead have left.
    const later = open(root);
    await put(later, "after", "x");
    await later.close?.();
    expect(left).toBeGreaterThan(0);
    expect(await temporaries(root)).toEqual([]);
  });
});

describe.each(CHECKS)("a body that is a file (%s)", (symlinkCheck) => {
  async function source(bytes: Uint8Array, mode = 0o644): Promise<string> {
    const path = join(await folder(), "source");
    await writeFile(path, bytes);
    await chmod(path, mode);
    return path;
  }

  it.each([0, 1, 65_535, 65_536, LARGE.byteLength])("of %d bytes is stored", async (length) => {
    const provider = open(await folder(), { symlinkCheck });
    await put(provider, "a", fromFile(await source(LARGE.subarray(0, length))));
    expect((await read(provider, "a")).bytes.equals(LARGE.subarray(0, length))).toBe(true);
  });

  it("does not pass on its permissions", async () => {
    const root = await folder();
    await put(open(root, { symlinkCheck }), "a", fromFile(await source(LARGE, 0o777)));
    expect((await stat(join(root, "a"))).mode & 0o777).toBe(0o600);
  });

  it.each([100, LARGE.byteLength])(
    "of %d bytes that shrank since it was given is a SourceError",
    async (length) => {
      const root = await folder();
      const provider = open(root, { symlinkCheck });
      const path = await source(LARGE.subarray(0, length));
      const body = await toBody(fromFile(path));
      await truncate(path, length - 1);
      expect(await code(provider.put("a", body, {}))).toBe("SourceError");
      await provider.close?.();
      await expectNothing(root);
    },
  );

  it.each([100, LARGE.byteLength])(
    "of %d bytes that is gone since it was given is a SourceError",
    async (length) => {
      const root = await folder();
      const provider = open(root, { symlinkCheck });
      const path = await source(LARGE.subarray(0, length));
      const body = await toBody(fromFile(path));
      await rm(path);
      expect(await code(provider.put("a", body, {}))).toBe("SourceError");
      await provider.close?.();
      await expectNothing(root);
    },
  );

  it("tells how much of it was taken", async () => {
    const provider = open(await folder(), { symlinkCheck });
    const seen: number[] = [];
    await put(provider, "a", fromFile(await source(LARGE)), {
      onProgress: ({ loaded }) => seen.push(loaded),
    });
    expect(seen.at(-1)).toBe(LARGE.byteLength);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });
});

describe.each(CHECKS)("permissions (%s)", (symlinkCheck) => {
  async function modes(root: string, paths: readonly string[]): Promise<string[]> {
    const facts = await Promise.all(paths.map((path) => stat(join(root, path))));
    return facts.map(({ mode }) => (mode & 0o777).toString(8));
  }

  it("are the owner's alone by default", async () => {
    const root = await folder();
    await put(open(root, { symlinkCheck }), "a/b", "x");
    expect(await modes(root, ["a", "a/b", ".stowage", ".stowage/tmp"])).toEqual(["700", "600", "700", "700"]);
  });

  it("are those that were asked for, whatever the umask", async () => {
    const root = join(await folder(), "made/root");
    const before = process.umask(0o077);
    try {
      const provider = open(root, { symlinkCheck, create: true, fileMode: 0o664, directoryMode: 0o775 });
      await put(provider, "a/b", "x", { metadata: { a: "b" } });
      await provider.copy?.("a/b", "a/c", {});
    } finally {
      process.umask(before);
    }
    expect(await modes(root, [".", "a", ".stowage/tmp"])).toEqual(["775", "775", "775"]);
    expect(new Set(await modes(root, await files(root)))).toEqual(new Set(["664"]));
  });
});

describe("a put whose object is in its place already", () => {
  it("does not fail because an old sidecar cannot be removed", async () => {
    const root = await folder();
    const provider = open(root);
    await put(provider, "a", "old", { metadata: { version: "old" } });
    const [path = ""] = await sidecars(root);
    await rm(join(root, path));
    await mkdir(join(root, path, "in the way"), { recursive: true });
    await put(provider, "a", "new", { metadata: { version: "new" } });
    const { bytes, info } = await read(provider, "a");
    expect([bytes.toString(), info.metadata]).toEqual(["new", { version: "new" }]);
  });
});

describe("a stream of unknown length", () => {
  it("is stored and read without growing the process by more than 96 MiB", async () => {
    const nodeOptions = ["--max-old-space-size=96"];
    const result = (await run("longStream", [await folder(), "256"], { nodeOptions })) as Record<
      string,
      number
    >;
    expect(result).toMatchObject({ size: 256 * 1024 ** 2, seen: 256 * 1024 ** 2 });
    expect(result["growth"]).toBeLessThan(96 * 1024 ** 2);
  });
});

describe("a put through a storage", () => {
  it("rejects with a StorageError that names its key, when several meet the same trouble at once", async () => {
    const storage = createStorage(open(join(await folder(), "missing")), { retry: false });
    const errors = await Promise.all(["a", "b"].map((key) => rejection(storage.put(key, "x"))));
    expect(errors.map((error) => isStorageError(error) && [error.operation, error.key])).toEqual([
      ["put", "a"],
      ["put", "b"],
    ]);
  });

  it("shows its object to other programs at once", async () => {
    const root = await folder();
    await createStorage(open(root)).put("a.txt", "content");
    expect(await readFile(join(root, "a.txt"), "utf8")).toBe("content");
  });
});
