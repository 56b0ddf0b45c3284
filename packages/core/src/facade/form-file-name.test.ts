import { describe, expect, it } from "vitest";
import { formFileName } from "./form-file-name.js";

const asParsersGive = (name: string): string => Buffer.from(name).toString("latin1");

describe("the name of a file of a form", () => {
  it.each(["Größe.pdf", "žádná zpráva.txt", "写真 😀.jpg", "plain.txt", "", "ﬁ.txt"])(
    "is put right: %s",
    (name) => {
      expect(formFileName(asParsersGive(name))).toBe(name);
    },
  );

  it.each(["写真.jpg", "Größe.pdf", "naïve 1–2.txt", "a\u0000b", "café"])(
    "stays when it was read rightly: %j",
    (name) => {
      expect(formFileName(name)).toBe(name);
    },
  );

  it("is a text", () => {
    expect(() => formFileName(undefined as never)).toThrow(
      "formFileName: name must be the name of a file, not undefined",
    );
  });
});
