import { describe, expect, it } from "vitest";
import { isStorageError } from "./errors.js";
import { KEY_BYTES_MAX, assertKey, assertPrefix, compareKeys, keyProblem, prefixProblem } from "./key.js";
import { randomNumbers, seed } from "../testing/random.test-support.js";

describe("a key", () => {
  it.each([
    ["one character", "a"],
    ["segments", "videos/42/original.mp4"],
    ["spaces inside and at its ends", " a b /c d "],
    ["dots with other characters", ".a/..b/c./d..e/...f"],
    ["dots and spaces with other characters", " .x. "],
    ["percent signs", "a%2fb%00/%2e%2e"],
    ["characters of URLs and shells", "a?b#c&d=e;f'g\"h*i|j<k>l:m"],
    ["letters of other scripts", "视频/ビデオ/فيديو.mp4"],
    ["composed and decomposed letters", "caf\u00e9/cafe\u0301"],
    ["emoji", "😀/👩‍👩‍👧.png"],
    ["a byte order mark", "\ufeffa"],
    ["line separators, which are no control characters", "a\u2028b\u2029"],
    ["names that JavaScript objects have", "__proto__/constructor"],
    ["device names of Windows", "con/nul.txt/aux"],
    ["a no-break space alone in a segment", "a/\u00a0/b"],
    ["the highest character", "\u{10fffd}"],
    ["1,024 bytes of one-byte characters", "k".repeat(1024)],
    ["1,024 bytes of two-byte characters", "é".repeat(512)],
    ["1,024 bytes of four-byte characters", "😀".repeat(256)],
    ["512 segments", Array.from({ length: 512 }, () => "a").join("/")],
  ])("may be made of %s", (_, key) => {
    expect(keyProblem(key)).toBeUndefined();
  });

  it.each([
    ["empty", ""],
    ["longer than 1,024 bytes", "k".repeat(1025)],
    ["longer than 1,024 bytes of two-byte characters", `${"é".repeat(512)}k`],
    ["longer than 1,024 bytes, though of fewer characters", "😀".repeat(257)],
    ["one with a leading slash", "/a"],
    ["one with a trailing slash", "a/"],
    ["one with a double slash", "a//b"],
    ["a slash", "/"],
    ["a dot", "."],
    ["two dots", ".."],
    ["three dots", "..."],
    ["one that leads out", "a/../b"],
    ["one that starts with two dots", "../a"],
    ["one that ends with two dots", "a/.."],
    ["one with a segment of a dot", "a/./b"],
    ["one with a segment of dots and spaces", "a/. ./b"],
    ["one with a segment of spaces", "a/  /b"],
    ["a space", " "],
    ["one with a backslash", "a\\b"],
    ["one of Windows", "..\\..\\a"],
    ["one with NUL", "a\0b"],
    ["one with a line break", "a\nb"],
    ["one with a tab", "a\tb"],
    ["one with DEL", "a\x7fb"],
    ["one with a C1 control", "a\u0080b"],
    ["one with the last C1 control", "a\u009fb"],
    ["one with U+FFFE", "a\ufffeb"],
    ["one with U+FFFF", "a\uffffb"],
    ["one with a lone high surrogate", "a\ud800b"],
    ["one with a lone low surrogate", "a\udc00"],
    ["one with surrogates in the wrong order", "\udc00\ud800"],
  ])("is not %s", (_, key) => {
    expect(() => assertKey(key, "put", "disk")).toThrow(
      expect.objectContaining({ code: "InvalidKey", applied: "no", operation: "put", provider: "disk", key }),
    );
  });

  it.each([null, undefined, 1, {}, ["a"], Symbol("a"), Buffer.from("a")])(
    "of another type is a TypeError: %s",
    (key) => {
      expect(() => assertKey(key as string, "get", "disk")).toThrow(TypeError);
    },
  );

  it("is measured in bytes of UTF-8", () => {
    expect(KEY_BYTES_MAX).toBe(1024);
    expect(keyProblem("é".repeat(513))).toContain("1026 bytes");
  });

  it("is never shown raw in a message", () => {
    const hostile = "a\u001b[31m\nb";
    expect(() => assertKey(hostile, "put", "disk")).toThrow(/^[^\u001b\n]*$/);
  });

  it("of a million characters is refused quickly, and not shown whole", () => {
    try {
      assertKey("a/".repeat(500_000), "put", "disk");
      expect.unreachable();
    } catch (error) {
      expect(isStorageError(error, "InvalidKey")).toBe(true);
      expect((error as Error).message.length).toBeLessThan(400);
    }
  });
});

describe("a prefix", () => {
  it.each(["", "a", "a/", "a/b", "a/.", "..", " ", "k".repeat(1024)])("may end anywhere: %j", (prefix) => {
    expect(prefixProblem(prefix)).toBeUndefined();
  });

  it.each(["/a", "a//", "a//b", "./a", "a/../b", "a\\", "a\0", "\ud800", "k".repeat(1025)])(
    "of no possible key is refused: %j",
    (prefix) => {
      expect(() => assertPrefix(prefix, "list", "disk")).toThrow(
        expect.objectContaining({ code: "InvalidKey" }),
      );
    },
  );
});

describe("the order of keys", () => {
  const alphabet = [
    "a",
    "b",
    "/",
    "-",
    "~",
    "é",
    "\u0800",
    "\ud7ff",
    "\ue000",
    "\ufffd",
    "\u{10000}",
    "😀",
    "\u{10ffff}",
  ];

  it(`is that of their UTF-8 bytes (seed ${seed})`, () => {
    const random = randomNumbers();
    const text = (): string =>
      Array.from(
        { length: Math.floor(random() * 6) },
        () => alphabet[Math.floor(random() * alphabet.length)],
      ).join("");
    for (let round = 0; round < 20_000; round++) {
      const [a, b] = [text(), text()];
      expect([a, b, Math.sign(compareKeys(a, b))]).toEqual([
        a,
        b,
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      ]);
    }
  });

  it(`sorts any characters as their bytes (seed ${seed})`, () => {
    const random = randomNumbers();
    const character = (): string => {
      const code = Math.floor(random() * 0x110000);
      return String.fromCodePoint(code >= 0xd800 && code < 0xe000 ? code - 0xd800 : code);
    };
    const keys = Array.from({ length: 5000 }, () => character() + character());
    const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...keys].sort(compareKeys)).toEqual(byBytes);
  });

  it("is not JavaScript's where a surrogate pair meets U+FFFD", () => {
    const keys = ["\ufffd", "😀"];
    expect([...keys].sort()).toEqual(["😀", "\ufffd"]);
    expect([...keys].sort(compareKeys)).toEqual(["\ufffd", "😀"]);
  });

  it("puts a key before those that it begins", () => {
    expect(compareKeys("a", "a/b")).toBeLessThan(0);
    expect(compareKeys("a", "a")).toBe(0);
  });
});
