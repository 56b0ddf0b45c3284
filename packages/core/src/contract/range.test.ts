import { describe, expect, it } from "vitest";
import { assertRange } from "../facade/check.js";
import { resolveRange } from "./range.js";

const context = { key: "a", provider: "disk" };

describe("a range", () => {
  it.each([
    [{ offset: 0 }, { offset: 0, length: 10 }],
    [{ offset: 9 }, { offset: 9, length: 1 }],
    [
      { offset: 3, length: 4 },
      { offset: 3, length: 4 },
    ],
    [
      { offset: 3, length: 7 },
      { offset: 3, length: 7 },
    ],
    [
      { offset: 3, length: 8 },
      { offset: 3, length: 7 },
    ],
    [
      { offset: 0, length: Number.MAX_SAFE_INTEGER },
      { offset: 0, length: 10 },
    ],
    [{ suffix: 1 }, { offset: 9, length: 1 }],
    [{ suffix: 10 }, { offset: 0, length: 10 }],
    [{ suffix: 11 }, { offset: 0, length: 10 }],
  ])("%j of ten bytes is %j", (range, served) => {
    expect(resolveRange(range, 10, context)).toEqual({ ...served, size: 10 });
  });

  it.each([
    [{ offset: 10 }, 10],
    [{ offset: 11, length: 1 }, 10],
    [{ offset: 0 }, 0],
    [{ suffix: 5 }, 0],
  ])("%j of %d bytes is InvalidRange", (range, size) => {
    expect(() => resolveRange(range, size, context)).toThrow(
      expect.objectContaining({ code: "InvalidRange", operation: "get", applied: "no", ...context }),
    );
  });

  it.each([
    null,
    "bytes=0-1",
    5,
    {},
    { offset: -1 },
    { offset: 1.5 },
    { offset: "0" },
    { offset: Number.NaN },
    { offset: 0, length: 0 },
    { offset: 0, length: -1 },
    { offset: 0, length: Number.POSITIVE_INFINITY },
    { offset: 2 ** 53 },
    { suffix: 0 },
    { suffix: -1 },
    { suffix: undefined },
  ])("that is none is a TypeError: %j", (range) => {
    expect(() => assertRange(range as never)).toThrow(TypeError);
  });

  it.each([{ offset: 0 }, { offset: 0, length: 1 }, { offset: 5, length: undefined }, { suffix: 1 }])(
    "is accepted: %j",
    (range) => {
      expect(() => assertRange(range)).not.toThrow();
    },
  );
});
