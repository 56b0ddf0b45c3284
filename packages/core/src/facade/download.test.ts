import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createStorage } from "./create-storage.js";
import { codeOfDisk } from "./download-target.js";
import { memory } from "../memory/memory.js";
import type { StorageProvider } from "../contract/provider.js";
import type { FileStorage } from "./storage.js";
import { failing, testMember } from "../testing/member.test-support.js";
import { randomNumbers, seed } from "../testing/random.test-support.js";
import {
  openFiles,
  patterned,
  pieces,
  rejection,
  streamOf,
  streaming,
  until,
} from "../testing/streams.test-support.js";
import type { GetOptions, Progress } from "../contract/call-options.js";
import type { Supports } from "../contract/supports.js";

const bytes = patterned(400_000);
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-download-"));
  path = join(folder, "file.bin");
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Bytes whose connection breaks after some of them. */
function cutAfter(content: Uint8Array, length: number): Readable {
  return Readable.from(
    (async function* () {
      yield* pieces(content.subarray(0, length), 10_000);
      throw new Error("ECONNRESET");
    })(),
    { objectMode: false },
  );
}

interface Cut {
  readonly storage: FileStorage;
  readonly store: StorageProvider;
  readonly gets: GetOptions[];
  /** What happens before the second read. */
  between: () => Promise<unknown>;
}

/** A storage whose reads break: each after as many bytes as is said; the others are whole. */
async function cutting(
  lengths: readonly (number | "silent")[],
  supports: Partial<Supports> = {},
): Promise<Cut> {
  const store = memory();
  const gets: GetOptions[] = [];
  const left = [...lengths];
  const source = streaming(store, (content) => {
    const length = left.shift();
    if (length === "silent") return new PassThrough();
    return length === undefined ? streamOf(content, 10_000) : cutAfter(content, length);
  });
  const provider: StorageProvider = {
    ...source,
    supports: { ...source.supports, ...supports },
    get: async (key, options) => {
      if (gets.push(options) === 2) await cut.between();
      return await source.get(key, options);
    },
  };
  const storage = createStorage(provider, { retry: { baseMs: 0 }, timeouts: { idleMs: 20 } });
  await storage.put("a", bytes);
  const cut: Cut = { storage, store, gets, between: async () => {} };
  return cut;
}

const left = async (): Promise<readonly string[]> => await readdir(folder);

describe("a download", () => {
  it("writes the object to a file, and gives its facts", async () => {
    const { storage } = await cutting([]);
    expect(await storage.download("a", path)).toEqual(await storage.head("a"));
    expect(bytes.equals(await readFile(path))).toBe(true);
    expect(await left()).toEqual(["file.bin"]);
    expect(await openFiles(folder)).toEqual([]);
  });

  it("writes an object that is in memory anyway", async () => {
    const storage = createStorage(memory());
    await storage.put("a", bytes);
    await storage.download("a", path);
    expect(bytes.equals(await readFile(path))).toBe(true);
  });

  it.each([
    ["in memory", () => createStorage(memory())],
    ["as a stream", () => createStorage(streaming(memory()))],
  ])("writes an object of no bytes, %s", async (_, make) => {
    const storage = make();
    await storage.put("a", "");
    await storage.download("a", path);
    expect(await readFile(path)).toHaveLength(0);
  });

  it("shows the old file until the new one is whole", async () => {
    await writeFile(path, "old");
    const store = memory();
    const stream = new PassThrough();
    const storage = createStorage(streaming(store, () => stream));
    await storage.put("a", "abcdef");
    const done = storage.download("a", path);
    stream.write("abc");
    await until(async () => (await left()).length === 2);
    expect(await readFile(path, "utf8")).toBe("old");
    stream.end("def");
    await done;
    expect(await readFile(path, "utf8")).toBe("abcdef");
  });

  it("tells of its progress up to the whole", async () => {
    const storage = createStorage(streaming(memory()));
    const large = patterned(3_000_000);
    await storage.put("a", large);
    const seen: Progress[] = [];
    await storage.download("a", path, { onProgress: (progress) => void seen.push(progress) });
    expect(seen.at(-1)).toEqual({ loaded: large.byteLength, total: large.byteLength });
    expect(seen.length).toBeGreaterThan(1);
  });
});

