import { describe, expect, it } from "vitest";
import { packCursor, unpackCursor, unpackKeyCursor } from "./cursor.js";

describe("a cursor", () => {
  it.each(["a", "a/b", "é😀", "\u2028"])("gives back the position it was made of: %j", (position) => {
    const cursor = packCursor(position, { prefix: "p/", delimiter: "/" });
    expect(unpackKeyCursor({ prefix: "p/", delimiter: "/", cursor }, "disk")).toBe(position);
  });

  it("is made of characters that pass through URLs", () => {
    expect(packCursor("?&=/+%😀", {})).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it("is undefined where a listing starts", () => {
    expect(unpackCursor({}, "disk")).toBeUndefined();
  });

  it("belongs to its listing, whether the prefix is empty or not given", () => {
    expect(unpackCursor({ prefix: "", cursor: packCursor("a", {}) }, "disk")).toBe("a");
  });

  it.each([
    ["another prefix", { prefix: "b" }],
    ["another delimiter", { prefix: "a", delimiter: "/" as const }],
    ["no prefix", {}],
  ])("of a listing with %s is InvalidArgument", (_, options) => {
    const cursor = packCursor("a/b", { prefix: "a" });
    expect(() => unpackCursor({ ...options, cursor }, "disk")).toThrow(
      expect.objectContaining({ code: "InvalidArgument", operation: "list", provider: "disk" }),
    );
  });

  it.each([
    ["nothing", ""],
    ["noise", "????"],
    ["text that is no JSON", Buffer.from("hello").toString("base64url")],
    ["JSON of another form", Buffer.from("{}").toString("base64url")],
    ["null", Buffer.from("null").toString("base64url")],
    ["a cursor of another version", Buffer.from('[2,"","","a"]').toString("base64url")],
    ["a position that is no key", packCursor({ after: "a" }, {})],
    ["a position that is missing", packCursor(undefined, {})],
  ])("made of %s is InvalidArgument", (_, cursor) => {
    expect(() => unpackKeyCursor({ cursor }, "disk")).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });
});
