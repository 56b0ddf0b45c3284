import {
  altered,
  answering,
  asking,
  headersOf,
  instead,
  type HeaderChanges,
  type HttpBreak,
  type HttpMutant,
} from "../http-mutant.js";

/** Changes one header in every request that has this header. */
function rewrites(
  name: string,
  change: (value: string, known: Headers, request: Request) => string | undefined,
): HttpBreak {
  return asking(async (request, inner) => {
    const value = request.headers.get(name);
    return value === null ? {} : { [name]: change(value, await headersOf(inner, request), request) };
  });
}

/** Removes the headers in `names` from every request that has the header `when`. */
function forgets(names: readonly string[], when: string): HttpBreak {
  return asking(({ headers }): HeaderChanges =>
    headers.has(when) ? Object.fromEntries(names.map((name) => [name, undefined])) : {},
  );
}

const unlessEqual = (value: string, tag: string | null): string | undefined =>
  value === tag ? value : undefined;
const secondsOf = (date: string | null): number => Date.parse(date ?? "");

/** Servers that check conditions wrongly. */
export const httpPreconditionMutants: readonly HttpMutant[] = [
  {
    name: "ignores If-None-Match",
    rule: "If-None-Match with the object's ETag gives 304 with the same ETag",
    breaks: rewrites("if-none-match", () => undefined),
  },
  {
    name: "reads only one tag of If-None-Match",
    rule: "If-None-Match finds the ETag in a list",
    breaks: rewrites("if-none-match", (value, known) => unlessEqual(value, known.get("etag"))),
  },
  {
    name: "treats * as a tag",
    rule: "If-None-Match: * gives 304",
    breaks: rewrites("if-none-match", (value) => (value === "*" ? '"*"' : value)),
  },
  {
    name: "compares If-None-Match strongly",
    rule: "If-None-Match compares weakly",
    breaks: rewrites("if-none-match", (value) => (value.startsWith("W/") ? '"weak"' : value)),
  },
  {
    name: "checks If-Modified-Since in addition to If-None-Match",
    rule: "If-None-Match with another tag beats If-Modified-Since",
    breaks: asking(({ headers }) => (headers.has("if-modified-since") ? { "if-none-match": undefined } : {})),
  },
  {
    name: "answers 200 if If-Modified-Since equals Last-Modified",
    rule: "If-Modified-Since with the Last-Modified date gives 304",
    breaks: rewrites("if-modified-since", (value, known) =>
      value === known.get("last-modified") ? undefined : value,
    ),
  },
  {
    name: "accepts only equal dates",
    rule: "If-Modified-Since with a later date gives 304",
    breaks: rewrites("if-modified-since", (value, known) => unlessEqual(value, known.get("last-modified"))),
  },
  {
    name: "treats every If-Modified-Since as a later date",
    rule: "If-Modified-Since with an earlier date, or with text that is not a date, gives 200",
    breaks: rewrites("if-modified-since", (_value, known) => known.get("last-modified") ?? undefined),
  },
  {
    name: "answers 304 without Cache-Control",
    rule: "a 304 has the same Cache-Control as the 200",
    breaks: answering((response) =>
      response.status === 304 ? altered(response, { headers: { "cache-control": undefined } }) : response,
    ),
  },
  {
    name: "reads only one tag of If-Match",
    rule: "If-Match with the strong ETag, or with *, gives 200",
    breaks: rewrites("if-match", (value, known) => unlessEqual(value, known.get("etag")) ?? '"none"'),
  },
  {
    name: "ignores If-Match",
    rule: "If-Match with another tag gives 412",
    breaks: rewrites("if-match", () => undefined),
  },
  {
    name: "compares If-Match weakly",
    rule: "If-Match never matches a weak tag",
    breaks: rewrites("if-match", (value) => value.replace(/^W\//, "")),
  },
  {
    name: "ignores If-Unmodified-Since",
    rule: "If-Unmodified-Since with an earlier date gives 412, and with the Last-Modified date gives 200",
    breaks: rewrites("if-unmodified-since", () => undefined),
  },
  {
    name: "checks If-Unmodified-Since in addition to If-Match",
    rule: "If-Match: * beats If-Unmodified-Since",
    breaks: forgets(["if-match"], "if-unmodified-since"),
  },
  {
    name: "checks If-None-Match first",
    rule: "a failing If-Match beats a matching If-None-Match",
    breaks: forgets(["if-match"], "if-none-match"),
  },
  {
    name: "checks ranges first",
    rule: "a matching If-None-Match beats a range",
    breaks: forgets(["if-none-match"], "range"),
  },
  {
    name: "checks preconditions before it looks for the object",
    rule: "404 beats every precondition",
    breaks: answering((response, { headers }) =>
      response.status === 404 && headers.has("if-match") ? instead(response, 412) : response,
    ),
  },
];

/** Servers that send a range although `If-Range` names a different version of the object. */
export const ifRangeMutants: readonly HttpMutant[] = [
  {
    name: "compares If-Range weakly",
    rule: "If-Range with the strong ETag gives 206, and with a weak ETag gives 200",
    breaks: rewrites("if-range", (value) => value.replace(/^W\//, "")),
  },
  {
    name: "ignores If-Range",
    rule: "If-Range with another tag gives 200",
    breaks: rewrites("if-range", () => undefined),
  },
  {
    name: "searches for the ETag inside If-Range",
    rule: "If-Range with a longer tag that contains the ETag gives 200",
    breaks: rewrites("if-range", (value, known) => {
      const inner = known.get("etag")?.slice(1, -1) ?? "";
      return value.includes(inner) ? undefined : value;
    }),
  },
  {
    name: "ignores dates in If-Range",
    rule: "If-Range with the Last-Modified date gives 206",
    breaks: rewrites("if-range", (value) => (value.endsWith("GMT") ? '"date"' : value)),
  },
  {
    name: "accepts a later date in If-Range",
    rule: "If-Range with a later or an earlier date gives 200",
    breaks: rewrites("if-range", (value, known) =>
      secondsOf(value) >= secondsOf(known.get("last-modified")) ? undefined : value,
    ),
  },
  {
    name: "checks the range before If-Range",
    rule: "If-Range with another tag gives 200, even if the range alone would give 416",
    breaks: answering((response, { headers }) =>
      headers.get("range") === "bytes=5000-" ? instead(response, 416) : response,
    ),
  },
];