describe("a download that is cut", () => {
  it("goes on by range where it was cut, at the same object", async () => {
    const { storage, gets, store } = await cutting([150_000]);
    await storage.download("a", path);
    expect(bytes.equals(await readFile(path))).toBe(true);
    const { etag } = await store.head("a", {});
    expect(gets).toHaveLength(2);
    expect(gets[1]?.ifMatch).toBe(etag);
    const range = gets[1]?.range;
    expect(range !== undefined && "offset" in range && range.offset > 0).toBe(true);
  });

  it("goes on however often, as long as bytes come", async () => {
    const { storage, gets } = await cutting(Array.from({ length: 12 }, () => 20_000));
    await storage.download("a", path);
    expect(bytes.equals(await readFile(path))).toBe(true);
    expect(gets).toHaveLength(13);
  });

  it("goes on when it fell silent", async () => {
    const { storage } = await cutting(["silent"]);
    await storage.download("a", path);
    expect(bytes.equals(await readFile(path))).toBe(true);
  });

  it("is given up when no byte comes several times in a row, and nothing is left", async () => {
    const { storage, gets } = await cutting([50_000, 0, 0, 0, 0, 0, 0, 0]);
    expect(await rejection(storage.download("a", path))).toMatchObject({ code: "Unavailable" });
    expect(gets.length).toBeLessThanOrEqual(6);
    expect(await left()).toEqual([]);
  });

  it("begins anew where the provider has no ranges", async () => {
    const { storage, gets } = await cutting([150_000], { range: false });
    await storage.download("a", path);
    expect(bytes.equals(await readFile(path))).toBe(true);
    expect(gets.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  it("begins anew when the object has changed meanwhile, also to a shorter one", async () => {
    const cut = await cutting([150_000]);
    cut.between = () => createStorage(cut.store).put("a", "another object");
    const info = await cut.storage.download("a", path);
    expect(await readFile(path, "utf8")).toBe("another object");
    expect(info.size).toBe(14);
  });

  it("is PreconditionFailed when the object that was asked for has changed", async () => {
    const cut = await cutting([150_000]);
    cut.between = () => createStorage(cut.store).put("a", "another object");
    const { etag } = await cut.storage.head("a");
    expect(await rejection(cut.storage.download("a", path, { ifMatch: etag }))).toMatchObject({
      code: "PreconditionFailed",
    });
    expect(await left()).toEqual([]);
  });

  it(`is whole wherever it is cut (seed ${seed})`, async () => {
    const random = randomNumbers();
    for (let round = 0; round < 15; round++) {
      const cuts = Array.from({ length: 6 }, () => Math.floor(random() * 150_000));
      const { storage } = await cutting(cuts);
      await storage.download("a", path);
      expect(bytes.equals(await readFile(path))).toBe(true);
    }
  });

  it("ends with the first failure that does not pass", async () => {
    const { provider, store } = testMember("disk");
    await createStorage(store).put("a", bytes);
    const source = streaming(provider, (content) => cutAfter(content, 100_000));
    let asked = 0;
    const denied = failing("PermissionDenied");
    const late: StorageProvider = {
      ...source,
      get: (key, options) =>
        asked++ === 0
          ? source.get(key, options)
          : denied({ operation: "get", key, options }, () => source.get(key, options)),
    };
    expect(await rejection(createStorage(late).download("a", path))).toMatchObject({
      code: "PermissionDenied",
    });
    expect(await left()).toEqual([]);
  });
});

describe("a download of a large object", () => {
  const large = patterned(50_000_000);
  interface Watched {
    readonly storage: FileStorage;
    readonly store: StorageProvider;
    readonly gets: GetOptions[];
    readonly open: { now: number; most: number };
  }

  /** A storage with a large object; each body may break after some of its bytes. */
  async function watched(cutOf: (get: number) => number | undefined = () => undefined): Promise<Watched> {
    const store = memory();
    const gets: GetOptions[] = [];
    const opened = { now: 0, most: 0 };
    const source = streaming(store, (content) => {
      const cut = cutOf(gets.length);
      const stream = cut === undefined ? streamOf(content, 100_000) : cutAfter(content, cut);
      opened.most = Math.max(opened.most, ++opened.now);
      stream.once("close", () => void opened.now--);
      return stream;
    });
    const provider: StorageProvider = {
      ...source,
      get: async (key, options) => {
        gets.push(options);
        return await source.get(key, options);
      },
    };
    await createStorage(store).put("a", large);
    return { storage: createStorage(provider, { retry: false }), store, gets, open: opened };
  }

  async function isWhole(): Promise<boolean> {
    return large.equals(await readFile(path));
  }

  it("reads several parts of the very same object at once, each byte once", async () => {
    const { storage, store, gets, open } = await watched();
    const seen: Progress[] = [];
    await storage.download("a", path, { onProgress: (progress) => void seen.push(progress) });
    expect(await isWhole()).toBe(true);
    const { etag } = await store.head("a", {});
    expect(gets[0]?.range).toBeUndefined();
    expect(gets.slice(1).map(({ ifMatch }) => ifMatch)).toEqual(gets.slice(1).map(() => etag));
    expect(open.most).toBeGreaterThan(2);
    expect(open.now).toBe(0);
    expect(seen.at(-1)).toEqual({ loaded: large.byteLength, total: large.byteLength });
    expect(seen.every(({ loaded }, index) => loaded > (seen[index - 1]?.loaded ?? 0))).toBe(true);
  });

  it.each([
    [1, 1],
    [2, 2],
    [100, 5],
  ])("with a concurrency of %i opens at most %i at once", async (concurrency, most) => {
    const { storage, open } = await watched();
    await storage.download("a", path, { concurrency });
    expect(await isWhole()).toBe(true);
    expect(open.most).toBe(most);
  });

  it("goes on where each of its parts was cut", async () => {
    const { storage, gets } = await watched((get) => (get <= 6 ? 1_234_567 : undefined));
    await storage.download("a", path);
    expect(await isWhole()).toBe(true);
    expect(gets.length).toBeGreaterThan(8);
  });

  it("reads each byte once when its first part is cut before a byte has come", async () => {
    const { storage, gets } = await watched((get) => (get === 1 ? 0 : undefined));
    const seen: Progress[] = [];
    await storage.download("a", path, { onProgress: (progress) => void seen.push(progress) });
    expect(await isWhole()).toBe(true);
    expect(seen.at(-1)?.loaded).toBe(large.byteLength);
    expect(gets.filter(({ ifMatch }) => ifMatch === undefined)).toHaveLength(1);
  });

  it("begins anew when the object turns out to be another one", async () => {
    const { storage, store } = await watched((get) => (get <= 3 ? 1_000_000 : undefined));
    let replaced: Promise<unknown> | undefined;
    const replace = (): void => {
      replaced ??= createStorage(store).put("a", "another object");
    };
    const info = await storage.download("a", path, { onProgress: replace });
    expect(await readFile(path, "utf8")).toBe("another object");
    expect(info.size).toBe(14);
  });

  it("fails with one part, when nothing else is under way and nothing left", async () => {
    const { storage, open } = await watched((get) => (get > 3 ? 0 : undefined));
    expect(await rejection(storage.download("a", path))).toMatchObject({ code: "Unavailable" });
    expect(open.now).toBe(0);
    expect(await left()).toEqual([]);
    expect(await openFiles(folder)).toEqual([]);
  });

  it("fails when another part fails after the first reader has done its own", async () => {
    const store = memory();
    await createStorage(store).put("a", large);
    const source = streaming(store, (content) => streamOf(content, 100_000));
    let isOnlyLast = (): void => {};
    const onlyLast = new Promise<void>((resolve) => (isOnlyLast = resolve));
    const provider: StorageProvider = {
      ...source,
      get: async (key, options) => {
        if (options.range === undefined) return await source.get(key, options);
        await onlyLast;
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        return await failing("PermissionDenied")({ operation: "get", key, options }, () =>
          source.get(key, options),
        );
      },
    };
    const download = createStorage(provider, { retry: false }).download("a", path, {
      concurrency: 2,
      onProgress: ({ loaded }) => {
        if (loaded > large.byteLength - 9_000_000) isOnlyLast();
      },
    });
    expect(await rejection(download)).toMatchObject({ code: "PermissionDenied" });
    expect(await left()).toEqual([]);
  });

  it("ends with an abort in the middle, when nothing else is under way and nothing left", async () => {
    const { storage, open } = await watched();
    const controller = new AbortController();
    const onProgress = (): void => controller.abort("stop");
    expect(await rejection(storage.download("a", path, { signal: controller.signal, onProgress }))).toBe(
      "stop",
    );
    expect(open.now).toBe(0);
    expect(await left()).toEqual([]);
  });

  it("refuses a concurrency that is none", async () => {
    const { storage } = await watched();
    await expect(storage.download("a", path, { concurrency: 0 })).rejects.toThrow(
      "concurrency must be a whole number",
    );
  });
});

describe("a download that fails", () => {
  it("says NotFound for what is not there, and leaves nothing", async () => {
    expect(await rejection(createStorage(memory()).download("a", path))).toMatchObject({ code: "NotFound" });
    expect(await left()).toEqual([]);
  });

  it.each([
    ["lies in a folder that does not exist", () => join(folder, "nothing", "file")],
    ["lies in a file", () => join(path, "file")],
  ])("is InvalidArgument when the target %s, before anything is read", async (_, target) => {
    await writeFile(path, "x");
    const { storage, gets } = await cutting([]);
    const operation = "download";
    expect(await rejection(storage.download("a", target()))).toMatchObject({
      code: "InvalidArgument",
      operation,
    });
    expect(gets).toEqual([]);
  });

  it("is InvalidArgument when the target is a folder, and leaves nothing", async () => {
    await mkdir(path);
    const { storage } = await cutting([]);
    expect(await rejection(storage.download("a", path))).toMatchObject({ code: "InvalidArgument" });
    expect(await left()).toEqual(["file.bin"]);
  });

  it.each([
    ["an Error", new Error("stop")],
    ["text", "stop"],
  ])("rejects with the reason of an abort, releases the object and leaves nothing: %s", async (_, reason) => {
    const store = memory();
    const source = streaming(store, () => {
      const stream = new PassThrough();
      stream.write("abc");
      return stream;
    });
    const storage = createStorage(source);
    await storage.put("a", "abcdef");
    await writeFile(path, "old");
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(reason);
    expect(await rejection(storage.download("a", path, { signal: controller.signal, onProgress }))).toBe(
      reason,
    );
    expect(source.opened[0]?.destroyed).toBe(true);
    expect(await left()).toEqual(["file.bin"]);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await openFiles(folder)).toEqual([]);
  });

  it("ends with Timeout when it takes longer than timeoutMs, and leaves nothing", async () => {
    const storage = createStorage(streaming(memory(), () => new PassThrough()));
    await storage.put("a", "abc");
    expect(await rejection(storage.download("a", path, { timeoutMs: 20 }))).toMatchObject({
      code: "Timeout",
      operation: "download",
    });
    expect(await left()).toEqual([]);
  });
});

describe("the file that a download writes", () => {
  async function stored(): Promise<FileStorage> {
    const storage = createStorage(memory());
    await storage.put("a", "new");
    return storage;
  }

  it.each([0o600, 0o640, 0o755])("keeps the permissions of the one that it replaces: %i", async (mode) => {
    await writeFile(path, "old");
    await chmod(path, mode);
    await (await stored()).download("a", path);
    expect([(await stat(path)).mode & 0o777, await readFile(path, "utf8")]).toEqual([mode, "new"]);
  });

  it.runIf(process.getuid?.() === 0)("keeps the owner of the one that it replaces", async () => {
    await writeFile(path, "old");
    await chown(path, 1234, 5151);
    await (await stored()).download("a", path);
    const { uid, gid } = await stat(path);
    expect([uid, gid]).toEqual([1234, 5151]);
  });

  it.each(["there", "not there yet"])("is the one behind a symbolic link, when that is %s", async (what) => {
    await mkdir(join(folder, "releases"));
    if (what === "there") await writeFile(join(folder, "releases/7"), "old");
    await symlink("releases/7", join(folder, "latest"));
    await symlink("latest", path);
    await (await stored()).download("a", path);
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, "releases/7"), "utf8")).toBe("new");
    expect(await readdir(join(folder, "releases"))).toEqual(["7"]);
  });

  it("may have a name of 255 bytes", async () => {
    const long = join(folder, "n".repeat(255));
    await (await stored()).download("a", long);
    expect(await readFile(long, "utf8")).toBe("new");
  });

  it("is never a device or a pipe, nor a folder by its slash", async () => {
    const storage = await stored();
    for (const target of ["/dev/null", `${path}/`]) {
      expect(await rejection(storage.download("a", target))).toMatchObject({ code: "InvalidArgument" });
    }
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  });

  it("names a disk's failures by their number", () => {
    const unnamed = (errno: number): Error =>
      Object.assign(new Error(), { code: `Unknown system error ${errno}`, errno });
    const numbers = process.platform === "linux" ? [-122, -116, -74] : [-69, -70, -94];
    expect(numbers.map((errno) => codeOfDisk(unnamed(errno)))).toEqual([
      "OutOfSpace",
      "Unavailable",
      "Integrity",
    ]);
    expect(codeOfDisk(Object.assign(new Error(), { code: "ENOENT", errno: -2 }))).toBeUndefined();
  });
});
