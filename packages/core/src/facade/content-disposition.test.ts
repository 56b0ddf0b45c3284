import { describe, expect, it } from "vitest";
import { contentDisposition } from "./content-disposition.js";
import { assertHeaders } from "../contract/metadata.js";

/** The name as a browser reads it. */
function nameIn(header: string): string {
  const [, extended] = /filename\*=UTF-8''([^;]+)/.exec(header) ?? [];
  return extended === undefined
    ? (/filename="([^"]*)"/.exec(header)?.[1] ?? "")
    : decodeURIComponent(extended);
}

describe("a disposition", () => {
  it.each([
    ["report.pdf", 'attachment; filename="report.pdf"'],
    ["My holiday (1).mp4", 'attachment; filename="My holiday (1).mp4"'],
    ["Übersicht.pdf", `attachment; filename="_bersicht.pdf"; filename*=UTF-8''%C3%9Cbersicht.pdf`],
    ['say "hi".txt', `attachment; filename="say _hi_.txt"; filename*=UTF-8''say%20%22hi%22.txt`],
    ["it's*.txt", 'attachment; filename="it\'s*.txt"'],
    ["100%41.txt", `attachment; filename="100_41.txt"; filename*=UTF-8''100%2541.txt`],
    ["é'(*).txt", `attachment; filename="_'(*).txt"; filename*=UTF-8''%C3%A9%27%28%2A%29.txt`],
  ])("names %j", (name, header) => {
    expect(contentDisposition("attachment", name)).toBe(header);
    expect(nameIn(header)).toBe(name);
  });

  it.each([
    ["../../etc/passwd", ".._.._etc_passwd"],
    ["C:\\temp\\a.txt", "C:_temp_a.txt"],
    ["a\r\nSet-Cookie: b=c.txt", "aSet-Cookie: b=c.txt"],
    ["photo\u202Egpj.exe", "photogpj.exe"],
    ["\u2067a\u2069.txt", "a.txt"],
    ["a\u0000\u0085\u2028b.txt", "ab.txt"],
    ["😀 日本.txt", "😀 日本.txt"],
    ["a\ud800.txt", "a\ufffd.txt"],
    ["", "download"],
    [" \t ", "download"],
  ])("of %j is a safe one", (name, safe) => {
    const header = contentDisposition("inline", name);
    expect(header).toMatch(/^inline; filename="[\x20-\x7e]*"/);
    expect(nameIn(header)).toBe(safe);
  });

  it("of a long name is shortened before its extension, to what a header takes", () => {
    const header = contentDisposition("attachment", `${"日".repeat(300)}.mp4`);
    expect(nameIn(header)).toBe(`${"日".repeat(65)}.mp4`);
    expect(() => assertHeaders({ contentDisposition: header }, "a", "p")).not.toThrow();
  });

  it.each([
    ["form-data", "a"],
    ["attachment", 7],
  ])("of %j and %j is a TypeError", (type, name) => {
    expect(() => contentDisposition(type as "inline", name as string)).toThrow(TypeError);
  });
});
