import assert from "node:assert/strict";
import { hasStatus, headerOf, isNotModified, isWhole } from "../expect-reply.js";
import type { HttpReply } from "../http-client.js";
import type { HttpRule, HttpRuleContext } from "../http-rule.js";

const PRECEDENCE = "https://www.rfc-editor.org/rfc/rfc9110#name-precedence-of-preconditions";
const OTHER_TAG = '"another-tag"';
const DAY_MS = 86_400_000;

/** The ETag and the `Last-Modified` date that the server sends for the object, an earlier date and a later date. */
interface Known {
  readonly etag: string;
  readonly date: string;
  readonly earlier: string;
  readonly later: string;
}

type Expectation = (reply: HttpReply, context: HttpRuleContext, known: Known) => void;

const whole: Expectation = (reply, { object }) => isWhole(reply, object);
const notModified: Expectation = (reply) => isNotModified(reply);
const failed: Expectation = (reply) => hasStatus(reply, 412);

/** Makes a rule about requests with conditions. Each case has the headers and the expected answer. */
function answers(
  title: string,
  source: string,
  cases: (known: Known) => readonly (readonly [headers: Record<string, string>, expected: Expectation])[],
): HttpRule {
  return {
    title,
    source,
    run: async (context) => {
      const known = await lookAt(context);
      for (const [headers, expected] of cases(known)) expected(await context.get(headers), context, known);
    },
  };
}

/** Requests the object for its ETag and its `Last-Modified` date. Adds the dates one day earlier and one day later. */
export async function lookAt({ get }: HttpRuleContext): Promise<Known> {
  const reply = await get();
  const date = headerOf(reply, "last-modified");
  const shifted = (milliseconds: number): string => new Date(Date.parse(date) + milliseconds).toUTCString();
  return { etag: headerOf(reply, "etag"), date, earlier: shifted(-DAY_MS), later: shifted(DAY_MS) };
}

/** Returns an ETag without the mark `W/` of a weak ETag. */
export function strongOf(etag: string): string {
  return etag.replace(/^W\//, "");
}

const NONE_MATCH = "https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match";
const MODIFIED = "https://www.rfc-editor.org/rfc/rfc9110#name-if-modified-since";
const MATCH = "https://www.rfc-editor.org/rfc/rfc9110#name-if-match";
const UNMODIFIED = "https://www.rfc-editor.org/rfc/rfc9110#name-if-unmodified-since";

/** The rules about conditional requests. */
export const httpPreconditionRules: readonly HttpRule[] = [
  answers("If-None-Match with the object's ETag gives 304 with the same ETag", NONE_MATCH, ({ etag }) => [
    [
      { "if-none-match": etag },
      (reply) => {
        isNotModified(reply);
        assert.equal(headerOf(reply, "etag"), etag);
      },
    ],
  ]),
  answers("If-None-Match finds the ETag in a list", NONE_MATCH, ({ etag }) => [
    [{ "if-none-match": `${OTHER_TAG}, ${etag}` }, notModified],
    [{ "if-none-match": `"a,b" ,${etag} , "c"` }, notModified],
    [{ "if-none-match": `${OTHER_TAG}, "third"` }, whole],
  ]),
  answers("If-None-Match: * gives 304", NONE_MATCH, () => [[{ "if-none-match": "*" }, notModified]]),
  answers("If-None-Match compares weakly", NONE_MATCH, ({ etag }) => [
    [{ "if-none-match": `W/${strongOf(etag)}` }, notModified],
  ]),
  answers("If-None-Match with another tag beats If-Modified-Since", PRECEDENCE, ({ later }) => [
    [{ "if-none-match": OTHER_TAG, "if-modified-since": later }, whole],
  ]),
  answers("If-Modified-Since with the Last-Modified date gives 304", MODIFIED, ({ date }) => [
    [{ "if-modified-since": date }, notModified],
  ]),
  answers("If-Modified-Since with a later date gives 304", MODIFIED, ({ later }) => [
    [{ "if-modified-since": later }, notModified],
  ]),
  answers(
    "If-Modified-Since with an earlier date, or with text that is not a date, gives 200",
    MODIFIED,
    ({ earlier }) => [
      [{ "if-modified-since": earlier }, whole],
      [{ "if-modified-since": "yesterday" }, whole],
      [{ "if-modified-since": "99999999999" }, whole],
    ],
  ),
  {
    title: "a 304 has the same Cache-Control as the 200",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-304-not-modified",
    run: async ({ get }) => {
      const reply = await get();
      const second = await get({ "if-none-match": headerOf(reply, "etag") });
      isNotModified(second);
      assert.equal(second.headers["cache-control"], reply.headers["cache-control"]);
    },
  },
  answers("If-Match with the strong ETag, or with *, gives 200", MATCH, ({ etag }) => [
    ...(etag.startsWith("W/") ? [] : ([[{ "if-match": `${OTHER_TAG}, ${etag}` }, whole]] as const)),
    [{ "if-match": "*" }, whole],
  ]),
  answers("If-Match with another tag gives 412", MATCH, () => [[{ "if-match": OTHER_TAG }, failed]]),
  answers("If-Match never matches a weak tag", MATCH, ({ etag }) => [
    [{ "if-match": `W/${strongOf(etag)}` }, failed],
  ]),
  answers(
    "If-Unmodified-Since with an earlier date gives 412, and with the Last-Modified date gives 200",
    UNMODIFIED,
    ({ earlier, date }) => [
      [{ "if-unmodified-since": earlier }, failed],
      [{ "if-unmodified-since": date }, whole],
    ],
  ),
  answers("If-Match: * beats If-Unmodified-Since", PRECEDENCE, ({ earlier }) => [
    [{ "if-match": "*", "if-unmodified-since": earlier }, whole],
  ]),
  answers("a failing If-Match beats a matching If-None-Match", PRECEDENCE, ({ etag }) => [
    [{ "if-match": OTHER_TAG, "if-none-match": etag }, failed],
  ]),
  answers("a matching If-None-Match beats a range", PRECEDENCE, ({ etag }) => [
    [{ "if-none-match": etag, range: "bytes=0-99" }, notModified],
  ]),
  {
    title: "404 beats every precondition",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-when-to-evaluate",
    run: async ({ send, missingUrl }) => {
      for (const name of ["if-match", "if-none-match"]) {
        hasStatus(await send(missingUrl, { headers: { [name]: "*" } }), 404);
        hasStatus(await send(missingUrl, { headers: { [name]: OTHER_TAG } }), 404);
      }
    },
  },
];
