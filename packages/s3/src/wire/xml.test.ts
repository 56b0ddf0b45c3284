import { describe, expect, it } from "vitest";
import { readRefusal, readers } from "./answers.js";
import { readXml } from "./xml.js";
import { firstOtherReading } from "./xml.test-support.js";

const SEED = Number(process.env["STOWAGE_SEED"] ?? 21);

/** Returns the elements without children, with their depths. */
function leaves(text: string): readonly string[] {
  const found: string[] = [];
  readXml(text, { leaf: (name, content, depth) => void found.push(`${depth} ${name}=${content}`) });
  return found;
}

describe("a document", () => {
  it(`is read as the SDK reads it: 3,000 random listings (seed ${SEED})`, () => {
    expect(firstOtherReading(3000, SEED)).toBeUndefined();
  });

  it.each([
    [
      "keeps numbers and spaces as they stand",
      "<a><b>0012</b><b> 1e3 </b><b>true</b></a>",
      ["2 b=0012", "2 b= 1e3 ", "2 b=true"],
    ],
    ["may be one element", "<a/>", ["1 a="]],
    ["may be one element with a text", "<a>x</a>", ["1 a=x"]],
    ["may have spaces in its tags", '<a >\n<b x="1" >y</b >\n</a >', ["2 b=y"]],
    ["may have a tag's end inside an attribute", `<a x=">" y='/>'><b>1</b></a>`, ["2 b=1"]],
    ["has its entities decoded", "<a><b>&lt;&amp;&#10;&#x1F600;&quot;&apos;&gt;</b></a>", ["2 b=<&\n😀\"'>"]],
    ["decodes entities once", "<a><b>&amp;lt;</b></a>", ["2 b=&lt;"]],
    ["has plain sections", "<a><b>1<![CDATA[<&>]]>2</b></a>", ["2 b=1<&>2"]],
    ["may have comments anywhere", "<!-- a --><a><!-- > --><b>1<!-- x -->2</b></a>", ["2 b=12"]],
    ["may begin with a byte order mark", "\uFEFF <a><b>1</b></a>", ["2 b=1"]],
    ["has its line ends in one form", "<a><b>1\r\n2\r3</b></a>", ["2 b=1\n2\n3"]],
    ["ignores what follows the root", "<a><b>1</b></a><c>2</c>", ["2 b=1"]],
    ["drops text between elements", "<a> x <b>1</b> y </a>", ["2 b=1"]],
  ])("%s", (_title, text, found) => {
    expect(leaves(text)).toEqual(found);
  });

  it.each([
    ["is empty", ""],
    ["is a text", "upstream connect error"],
    ["is JSON", '{"a":"<b></b>"}'],
    ["ends in a tag", "<a><b"],
    ["ends before its root ends", "<a><b>1</b>"],
    ["has tags that do not match", "<a><b>1</a></b>"],
    ["ends in a comment", "<a><!-- x"],
    ["ends in a plain section", "<a><![CDATA[x"],
    ["ends in an attribute", '<a b="x><c>1</c></a>'],
    ["has a tag without a name", "<a>< >1</a>"],
    ["has a document type", '<!DOCTYPE a [<!ENTITY b "bomb">]><a>&b;</a>'],
    ["has too many levels", "<a>".repeat(100)],
    ["closes what it has not opened", "</a>"],
  ])("that %s is refused", (_title, text) => {
    expect(() => leaves(text)).toThrow(expect.objectContaining({ name: "XmlError" }));
  });

  it.each([
    ["tags", "<a>".repeat(400_000)],
    ["ends of tags in an attribute", `<a b="${">".repeat(1_000_000)}`],
    ["entities", `<a>${"&amp".repeat(300_000)}</a>`],
    ["comments", `<a>${"<!-- -->".repeat(100_000)}</a>`],
    ["attributes", `<a ${'b="c" '.repeat(200_000)}`],
  ])("of a million %s is read or refused, and does not take minutes", (_title, text) => {
    try {
      leaves(text);
    } catch (error) {
      expect(error).toMatchObject({ name: "XmlError" });
    }
  });
});

describe("the reader of an answer", () => {
  it("refuses a page of HTML", () => {
    expect(() => readers.listing("<html><body>hello</body></html>")).toThrow("not a ListBucketResult");
  });

  it("skips the owner of an object, whose fields have the same names", () => {
    const text =
      "<ListBucketResult><Contents><Key>a</Key><Owner><ID>1</ID><Key>b</Key></Owner><Size>3</Size></Contents></ListBucketResult>";
    expect(readers.listing(text)).toMatchObject({ Contents: [{ Key: "a", Size: 3 }] });
  });

  it("has no size for a size that is no whole number", () => {
    const text = "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>";
    expect(readers.listing(text)).toMatchObject({ Contents: [{ Key: "a", Size: undefined }] });
  });

  it("of tags reads them all", () => {
    const tag = (name: string, value: string): string =>
      `<Tag><Key>${name}</Key><Value>${value}</Value></Tag>`;
    const text = `<Tagging><TagSet>${tag("a", "1")}${tag("b", "")}</TagSet></Tagging>`;
    expect(readers.tags(text)).toEqual({
      TagSet: [
        { Key: "a", Value: "1" },
        { Key: "b", Value: "" },
      ],
    });
    expect(readers.tags("<Tagging><TagSet/></Tagging>")).toEqual({ TagSet: [] });
  });

  it("of refusals has nothing for a text that is none", () => {
    expect(readRefusal("<html></html>")).toBeUndefined();
    expect(readRefusal("<Error><Code>NoSuchKey</Code>")).toBeUndefined();
    expect(readRefusal("<Error><Code>NoSuchKey</Code></Error>")).toMatchObject({ code: "NoSuchKey" });
  });
});
