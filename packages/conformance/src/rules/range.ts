import assert from "node:assert/strict";
import type { ByteRange, ServedRange } from "@stowage/core";
import { readAll } from "../context.js";
import { rejects, rejectsType, sameBytes } from "../expect.js";
import type { Need, Rule } from "../rule.js";
import { pattern } from "../sources.js";

const needs: readonly Need[] = ["range", "byteExact"];
const TEXT = "0123456789";

/** Makes the rule for one range of the text `0123456789`. */
function serves(title: string, range: ByteRange, expected: string): Rule {
  return {
    title,
    needs,
    run: async ({ put, read }) => {
      await put("a.txt", TEXT);
      sameBytes(await read("a.txt", { range }), expected);
    },
  };
}

function tells(title: string, range: ByteRange, expected: ServedRange): Rule {
  return {
    title,
    needs,
    run: async ({ put, get }) => {
      await put("a.txt", TEXT);
      const result = await get("a.txt", { range });
      await readAll(result);
      const { offset, length, size } = result.range ?? {};
      assert.deepEqual({ offset, length, size }, expected);
    },
  };
}

function refuses(title: string, range: ByteRange): Rule {
  return {
    title,
    needs,
    run: async ({ put, get }) => {
      await put("a.txt", TEXT);
      await rejects("InvalidRange", get("a.txt", { range }));
    },
  };
}

/** The rules about ranges. */
export const rangeRules: readonly Rule[] = [
  serves("a range with an offset and a length gives exactly those bytes", { offset: 2, length: 3 }, "234"),
  serves("a range with only an offset goes to the end of the object", { offset: 7 }, "789"),
  serves("a range may begin at the first byte", { offset: 0, length: 1 }, "0"),
  serves("a range may be the last byte", { offset: 9, length: 1 }, "9"),
  serves("a range may be the whole object", { offset: 0, length: 10 }, TEXT),
  serves("a range that goes past the end of the object is cut at the end", { offset: 8, length: 100 }, "89"),
  serves("a suffix gives the last bytes", { suffix: 4 }, "6789"),
  serves("a suffix of one byte gives the last byte", { suffix: 1 }, "9"),
  serves("a suffix longer than the object gives the whole object", { suffix: 100 }, TEXT),
  tells(
    "a get returns the range that it serves",
    { offset: 2, length: 3 },
    { offset: 2, length: 3, size: 10 },
  ),
  tells(
    "if a range is cut, the served range has the shorter length",
    { offset: 8, length: 9 },
    { offset: 8, length: 2, size: 10 },
  ),
  tells("the served range of a suffix has an offset", { suffix: 4 }, { offset: 6, length: 4, size: 10 }),
  refuses("a range that starts at the end rejects with InvalidRange", { offset: 10 }),
  refuses("a range that starts after the end rejects with InvalidRange", { offset: 11, length: 1 }),
  {
    title: "a range of an empty object rejects with InvalidRange",
    needs: [...needs, "emptyObject"],
    run: async ({ put, get }) => {
      await put("a.txt", "");
      await rejects("InvalidRange", get("a.txt", { range: { offset: 0 } }));
      await rejects("InvalidRange", get("a.txt", { range: { suffix: 1 } }));
    },
  },
  {
    title: "a get with a range returns the size of the whole object",
    needs,
    run: async ({ put, get }) => {
      await put("a.txt", TEXT);
      const result = await get("a.txt", { range: { offset: 2, length: 3 } });
      await readAll(result);
      assert.equal(result.info.size, 10);
    },
  },
  {
    title: "a range in the middle of a large object gives exactly those bytes",
    needs,
    run: async ({ put, read }) => {
      const bytes = pattern(1_300_000);
      await put("a.bin", bytes);
      const range = { offset: 65_530, length: 1_100_003 };
      sameBytes(await read("a.bin", { range }), bytes.subarray(65_530, 1_165_533));
    },
  },
  {
    title: "a range of a missing key rejects with NotFound",
    needs,
    run: async ({ get }) => {
      await rejects("NotFound", get("missing.txt", { range: { offset: 5 } }));
    },
  },
  {
    title: "ifMatch is checked before the range",
    needs,
    run: async ({ put, get, read }) => {
      const { etag } = await put("a.txt", TEXT);
      const range = { offset: 1, length: 2 };
      await rejects(
        "PreconditionFailed",
        get("a.txt", { ifMatch: '"0123456789abcdef"', range: { offset: 50 } }),
      );
      sameBytes(await read("a.txt", { ifMatch: etag, range }), "12");
    },
  },
  {
    title: "a get with an invalid range rejects with TypeError",
    needs,
    run: async ({ put, storage, key }) => {
      await put("a.txt", TEXT);
      const wrong: readonly unknown[] = [
        { offset: -1 },
        { offset: 0, length: 0 },
        { offset: 1.5 },
        { suffix: 0 },
        "0-1",
        {},
      ];
      for (const range of wrong) await rejectsType(storage.get(key("a.txt"), { range: range as ByteRange }));
    },
  },
];
