import { describe, expect, it } from "vitest";
import { isKnownAgain } from "./root-identity.js";

const OVERLAY = 0x794c7630;
const MARKER = { layout: "plain", fold: false, longNames: false, id: "one" } as const;
const identity = { dev: 1n, ino: 2n, birthtimeNs: 3n };
const known = { identity, type: 0xef53, isEmpty: false, marker: undefined };

describe("a root that was looked at before", () => {
  it.each([
    ["nothing has changed", known, known],
    [
      "it has the same marker on another disk",
      { ...known, marker: MARKER },
      { ...known, identity: { ...identity, dev: 9n, ino: 9n }, marker: MARKER },
    ],
    [
      "it was mounted again, and its birth is the same",
      known,
      { ...known, identity: { ...identity, dev: 9n } },
    ],
    [
      "somebody wrote to it, and an overlay made a new folder",
      known,
      { ...known, identity: { ...identity, birthtimeNs: 9n }, marker: MARKER },
    ],
    [
      "an overlay made a new folder for another program",
      { ...known, type: OVERLAY },
      { ...known, type: OVERLAY, identity: { ...identity, birthtimeNs: 9n } },
    ],
    [
      "it was empty, and its disk has been mounted",
      { ...known, isEmpty: true },
      { ...known, identity: { ...identity, dev: 9n, ino: 9n }, marker: MARKER },
    ],
  ])("is known again when %s", (_, before, here) => {
    expect(isKnownAgain(before, here)).toBe(true);
  });

  it.each([
    [
      "it has another marker",
      { ...known, marker: MARKER },
      { ...known, identity: { ...identity, dev: 9n }, marker: { ...MARKER, id: "two" } },
    ],
    [
      "it had a marker and has none",
      { ...known, marker: MARKER },
      { ...known, identity: { ...identity, dev: 9n } },
    ],
    [
      "it held files and another disk is there",
      known,
      { ...known, identity: { ...identity, dev: 9n, ino: 9n }, marker: MARKER },
    ],
    ["a new folder has its number", known, { ...known, identity: { ...identity, birthtimeNs: 9n } }],
    [
      "no birth is known of either",
      { ...known, identity: { ...identity, birthtimeNs: 0n } },
      { ...known, identity: { ...identity, dev: 9n, birthtimeNs: 0n } },
    ],
  ])("is another one when %s", (_, before, here) => {
    expect(isKnownAgain(before, here)).toBe(false);
  });
});
