import { altered, answering, asking, instead, type HttpBreak, type HttpMutant } from "../http-mutant.js";

/** Replaces or removes ranges that match a pattern. */
function reads(pattern: RegExp, replacement: string | undefined): HttpBreak {
  return asking(({ headers }) => {
    const range = headers.get("range");
    if (range === null || !pattern.test(range)) return {};
    return { range: replacement === undefined ? undefined : range.replace(pattern, replacement) };
  });
}

/** Answers with a fixed status if the requested range matches a pattern. */
function refuses(pattern: RegExp, status: number): HttpBreak {
  return answering((response, { headers }) =>
    pattern.test(headers.get("range") ?? "") ? instead(response, status) : response,
  );
}

/** Servers that interpret ranges wrongly. */
export const httpRangeMutants: readonly HttpMutant[] = [
  {
    name: "leaves out the last byte of a range",
    rule: "bytes=0-99 is the first hundred bytes",
    breaks: reads(/^bytes=0-99$/, "bytes=0-98"),
  },
  {
    name: "treats 0-0 as a missing range",
    rule: "bytes=0-0 is the first byte",
    breaks: reads(/^bytes=0-0$/, undefined),
  },
  {
    name: "begins an open range one byte late",
    rule: "bytes=990- goes to the end",
    breaks: reads(/^bytes=990-$/, "bytes=991-"),
  },
  {
    name: "sends the first bytes for a suffix",
    rule: "bytes=-100 is the last hundred bytes",
    breaks: reads(/^bytes=-/, "bytes=0-"),
  },
  {
    name: "refuses a suffix that is too long",
    rule: "a suffix longer than the object gives the whole object",
    breaks: refuses(/^bytes=-5000$/, 416),
  },
  {
    name: "refuses a range that ends after the object",
    rule: "a range that goes past the end of the object is cut at the end",
    breaks: refuses(/^bytes=900-5000$/, 416),
  },
  {
    name: "refuses numbers that are too large",
    rule: "a range whose end is a number of 20 digits is cut at the end of the object",
    breaks: refuses(/\d{17}/, 400),
  },
  {
    name: "answers 416 without the size",
    rule: "a range that starts after the end of the object gives 416 with the object's size",
    breaks: answering((response) =>
      response.status === 416 ? altered(response, { headers: { "content-range": undefined } }) : response,
    ),
  },
  {
    name: "sends the whole object for a suffix of zero bytes",
    rule: "a suffix of zero bytes gives 416",
    breaks: reads(/^bytes=-0$/, "bytes=0-"),
  },
  {
    name: "answers 500 to a range that ends before it begins",
    rule: "a range that ends before it begins is ignored or refused",
    breaks: refuses(/^bytes=5-2$/, 500),
  },
  {
    name: "treats an invalid number as 0",
    rule: "a malformed range is ignored or refused",
    breaks: reads(/^bytes=abc$/, "bytes=0-"),
  },
  {
    name: "treats every unit as bytes",
    rule: "a unit that the server does not know is ignored",
    breaks: reads(/^items=/, "bytes="),
  },
  {
    name: "knows the unit only in lower case",
    rule: "the name of the range unit is case-insensitive",
    breaks: reads(/^BYTES=/, undefined),
  },
  {
    name: "answers two ranges with the first range",
    rule: "two ranges are answered with the whole object or with several parts, never with only one range",
    breaks: reads(/,.*$/, ""),
  },
  {
    name: "sends a boundary for each of a thousand ranges",
    rule: "the answer to a thousand ranges has a bounded size",
    breaks: answering(async (response, { headers }) => {
      const count = headers.get("range")?.split(",").length ?? 0;
      return count > 2 ? await instead(response, 206, "--boundary".repeat(10 * count)) : response;
    }),
  },
  {
    name: "honours a range in a HEAD request",
    rule: "a range in a HEAD request is ignored",
    breaks: answering((response, { method, headers }) =>
      method === "HEAD" && headers.has("range")
        ? altered(response, {
            status: 206,
            headers: { "content-range": "bytes 0-99/1000", "content-length": "100" },
          })
        : response,
    ),
  },
];
