import { describe, expect, it } from "vitest";
import { anyNumber, knownNames, oneOf, nonEmptyText, wholeNumber } from "./options.js";

describe("a whole number", () => {
  it("is given back", () => {
    expect(wholeNumber("retry", "attempts", 3, { least: 1 })).toBe(3);
  });

  it.each<readonly [unknown, object, string]>([
    [0, { least: 1 }, "f: count must be a whole number, at least 1, not 0"],
    [11, { least: 1, most: 10 }, "f: count must be a whole number from 1 to 10, not 11"],
    [1.5, {}, "f: count must be a whole number, at least 0, not 1.5"],
    ["1", {}, 'f: count must be a whole number, at least 0, not "1"'],
    [undefined, {}, "f: count must be a whole number, at least 0, not undefined"],
    [{}, {}, "f: count must be a whole number, at least 0, not an object"],
  ])("is not %o within %o", (value, limits, message) => {
    expect(() => wholeNumber("f", "count", value, limits)).toThrow(new TypeError(message));
  });

  it.each([
    ["idleMs", "milliseconds"],
    ["openMsMax", "milliseconds"],
    ["expiresInSeconds", "seconds"],
    ["expireAfterDays", "days"],
    ["partSizeBytes", "bytes"],
  ])("named %s is counted in %s", (name, unit) => {
    expect(() => wholeNumber("f", name, -1)).toThrow(
      `f: ${name} must be a whole number of ${unit}, at least 0, not -1`,
    );
  });
});

describe("a number", () => {
  it("need not be whole", () => {
    expect(anyNumber("hedge", "share", 0.05, { above: 0, most: 1 })).toBe(0.05);
  });

  it.each<readonly [unknown, object, string]>([
    [0, { above: 0 }, "f: share must be a number, above 0, not 0"],
    [2, { above: 0, most: 1 }, "f: share must be a number, above 0 and at most 1, not 2"],
    [Number.NaN, { most: 1 }, "f: share must be a number from 0 to 1, not NaN"],
    [Number.POSITIVE_INFINITY, {}, "f: share must be a number, at least 0, not Infinity"],
  ])("is not %o within %o", (value, limits, message) => {
    expect(() => anyNumber("f", "share", value, limits)).toThrow(new TypeError(message));
  });
});

describe("one of a few values", () => {
  it("is given back", () => {
    expect(oneOf("mirror", "writes", "all", ["all", "quorum"])).toBe("all");
  });

  it.each<readonly [readonly unknown[], string]>([
    [["*"], 'f: how must be "*", not "b"'],
    [["a", "c"], 'f: how must be "a" or "c", not "b"'],
    [["a", "c", "d"], 'f: how must be "a", "c" or "d", not "b"'],
    [[true, false], 'f: how must be true or false, not "b"'],
  ])("is said with all of %o", (allowed, message) => {
    expect(() => oneOf("f", "how", "b", allowed)).toThrow(new TypeError(message));
  });
});

describe("a text", () => {
  it("is not empty", () => {
    expect(nonEmptyText("local", "root", "uploads", "the path of a folder")).toBe("uploads");
    expect(() => nonEmptyText("local", "root", "", "the path of a folder")).toThrow(
      'local: root must be the path of a folder, not ""',
    );
  });
});

describe("names of options", () => {
  const names = { contentType: true, metadata: true, signal: true } as const;

  it("are known", () => {
    expect(() => knownNames("put", { contentType: "a/b" } as never as typeof names, names)).not.toThrow();
  });

  it.each([
    ["contenttype", 'put has no option "contenttype"; did you mean "contentType"?'],
    ["contentTypes", 'put has no option "contentTypes"; did you mean "contentType"?'],
    ["metaData", 'put has no option "metaData"; did you mean "metadata"?'],
    ["singal", 'put has no option "singal"; did you mean "signal"?'],
    ["toString", 'put has no option "toString"; its options are contentType, metadata, signal'],
    ["x", 'put has no option "x"; its options are contentType, metadata, signal'],
  ])("are refused when they are unknown: %s", (name, message) => {
    expect(() => knownNames("put", { [name]: 1 } as object as typeof names, names)).toThrow(
      new TypeError(message),
    );
  });

  it.each([
    [
      { signal: new AbortController() },
      "put: signal must be an AbortSignal, such as the signal of an AbortController, not",
    ],
    [{ onEvent: { onEvent: () => {} } }, "put: onEvent must be a function, not an object"],
  ])("are of the type that their name says: %o", (options, message) => {
    const known = { ...names, onEvent: true } as const;
    expect(() => knownNames("put", options as object as typeof known, known)).toThrow(message);
  });

  it("are not looked at when their value is undefined", () => {
    expect(() => knownNames("put", { x: undefined } as object as typeof names, names)).not.toThrow();
  });

  it.each([null, true, "text"])("are those of an object, not of %o", (options) => {
    expect(() => knownNames("put", options as unknown as typeof names, names)).toThrow(
      "put: options must be an object, not",
    );
  });
});
