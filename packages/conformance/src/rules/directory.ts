import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { StorageError, type StorageProvider } from "@stowage/core";
import { readAll } from "../context.js";
import { rejects, sameBytes } from "../expect.js";
import type { Rule } from "../rule.js";
import { pattern } from "../sources.js";

const BYTES = pattern(400_000);

/** Fills a folder with an HLS stream: a master playlist, a playlist and two segments. */
async function makeStream(folder: string): Promise<void> {
  await mkdir(join(folder, "720p"));
  await writeFile(join(folder, "a-master.m3u8"), "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/a.m3u8\n");
  await writeFile(join(folder, "720p/a.m3u8"), "#EXTM3U\n#EXTINF:1,\n1.ts\n");
  await writeFile(join(folder, "720p/1.ts"), "segment 1");
  await writeFile(join(folder, "720p/2.ts"), "segment 2");
}

/** The rules about folders on disk: putDirectory and download. */
export const directoryRules: readonly Rule[] = [
  {
    title: "putDirectory puts every file under the prefix, with its content type",
    needs: ["list"],
    run: async ({ storage, directory, key, head, names, holds }) => {
      const folder = await directory();
      await makeStream(folder);
      await storage.putDirectory(folder, key("video/"));
      assert.deepEqual(
        (await names()).sort(),
        ["720p/1.ts", "720p/2.ts", "720p/a.m3u8", "a-master.m3u8"].map((name) => `video/${name}`),
      );
      assert.equal((await head("video/720p/1.ts")).contentType, "video/mp2t");
      await holds("video/720p/2.ts", "segment 2");
    },
  },
  {
    title: "putDirectory puts segments before playlists, and the master playlist last",
    run: async ({ provider, createStorage, directory, key }) => {
      const folder = await directory();
      await makeStream(folder);
      const finished: string[] = [];
      const put: typeof provider.put = async (name, body, options) => {
        const info = await provider.put(name, body, options);
        finished.push(name);
        return info;
      };
      await createStorage({ ...provider, put }).putDirectory(folder, key("video/"));
      assert.deepEqual(finished.slice(2), [key("video/720p/a.m3u8"), key("video/a-master.m3u8")]);
    },
  },
  {
    title: "putDirectory skips symbolic links",
    needs: ["list"],
    run: async ({ storage, directory, key, names }) => {
      const folder = await directory();
      await writeFile(join(folder, "a.txt"), "abc");
      await symlink("/etc/hostname", join(folder, "link.txt"));
      await storage.putDirectory(folder, key("x/"));
      assert.deepEqual(await names(), ["x/a.txt"]);
    },
  },
  {
    title: "putDirectory of a missing folder rejects with SourceError",
    run: async ({ storage, directory, key }) => {
      const missing = join(await directory(), "missing");
      await rejects("SourceError", storage.putDirectory(missing, key("x/")));
    },
  },
  {
    title: "putDirectory does not put a playlist if a segment failed",
    needs: ["list"],
    run: async ({ provider, createStorage, directory, key, names }) => {
      const folder = await directory();
      await makeStream(folder);
      const full = new StorageError("OutOfSpace", "the disk is full", {
        operation: "put",
        provider: provider.name,
      });
      const put: typeof provider.put = (name, body, options) =>
        name.endsWith("2.ts") ? Promise.reject(full) : provider.put(name, body, options);
      await rejects("PartialWrite", createStorage({ ...provider, put }).putDirectory(folder, key("video/")));
      assert.deepEqual(
        (await names()).filter((name) => name.endsWith(".m3u8")),
        [],
      );
    },
  },
  {
    title: "download writes the object to a file",
    needs: ["byteExact"],
    run: async ({ storage, put, key, directory }) => {
      await put("a.bin", BYTES);
      const path = join(await directory(), "a.bin");
      const info = await storage.download(key("a.bin"), path);
      assert.equal(info.size, BYTES.byteLength);
      sameBytes(await readFile(path), BYTES);
    },
  },
  {
    title: "download of a missing key rejects with NotFound and creates no file",
    run: async ({ storage, key, directory }) => {
      const folder = await directory();
      await rejects("NotFound", storage.download(key("missing.bin"), join(folder, "a.bin")));
      assert.deepEqual(await readdir(folder), []);
    },
  },
  {
    title: "a failed download leaves the old file unchanged, and leaves no other file behind",
    needs: ["byteExact"],
    run: async ({ provider, createStorage, put, key, directory }) => {
      await put("a.bin", BYTES);
      const folder = await directory();
      await writeFile(join(folder, "a.bin"), "the old file");
      const storage = createStorage(withBody(provider, (bytes) => bytes.subarray(0, 10)));
      await rejects("Integrity", storage.download(key("a.bin"), join(folder, "a.bin")));
      assert.deepEqual(await readdir(folder), ["a.bin"]);
      assert.equal(await readFile(join(folder, "a.bin"), "utf8"), "the old file");
    },
  },
  {
    title: "an interrupted download continues with a range from the byte where it stopped",
    needs: ["range", "byteExact"],
    run: async ({ provider, createStorage, put, key, directory }) => {
      await put("a.bin", BYTES);
      const path = join(await directory(), "a.bin");
      const offsets: number[] = [];
      const progress = new EventEmitter();
      const cut = cutOnce(provider, 100_000, progress, (offset) => void offsets.push(offset));
      const onProgress = (): void => void progress.emit("progress");
      await createStorage(cut).download(key("a.bin"), path, { onProgress });
      sameBytes(await readFile(path), BYTES);
      assert.deepEqual(offsets, [0, 100_000]);
    },
  },
  {
    title: "download into a missing folder rejects with InvalidArgument",
    run: async ({ storage, put, key, directory }) => {
      await put("a.bin", "abc");
      const path = join(await directory(), "missing", "a.bin");
      await rejects("InvalidArgument", storage.download(key("a.bin"), path));
    },
  },
];

function withBody(provider: StorageProvider, change: (bytes: Uint8Array) => Uint8Array): StorageProvider {
  const get: StorageProvider["get"] = async (key, options) => {
    const result = await provider.get(key, options);
    return { ...result, body: change(await readAll(result)) };
  };
  return { ...provider, get };
}

/** Returns a provider whose first get is faulty: the body fails after its first bytes. Later gets return whole bodies. */
function cutOnce(
  provider: StorageProvider,
  bytes: number,
  progress: EventEmitter,
  onOpen: (offset: number) => void,
): StorageProvider {
  let cut = false;
  const get: StorageProvider["get"] = async (key, options) => {
    const result = await provider.get(key, options);
    onOpen(result.range?.offset ?? 0);
    if (cut) return result;
    cut = true;
    return { ...result, body: cutAfter((await readAll(result)).subarray(0, bytes), progress, provider.name) };
  };
  return { ...provider, get };
}

function cutAfter(bytes: Uint8Array, progress: EventEmitter, provider: string): Readable {
  async function* part(): AsyncGenerator<Uint8Array> {
    const arrived = once(progress, "progress");
    yield bytes;
    await arrived;
    throw new StorageError("Unavailable", "the connection was reset", { operation: "get", provider });
  }
  return Readable.from(part(), { objectMode: false });
}
