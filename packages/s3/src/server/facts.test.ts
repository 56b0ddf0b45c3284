import { describe, expect, it } from "vitest";
import { fromHeaders, toFields } from "./facts.js";

const METADATA: readonly Readonly<Record<string, string>>[] = [
  { plain: "value", "with-dash": "a b" },
  { under_score: "x", "dotted.name": "y", "-dash": "z" },
  { ünïcode: "ä 😀", title: "日本語" },
  { __proto__x: "1", constructor: "2", "a=b&c": "d=e&f" },
  { empty: "", percent: "100%25", encodedword: "=?utf-8?q?x?=", spaces: "a  b" },
  { long: "x".repeat(2000) },
  { wide: "é".repeat(900) },
];

describe("metadata", () => {
  it.each(METADATA)("comes back as it was given, in headers that every server keeps: %j", (metadata) => {
    const { metadata: headers } = toFields({ metadata }, "text/plain");
    for (const [name, value] of Object.entries(headers)) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(value).toMatch(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/);
      expect(value.length).toBeLessThanOrEqual(256);
    }
    expect(fromHeaders(headers)).toEqual({ metadata, writeId: undefined });
  });

  it("keeps a name that is special to JavaScript", () => {
    const metadata = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const { metadata: headers } = toFields({ metadata }, "text/plain");
    expect(Object.entries(fromHeaders(headers).metadata ?? {})).toEqual([["__proto__", "x"]]);
  });

  it("stays readable for other tools where it can", () => {
    expect(toFields({ metadata: { title: "a b" } }, "text/plain").metadata).toEqual({ title: "a b" });
  });

  it("is none when nothing was given", () => {
    expect(fromHeaders(toFields({}, "text/plain").metadata)).toEqual({
      metadata: undefined,
      writeId: undefined,
    });
  });

  it("holds the write id apart", () => {
    const { metadata } = toFields({ metadata: { a: "b" }, writeId: "W-1" }, "text/plain");
    expect(fromHeaders(metadata)).toEqual({ metadata: { a: "b" }, writeId: "W-1" });
  });

  it("of another tool that looks like ours but is damaged is left out, and the rest is given", () => {
    expect(fromHeaders({ "stowage-metadata-0": "a=%E0%A4%A", b: "c" }).metadata).toEqual({ b: "c" });
  });
});
