import { parseXML } from "@aws-sdk/xml-builder";
import { readers } from "./answers.js";
import { createRandom, type Random } from "./random.test-support.js";
import { escapeXml } from "./xml.js";

/** Texts that a parser could take for something else than a text. */
const ODD = [
  "0012",
  "1e3",
  "true",
  "null",
  " lead",
  "trail ",
  "0x1F",
  "-0",
  "NaN",
  "__proto__",
  "a&b",
  "<x>",
  "]]>",
  "é",
  "中/文",
];

/** Writes a text in one of the ways in which XML can write it. */
function written(random: Random, text: string): string {
  const way = random.below(6);
  if (way === 0 && !text.includes("]]>")) return `<![CDATA[${text}]]>`;
  if (way === 1)
    return Array.from(text, (character) =>
      random.below(3) === 0 && character.length === 1
        ? `&#${random.below(2) === 0 ? `x${character.charCodeAt(0).toString(16)}` : character.charCodeAt(0)};`
        : escapeXml(character),
    ).join("");
  if (way === 2) return `${escapeXml(text)}<!-- <Key>no</Key> -->`;
  return escapeXml(text);
}

function space(random: Random): string {
  return random.pick(["", "", "\n", "\n  ", "\t", "\r\n"]);
}

function entry(random: Random): string {
  const key = random.below(3) === 0 ? random.pick(ODD) : `k${random.text(12)}k`;
  const fields = [
    `<Key>${written(random, key)}</Key>`,
    `<Size>${random.below(1e9)}</Size>`,
    `<ETag>${written(random, '"d41d8cd98f00b204e9800998ecf8427e"')}</ETag>`,
    `<LastModified>2026-11-30T20:15:${10 + random.below(50)}.000Z</LastModified>`,
    random.pick(["", "<StorageClass>STANDARD</StorageClass>", "<StorageClass/>"]),
    random.pick(["", "<Owner><ID>1</ID><DisplayName>o</DisplayName></Owner>"]),
  ];
  return `<Contents>${fields.map((field) => space(random) + field).join("")}${space(random)}</Contents>`;
}

/** Makes the answer to a listing. */
function listing(random: Random): string {
  const entries = Array.from({ length: random.below(4) }, () => entry(random) + space(random)).join("");
  const prefixes = Array.from(
    { length: random.below(3) },
    () => `<CommonPrefixes><Prefix>${written(random, `p${random.text(8)}/`)}</Prefix></CommonPrefixes>`,
  ).join("");
  return (
    `${random.pick(["", '<?xml version="1.0" encoding="UTF-8"?>', "<!-- > -->"])}${space(random)}` +
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${space(random)}<Name>b</Name>` +
    `${entries}${prefixes}<IsTruncated>${random.pick(["true", "false"])}</IsTruncated></ListBucketResult>`
  );
}

type Parsed = Record<string, unknown>;

function all(value: unknown): Parsed[] | undefined {
  if (value === undefined) return undefined;
  return (Array.isArray(value) ? value : [value]) as Parsed[];
}

/** Returns a listing as the SDK's parser reads it, in the form of this package's reader. */
function readBySdk(text: string): Parsed {
  const { ListBucketResult } = parseXML(text) as { readonly ListBucketResult: Parsed };
  const { IsTruncated, Contents, CommonPrefixes } = ListBucketResult;
  return {
    IsTruncated: IsTruncated === "true",
    EncodingType: undefined,
    NextContinuationToken: undefined,
    Contents: all(Contents)?.map(({ Key, Size, ETag, LastModified }) => ({
      Key,
      Size: Number(Size),
      ETag,
      LastModified: new Date(String(LastModified)),
    })),
    CommonPrefixes: all(CommonPrefixes)?.map(({ Prefix }) => ({ Prefix })),
  };
}

/** Reads random listings by this package and by the SDK's parser. Returns the first listing whose results differ. */
export function firstOtherReading(count: number, seed: number): object | undefined {
  const random = createRandom(seed);
  for (let number = 0; number < count; number++) {
    const text = listing(random);
    const own = JSON.stringify(readers.listing(text));
    const theirs = JSON.stringify(readBySdk(text));
    if (own !== theirs) return { text, own, theirs };
  }
  return undefined;
}
