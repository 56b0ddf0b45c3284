import { describe, expect, it } from "vitest";
import { parseRange } from "./parse-range.js";

describe("parseRange", () => {
  it.each([
    ["bytes=0-99", { offset: 0, length: 100 }],
    ["bytes=5-5", { offset: 5, length: 1 }],
    ["Bytes=10-", { offset: 10 }],
    ["bytes=-7", { suffix: 7 }],
    ["bytes=-0", { suffix: 0 }],
    ["bytes= 1-2 ", { offset: 1, length: 2 }],
  ])("reads one range: %s", (header, range) => {
    expect(parseRange(header)).toEqual(range);
  });

  it("cuts numbers beyond every object", () => {
    const { offset, length = 0 } = parseRange("bytes=1-99999999999999999999") as {
      offset: number;
      length?: number;
    };
    expect(offset).toBe(1);
    expect(Number.isSafeInteger(offset + length)).toBe(true);
  });

  it.each([
    null,
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=5-2",
    "bytes=a-b",
    "bytes=1.5-2",
    "bytes=0-1,3-4",
    "bytes=0-1,",
    "items=0-1",
    "bytes 0-1",
    "bytes=+1-2",
  ])("ignores everything else: %s", (header) => {
    expect(parseRange(header)).toBeUndefined();
  });
});
