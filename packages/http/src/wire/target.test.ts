import { describe, expect, it } from "vitest";
import { keyOfPath, keyOfTarget, pathOfKey, splitTarget } from "./target.js";

describe("keyOfPath", () => {
  it.each([
    ["/files/a/b.mp4", "a/b.mp4"],
    ["/files/a%20b", "a b"],
    ["/files/%C3%BC", "ü"],
    ["/files/%c3%bc", "ü"],
    ["/files/%41", "A"],
    ["/files/a+b", "a+b"],
    ["/files/a%2Bb", "a+b"],
    ["/files/(1)!$&'*,;=:@", "(1)!$&'*,;=:@"],
    ["/files/100%25", "100%"],
    ["/files/%252e%252e", "%2e%2e"],
    ["/files/a%3Fb%23c", "a?b#c"],
    ["/files/.hidden", ".hidden"],
  ])("decodes a path once: %s", (path, key) => {
    expect(keyOfPath(path, "/files")).toBe(key);
  });

  it.each([
    "/files",
    "/files/",
    "/files//a",
    "/files/a/",
    "/files/a//b",
    "/other/a",
    "/filesa",
    "files/a",
    "//files/a",
    "/files/..",
    "/files/../a",
    "/files/a/../b",
    "/files/%2e%2e/b",
    "/files/.%2e/b",
    "/files/%2E/b",
    "/files/...",
    "/files/a%2fb",
    "/files/a%2Fb",
    "/files/a%5cb",
    "/files/a\\b",
    "/files/a%00",
    "/files/a%0d%0ab",
    "/files/a%7f",
    "/files/%",
    "/files/%4",
    "/files/%zz",
    "/files/%ff",
    "/files/%c0%ae",
    "/files/%ed%a0%80",
    "/files/a b",
    "/files/ü",
    "/files/a[1]",
    '/files/a"b',
    "/files/a<b",
    "/files/a|b",
    "/files/a#b",
    `/files/${"a".repeat(1025)}`,
    `/files/${"%C3%BC".repeat(513)}`,
  ])("names no object in any other spelling: %s", (path) => {
    expect(keyOfPath(path, "/files")).toBeUndefined();
  });

  it("is undone by pathOfKey for every key", () => {
    for (const key of ["a", "a/b c/ü.mp4", "100%", "a?b#c", "a+b", "(1)!$&'*,;=:@", '"<>|[]{}^`', "%2e%2e"]) {
      expect(keyOfPath(pathOfKey(key, "/files"), "/files")).toBe(key);
      expect(keyOfPath(pathOfKey(key))).toBe(key);
    }
  });
});

describe("keyOfTarget", () => {
  it("takes the target as it is", () => {
    expect(keyOfTarget("/files/a%20b?download", "/files")).toBe("a b");
    expect(keyOfTarget("http://example.com/files/a", "/files")).toBe("a");
    expect(keyOfTarget("/files/../a", "/files")).toBeUndefined();
  });
});

describe("splitTarget", () => {
  it.each([
    ["/a?b=c", "/a", "b=c"],
    ["/a", "/a", ""],
    ["/a?b?c", "/a", "b?c"],
    ["http://example.com/a?b", "/a", "b"],
    ["HTTPS://example.com:8443/a", "/a", ""],
    ["http://example.com", "/", ""],
    ["http://example.com?a", "/", "a"],
    ["//example.com/a", "//example.com/a", ""],
    ["*", "*", ""],
  ])("keeps each part as it was sent: %s", (target, path, query) => {
    expect(splitTarget(target)).toEqual({ path, query });
  });
});
