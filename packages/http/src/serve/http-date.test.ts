import { describe, expect, it } from "vitest";
import { parseHttpDate } from "./http-date.js";

const SECONDS = Date.UTC(1994, 10, 6, 8, 49, 37) / 1000;

describe("parseHttpDate", () => {
  it.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "reads each form of the standard: %s",
    (text) => {
      expect(parseHttpDate(text)).toBe(SECONDS);
    },
  );

  it.each([
    "1",
    "",
    "yesterday",
    "1994-11-06T08:49:37Z",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
  ])("takes nothing else: %s", (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });

  it("takes two digits for the nearest year", () => {
    const year = new Date().getUTCFullYear();
    const soon = String((year + 10) % 100).padStart(2, "0");
    const seconds = parseHttpDate(`Sunday, 06-Nov-${soon} 08:49:37 GMT`) ?? 0;
    expect(new Date(seconds * 1000).getUTCFullYear()).toBe(year + 10);
  });
});
