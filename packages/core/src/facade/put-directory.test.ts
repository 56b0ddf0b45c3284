import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createStorage } from "./create-storage.js";
import type { StorageError } from "../contract/errors.js";
import { memory } from "../memory/memory.js";
import { failing, testMember, type TestMember } from "../testing/member.test-support.js";
import { rejection } from "../testing/streams.test-support.js";

const MASTER = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/index.m3u8\n";
const MEDIA = "#EXTM3U\n#EXTINF:4,\nseg_0.ts\n";

let directory: string;
const cwd = process.cwd();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "stowage-put-directory-"));
  await write({
    "master.m3u8": MASTER,
    "720p/index.m3u8": MEDIA,
    "720p/seg_0.ts": "ts",
    "720p/seg_1.ts": "ts",
    "audio/INDEX.M3U8": MEDIA,
    "audio/a.m4s": "m4s",
    "dash/manifest.mpd": "<MPD/>",
    "thumb.jpg": "jpg",
  });
});

afterEach(async () => {
  process.chdir(cwd);
  await rm(directory, { recursive: true, force: true });
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(directory, name, ".."), { recursive: true });
    await writeFile(join(directory, name), content);
  }
}

const putsOf = ({ calls }: TestMember): string[] =>
  calls.filter((call) => call.startsWith("put ")).map((call) => call.slice(4));

describe("putDirectory", () => {
  it("puts segments first, then their playlists, then the master", async () => {
    const member = testMember("disk");
    await createStorage(member.provider).putDirectory(directory, "v/1/", { concurrency: 1 });
    expect(putsOf(member)).toEqual([
      "v/1/720p/seg_0.ts",
      "v/1/720p/seg_1.ts",
      "v/1/audio/a.m4s",
      "v/1/thumb.jpg",
      "v/1/720p/index.m3u8",
      "v/1/audio/INDEX.M3U8",
      "v/1/dash/manifest.mpd",
      "v/1/master.m3u8",
    ]);
  });

  it("begins no playlist before the last segment is there", async () => {
    let segments = 0;
    const member = testMember("disk", {
      fault: async ({ key }, next) => {
        if (key?.endsWith(".m3u8")) expect(segments).toBe(4);
        await new Promise((resolve) => setTimeout(resolve, key?.endsWith("seg_0.ts") ? 10 : 0));
        const result = await next();
        if (!/m3u8|mpd/i.test(key ?? "")) segments++;
        return result;
      },
    });
    expect(
      await createStorage(member.provider).putDirectory(directory, "v/", { concurrency: 8 }),
    ).toHaveLength(8);
  });

  it("gives every file its content type", async () => {
    const infos = await createStorage(memory()).putDirectory(directory, "v/");
    const types = Object.fromEntries(infos.map(({ key, contentType }) => [key, contentType]));
    expect(types).toMatchObject({
      "v/720p/seg_0.ts": "video/mp2t",
      "v/720p/index.m3u8": "application/vnd.apple.mpegurl",
      "v/audio/a.m4s": "video/iso.segment",
      "v/dash/manifest.mpd": "application/dash+xml",
      "v/thumb.jpg": "image/jpeg",
    });
  });

  it("takes options for each file by its key", async () => {
    const storage = createStorage(memory());
    await storage.putDirectory(directory, "v/", {
      optionsFor: (key) => ({ cacheControl: key.endsWith(".m3u8") ? "no-cache" : "immutable" }),
    });
    expect((await storage.head("v/master.m3u8")).cacheControl).toBe("no-cache");
    expect((await storage.head("v/thumb.jpg")).cacheControl).toBe("immutable");
  });

  it.each([
    ["with a slash at its end", () => `${directory}/`],
    ["in another notation", () => join(directory, "720p", "..") + "/./"],
    ["that is the working directory", () => (process.chdir(directory), ".")],
    ["relative to the working directory", () => (process.chdir(join(directory, "720p")), "..")],
    ["with ./ in front", () => (process.chdir(join(directory, "..")), `./${directory.split("/").at(-1)}`)],
  ])("takes a folder %s", async (_, path) => {
    const infos = await createStorage(memory()).putDirectory(path(), "");
    expect(infos.map(({ key }) => key).sort()).toContain("720p/seg_0.ts");
    expect(infos.map(({ key }) => key)).toContain("thumb.jpg");
    expect(infos).toHaveLength(8);
  });

  it("leaves symbolic links out", async () => {
    await symlink("/etc/passwd", join(directory, "passwd"));
    await symlink("/etc", join(directory, "etc"));
    const infos = await createStorage(memory()).putDirectory(directory, "v/");
    expect(infos.map(({ key }) => key).filter((key) => /passwd|etc/.test(key))).toEqual([]);
  });

  it("of an empty folder puts nothing", async () => {
    await mkdir(join(directory, "empty"));
    expect(await createStorage(memory()).putDirectory(join(directory, "empty"), "v/")).toEqual([]);
  });

  it("rejects with PartialWrite when files fail, one attempt for each, and begins no later stage", async () => {
    const member = testMember("disk");
    const denied = failing("PermissionDenied");
    member.fault = (call, next) => (call.key?.includes("seg_") ? denied(call, next) : next());
    const error = (await rejection(
      createStorage(member.provider).putDirectory(directory, "v/"),
    )) as StorageError;
    expect(error).toMatchObject({
      code: "PartialWrite",
      applied: "yes",
      operation: "putDirectory",
      key: "v/",
    });
    expect(error.attempts?.map(({ error: { key } }) => key)).toEqual(["v/720p/seg_0.ts", "v/720p/seg_1.ts"]);
    expect(putsOf(member).some((key) => /m3u8/i.test(key))).toBe(false);
  });

  it("rejects with SourceError when the folder cannot be read", async () => {
    const storage = createStorage(memory());
    for (const path of [join(directory, "nothing"), join(directory, "thumb.jpg")]) {
      expect(await rejection(storage.putDirectory(path, "v/"))).toMatchObject({
        code: "SourceError",
        operation: "putDirectory",
      });
    }
  });

  it.skipIf(process.getuid?.() === 0)("rejects with SourceError when a playlist cannot be read", async () => {
    const { chmod } = await import("node:fs/promises");
    await chmod(join(directory, "master.m3u8"), 0);
    expect(await rejection(createStorage(memory()).putDirectory(directory, "v/"))).toMatchObject({
      code: "SourceError",
    });
  });

  it.each(["v", "/", "v//", "../", "\\"])("refuses a prefix that is no folder: %j", async (prefix) => {
    const member = testMember("disk");
    expect(await rejection(createStorage(member.provider).putDirectory(directory, prefix))).toMatchObject({
      code: "InvalidArgument",
    });
    expect(member.calls).toEqual([]);
  });

  it("rejects with the reason of an abort", async () => {
    const controller = new AbortController();
    const member = testMember("disk", { fault: (call, next) => (controller.abort("stop"), next()) });
    const { signal } = controller;
    expect(await rejection(createStorage(member.provider).putDirectory(directory, "v/", { signal }))).toBe(
      "stop",
    );
    expect(putsOf(member).some((key) => /m3u8/i.test(key))).toBe(false);
  });
});
