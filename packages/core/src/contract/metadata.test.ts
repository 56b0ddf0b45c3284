import { describe, expect, it } from "vitest";
import { METADATA_BYTES_MAX, assertHeaders, assertMetadata } from "./metadata.js";

const invalid = expect.objectContaining({
  code: "InvalidArgument",
  applied: "no",
  key: "a",
  provider: "disk",
});
const check = (metadata: unknown) => (): void => assertMetadata(metadata as never, "a", "disk");

describe("metadata", () => {
  it.each([
    ["none", {}],
    ["names of tokens", { "a-b_c.d": "x", "x!#$%&'*+^`|~": "y", "1": "z" }],
    ["an empty value", { a: "" }],
    ["text of any script", { title: "Grüße 世界 😀" }],
    ["spaces inside", { title: "a  b" }],
    [
      "names of objects' own",
      Object.fromEntries([
        ["__proto__", "x"],
        ["constructor", "y"],
      ]),
    ],
    ["an object without a prototype", Object.assign(Object.create(null) as object, { a: "b" })],
    ["exactly 2,048 bytes", { a: "x".repeat(METADATA_BYTES_MAX - 1) }],
  ])("may be %s", (_, metadata) => {
    expect(check(metadata)).not.toThrow();
  });

  it.each([
    ["a line break in a value", { a: "x\r\ny" }],
    ["a NUL in a value", { a: "x\0" }],
    ["a C1 control in a value", { a: "x\u0085y" }],
    ["a line separator in a value", { a: "x\u2028y" }],
    ["a value that is not well-formed", { a: "\ud800" }],
    ["a space at the start of a value", { a: " x" }],
    ["a space at the end of a value", { a: "x " }],
    ["a no-break space at the end of a value", { a: "x\u00a0" }],
    ["a name in upper case", { Title: "x" }],
    ["an empty name", { "": "x" }],
    ["a name with a space", { "a b": "x" }],
    ["a name with a colon", { "a:b": "x" }],
    ["a name that is not ASCII", { größe: "x" }],
    ["a name of 129 characters", { ["n".repeat(129)]: "x" }],
    ["a reserved name", { "stowage-write-id": "x" }],
    ["2,049 bytes", { a: "x".repeat(METADATA_BYTES_MAX) }],
    ["2,049 bytes of few characters", { a: "é".repeat(METADATA_BYTES_MAX / 2) }],
  ])("is refused with InvalidArgument for %s", (_, metadata) => {
    expect(check(metadata)).toThrow(invalid);
  });

  it.each([
    ["null", null],
    ["an array", ["a"]],
    ["text", "a=b"],
    ["a Map", new Map([["a", "b"]])],
    ["Headers", new Headers({ a: "b" })],
    ["a number as value", { a: 1 }],
    ["null as value", { a: null }],
    ["an array as value", { a: ["b"] }],
    ["undefined as value", { a: undefined }],
  ])("is a TypeError for %s", (_, metadata) => {
    expect(check(metadata)).toThrow(TypeError);
  });
});

describe("headers", () => {
  const checkHeaders = (headers: unknown) => (): void => assertHeaders(headers as never, "a", "disk");

  it.each([
    [{}],
    [{ contentType: "video/mp4" }],
    [{ contentType: 'text/plain; charset="utf-8"' }],
    [{ contentType: "application/vnd.a+json;v=1" }],
    [{ cacheControl: "public, max-age=31536000, immutable" }],
    [{ contentDisposition: "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf" }],
    [{ contentType: undefined, cacheControl: undefined, contentDisposition: undefined }],
  ])("may be %j", (headers) => {
    expect(checkHeaders(headers)).not.toThrow();
  });

  it.each([
    [{ contentType: "" }],
    [{ contentType: "video" }],
    [{ contentType: "/mp4" }],
    [{ contentType: "video/" }],
    [{ contentType: "video/mp4\r\nX-Evil: 1" }],
    [{ contentType: " video/mp4" }],
    [{ cacheControl: "no-cache\n" }],
    [{ cacheControl: "" }],
    [{ contentDisposition: 'attachment; filename="ü.pdf"' }],
    [{ contentDisposition: "x".repeat(1025) }],
    [{ contentDisposition: "a\tb" }],
  ])("are refused with InvalidArgument: %j", (headers) => {
    expect(checkHeaders(headers)).toThrow(invalid);
  });

  it.each([{ contentType: 1 }, { cacheControl: null }, { contentDisposition: ["x"] }])(
    "of another type are a TypeError: %j",
    (headers) => {
      expect(checkHeaders(headers)).toThrow(TypeError);
    },
  );
});
