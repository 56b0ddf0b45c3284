import { KEY_BYTES_MAX } from "@stowage/core";
import { keyProblem } from "@stowage/core/provider";
import { below, pick, randomNumbers } from "./random.test-support.js";

/** Where long segments are cut: the names around it are the interesting ones. */
const CUT = 198;

const DEVICES = [
  "con",
  "CON",
  "prn",
  "aux",
  "nul",
  "NUL",
  "com1",
  "COM9",
  "lpt1",
  "com¹",
  "con.txt",
  "nul.tar.gz",
];

const CHARACTERS = [
  ...` !"#$%&'()*+,-.:;<=>?@[]^_\`{|}~`.split(""),
  ..."aAzZ09éßñ中文ﬀＡİıſKÅ".split(""),
  "\u0301",
  "e\u0301",
  "\u00e9",
  "\u200b",
  "\u202e",
  "\ufeff",
  "\uffef",
  "\ue000",
  "😀",
  "👩‍👩‍👧",
  "\u{10ffff}",
];

const ENCODINGS = [
  "%",
  "%2F",
  "%2f",
  "%41",
  "%%",
  "%+",
  "%_",
  "a%",
  "a%+",
  "%2e%2e",
  "..%2f..%2fetc",
  "%00",
  "&amp;",
  "=?utf-8?",
];

const DOTS = [
  "a.",
  "a..",
  "a. ",
  " a",
  "a ",
  ".a",
  "..a",
  "...a",
  "a...",
  ".git",
  ".stowage",
  "a.b.c",
  "-rf",
  "--",
  "~",
];

/** Keys that one is a part of the other of, and folders with the name of a file. */
const NESTED = [
  "a",
  "a/b",
  "a/b/c",
  "a!",
  "a-",
  "a0",
  "a.b",
  "a/.",
  "a /b",
  "a%/b",
  "A",
  "A/B",
  "a/B",
  "ab",
  "a b",
  "objects/objects",
  ".stowage/layout.json",
  "layout.json",
  "tmp/x",
  "meta/x",
  "..a/..b",
];

/** Segments whose encoded form ends just before, at and just behind the cut, followed by whatever sorts around `/`. */
function longKeys(): string[] {
  const ends = ["", ".", "-", "0", ".-", "./b", "/b", "-/b", "é", ".é", ".con", "con", "nul.txt", "."];
  const lengths = [CUT - 4, CUT - 3, CUT - 2, CUT - 1, CUT, CUT + 1, 2 * CUT - 1, 2 * CUT, 2 * CUT + 1];
  const plain = lengths.flatMap((length) => ends.map((end) => "x".repeat(length) + end));
  const wide = ["é", "中", "😀", "%", "A", " "].flatMap((character) =>
    [60, 64, 65, 66, 67, 99, 100, 130, 200].map((count) => character.repeat(count)),
  );
  const shifted = wide.flatMap((segment) => [`a${segment}`, `ab${segment}`, `${segment}/b`]);
  return [...plain, ...wide, ...shifted, `con.${"x".repeat(CUT)}`, `${"x".repeat(CUT)}nul`, "y".repeat(1024)];
}

/** More than four hundred keys that something, somewhere, has trouble with. All can be in one store. */
export function oddKeys(): string[] {
  const candidates = [
    ...DEVICES,
    ...DEVICES.map((name) => `${name}/x`),
    ...CHARACTERS,
    ...CHARACTERS.flatMap((character) => [
      `a${character}`,
      `${character}a`,
      `a${character}b`,
      `${character}/${character}`,
    ]),
    ...ENCODINGS,
    ...ENCODINGS.map((text) => `${text}/x`),
    ...DOTS,
    ...DOTS.map((text) => `${text}/x`),
    ...NESTED,
    ...longKeys(),
  ];
  return [...new Set(candidates)].filter((key) => keyProblem(key) === undefined);
}

/** A key of any length, made of characters that matter to one file system or another. */
export function randomKey(random: () => number = randomNumbers()): string {
  for (;;) {
    const segments = Array.from({ length: 1 + below(4, random) }, () => randomSegment(random));
    const key = segments.join("/");
    if (keyProblem(key) === undefined && Buffer.byteLength(key) <= KEY_BYTES_MAX) return key;
  }
}

function randomSegment(random: () => number): string {
  const unit = pick([...CHARACTERS, ...ENCODINGS, ...DEVICES, ".", "x", "x".repeat(64)], random);
  const repeated = pick([1, 1, 1, 3, 66, 198], random);
  const rest = Array.from({ length: below(6, random) }, () => pick(CHARACTERS, random)).join("");
  return unit.repeat(Math.max(1, Math.min(repeated, Math.floor(300 / Buffer.byteLength(unit))))) + rest;
}
