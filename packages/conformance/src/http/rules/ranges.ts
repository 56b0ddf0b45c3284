import assert from "node:assert/strict";
import {
  hasStatus,
  headerOf,
  isIgnoredOrRefused,
  isPart,
  isUnsatisfiable,
  isWhole,
} from "../expect-reply.js";
import type { HttpRule } from "../http-rule.js";

const RANGES = "https://www.rfc-editor.org/rfc/rfc9110#name-byte-ranges";
const SIZE = 1000;

/** Makes a rule about one range that lies within the object. */
function serves(title: string, range: string, offset: number, length: number, source = RANGES): HttpRule {
  return {
    title,
    source,
    run: async ({ get, object }) => isPart(await get({ range }), object, offset, length),
  };
}

function isRefused(title: string, range: string): HttpRule {
  return {
    title,
    source: RANGES,
    run: async ({ get, object }) => isUnsatisfiable(await get({ range }), object),
  };
}

function isInvalid(title: string, ranges: readonly string[]): HttpRule {
  return {
    title,
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-range",
    run: async ({ get, object }) => {
      for (const range of ranges) isIgnoredOrRefused(await get({ range }), object);
    },
  };
}

/** A thousand ranges of one byte each. */
const THOUSAND = `bytes=${Array.from({ length: SIZE }, (_, index) => `${index}-${index}`).join(",")}`;
/** The maximum size of an answer to a request for ranges, including boundaries: ten times the size of the object. */
const BOUNDED_BYTES = 10 * SIZE;

/** The rules about ranges. */
export const httpRangeRules: readonly HttpRule[] = [
  serves("bytes=0-99 is the first hundred bytes", "bytes=0-99", 0, 100),
  serves("bytes=0-0 is the first byte", "bytes=0-0", 0, 1),
  serves("bytes=990- goes to the end", "bytes=990-", 990, 10),
  serves("bytes=-100 is the last hundred bytes", "bytes=-100", 900, 100),
  serves("a suffix longer than the object gives the whole object", "bytes=-5000", 0, SIZE),
  serves("a range that goes past the end of the object is cut at the end", "bytes=900-5000", 900, 100),
  serves(
    "a range whose end is a number of 20 digits is cut at the end of the object",
    "bytes=0-99999999999999999999",
    0,
    SIZE,
  ),
  isRefused(
    "a range that starts after the end of the object gives 416 with the object's size",
    "bytes=1000-",
  ),
  isRefused("a suffix of zero bytes gives 416", "bytes=-0"),
  isInvalid("a range that ends before it begins is ignored or refused", ["bytes=5-2"]),
  isInvalid("a malformed range is ignored or refused", [
    "bytes=abc",
    "bytes=",
    "bytes=-",
    "bytes 0-5",
    "bytes=1.5-2",
  ]),
  {
    title: "a unit that the server does not know is ignored",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-range",
    run: async ({ get, object }) => isWhole(await get({ range: "items=0-5" }), object),
  },
  serves(
    "the name of the range unit is case-insensitive",
    "BYTES=0-99",
    0,
    100,
    "https://www.rfc-editor.org/rfc/rfc9110#name-range-units",
  ),
  {
    title: "two ranges are answered with the whole object or with several parts, never with only one range",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-206-partial-content",
    run: async ({ get, object }) => {
      const reply = await get({ range: "bytes=0-9,500-509" });
      if (reply.status === 200) return isWhole(reply, object);
      hasStatus(reply, 206);
      assert.match(headerOf(reply, "content-type"), /^multipart\/byteranges/);
    },
  },
  {
    title: "the answer to a thousand ranges has a bounded size",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-range",
    run: async ({ get }) => {
      const reply = await get({ range: THOUSAND });
      assert.ok(reply.status < 500, `the status is ${reply.status}`);
      assert.ok(
        reply.body.byteLength <= BOUNDED_BYTES,
        `the answer has ${reply.body.byteLength} bytes, but the object has only ${SIZE}`,
      );
    },
  },
  {
    title: "a range in a HEAD request is ignored",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-range",
    run: async ({ send, object }) => {
      const reply = await send(object.url, { method: "HEAD", headers: { range: "bytes=0-99" } });
      hasStatus(reply, 200);
      assert.equal(reply.headers["content-range"], undefined);
      assert.equal(headerOf(reply, "content-length"), String(SIZE));
    },
  },
];
