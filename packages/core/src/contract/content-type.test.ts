import { describe, expect, it } from "vitest";
import { CONTENT_TYPE_UNKNOWN, contentTypeOf, extensionOf } from "./content-type.js";

describe("the content type of a key", () => {
  it.each([
    ["video/seg_001.ts", "video/mp2t"],
    ["video/master.m3u8", "application/vnd.apple.mpegurl"],
    ["video/a.mov", "video/quicktime"],
    ["video/a.mp4", "video/mp4"],
    ["video/a.m4s", "video/iso.segment"],
    ["video/a.mpd", "application/dash+xml"],
    ["video/a.webm", "video/webm"],
    ["a.m4a", "audio/mp4"],
    ["a.mp3", "audio/mpeg"],
    ["a.vtt", "text/vtt"],
    ["a.jpg", "image/jpeg"],
    ["a.JPEG", "image/jpeg"],
    ["a.html", "text/html"],
    ["a.json", "application/json"],
    ["a.js", "text/javascript"],
  ])("is the right one for media and the web: %s", async (key, type) => {
    expect(await contentTypeOf(key)).toBe(type);
  });

  it.each([
    ["a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    ["a.tar.gz", "application/gzip"],
    ["a.md", "text/markdown"],
    ["a.EPUB", "application/epub+zip"],
  ])("comes from mime-types for the rest: %s", async (key, type) => {
    expect(await contentTypeOf(key)).toBe(type);
    expect(await contentTypeOf(key)).toBe(type);
  });

  it.each([
    "a",
    "a.",
    ".mp4",
    "x/.mp4",
    "mp4/a",
    "a.mp4/b",
    "a.unheard-of",
    "a.__proto__",
    "a.constructor",
    "a.mp4 ",
    "a..",
    "a.%6dp4",
  ])("is unknown where no extension tells it: %j", async (key) => {
    expect(await contentTypeOf(key)).toBe(CONTENT_TYPE_UNKNOWN);
  });
});

describe("the extension of a key", () => {
  it.each([
    ["a.MP4", "mp4"],
    ["a.tar.gz", "gz"],
    ["x.y/a.ts", "ts"],
    ["x.y/a", undefined],
    [".env", undefined],
    ["x/.env", undefined],
    ["a.", undefined],
  ])("of %s is %s", (key, extension) => {
    expect(extensionOf(key)).toBe(extension);
  });
});
