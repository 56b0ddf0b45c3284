import { isPart, isWhole } from "../expect-reply.js";
import type { HttpRule } from "../http-rule.js";
import { lookAt, strongOf } from "./preconditions.js";

const IF_RANGE = "https://www.rfc-editor.org/rfc/rfc9110#name-if-range";

type Validators = Awaited<ReturnType<typeof lookAt>>;

/**
 * Makes a rule about values of `If-Range`. For each value, the rule says whether the server sends the range or the
 * whole object.
 */
function decides(
  title: string,
  cases: (known: Validators) => readonly (readonly [value: string, isCurrent: boolean])[],
  range = "bytes=0-99",
): HttpRule {
  return {
    title,
    source: IF_RANGE,
    run: async (context) => {
      for (const [value, isCurrent] of cases(await lookAt(context))) {
        const reply = await context.get({ range, "if-range": value });
        if (isCurrent) isPart(reply, context.object, 0, 100);
        else isWhole(reply, context.object);
      }
    },
  };
}

/** The rules about resuming a download: if the object has changed, the server must not send a range of it. */
export const ifRangeRules: readonly HttpRule[] = [
  decides("If-Range with the strong ETag gives 206, and with a weak ETag gives 200", ({ etag }) => [
    [etag, true],
    [`W/${strongOf(etag)}`, false],
  ]),
  decides("If-Range with another tag gives 200", () => [['"another-tag"', false]]),
  decides("If-Range with a longer tag that contains the ETag gives 200", ({ etag }) => [
    [`"x${strongOf(etag).slice(1)}`, false],
    [`${strongOf(etag).slice(0, -1)}x"`, false],
    [`"another-tag", ${etag}`, false],
  ]),
  decides("If-Range with the Last-Modified date gives 206", ({ date }) => [[date, true]]),
  decides("If-Range with a later or an earlier date gives 200", ({ later, earlier }) => [
    [later, false],
    [earlier, false],
  ]),
  decides(
    "If-Range with another tag gives 200, even if the range alone would give 416",
    () => [['"another-tag"', false]],
    "bytes=5000-",
  ),
];
