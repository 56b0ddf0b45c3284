import { describe, expect, it } from "vitest";
import { keyFromPath } from "./key-from-path.js";

describe("keyFromPath", () => {
  it.each([
    ["a leading slash", "/2024/a.mp4", undefined, "2024/a.mp4"],
    ["several leading slashes", "//2024/a.mp4", undefined, "2024/a.mp4"],
    ["Windows separators", "2024\\01\\a.mp4", undefined, "2024/01/a.mp4"],
    ["mixed separators", "2024\\01/a.mp4", undefined, "2024/01/a.mp4"],
    ["a leading ./", "./uploads/a.mp4", undefined, "uploads/a.mp4"],
    ["segments of one dot", "a/./b/./c", undefined, "a/b/c"],
    ["doubled separators", "a//b\\\\c", undefined, "a/b/c"],
    ["a trailing slash", "a/b/", undefined, "a/b"],
    ["a relative root", "./uploads/2024/a.mp4", "uploads", "2024/a.mp4"],
    ["a root with ./ and a slash at its end", "uploads/a.mp4", "./uploads/", "a.mp4"],
    ["an absolute root", "/srv/app/uploads/a.mp4", "/srv/app/uploads", "a.mp4"],
    ["a root of Windows", "C:\\app\\uploads\\a b.mp4", "C:\\app\\uploads", "a b.mp4"],
    ["a root in the other notation", "C:\\app\\uploads\\a.mp4", "C:/app/uploads", "a.mp4"],
    ["a root above the working directory", "../uploads/a.mp4", "../uploads", "a.mp4"],
    ["a root that occurs twice, cut off once", "uploads/uploads/a.mp4", "uploads", "uploads/a.mp4"],
    ["a path without the root", "2024/a.mp4", "uploads", "2024/a.mp4"],
    ["a folder that only begins like the root", "uploads2/a.mp4", "uploads", "uploads2/a.mp4"],
  ])("understands %s", (_, text, root, key) => {
    expect(keyFromPath(text, { root })).toBe(key);
  });

  it.each(["a%2Fb", " a /b ", "caf\u00e9", "cafe\u0301", "A/b", "a?b#c"])(
    "leaves the rest as it is: %j",
    (text) => {
      expect(keyFromPath(text)).toBe(text);
    },
  );

  it.each([
    ["nothing is left", "", undefined],
    ["only separators are left", "//\\", undefined],
    ["it is the root itself", "uploads/", "uploads"],
    ["it leads out of the root", "uploads/../secret", "uploads"],
    ["it starts with ..", "../a", undefined],
    ["it leads out the way of Windows", "a\\..\\..\\b", undefined],
    ["it has a control character", "a\nb", undefined],
    ["it is not well-formed", "a\ud800", undefined],
    ["a segment is made of dots", "a/.../b", undefined],
    ["it is too long", "a".repeat(1025), undefined],
  ])("throws InvalidKey when %s", (_, text, root) => {
    expect(() => keyFromPath(text, { root })).toThrow(
      expect.objectContaining({ code: "InvalidKey", key: text }),
    );
  });

  it.each([null, undefined, 5, {}])("throws a TypeError for what is no text: %s", (text) => {
    expect(() => keyFromPath(text as never)).toThrow(TypeError);
  });
});
