import assert from "node:assert/strict";
import { hasStatus, headerOf, isWhole } from "../expect-reply.js";
import type { HttpRule } from "../http-rule.js";

const SHARED_HEADERS = [
  "accept-ranges",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-length",
  "content-type",
  "etag",
  "last-modified",
] as const;

/** The rules about answers with a whole object. */
export const wholeRules: readonly HttpRule[] = [
  {
    title: "the answer to a GET has status 200, the bytes, Content-Length, Content-Type and Accept-Ranges",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-accept-ranges",
    run: async ({ get, send, object, large }) => {
      const reply = await get();
      isWhole(reply, object);
      isWhole(await send(large.url), large);
      assert.equal(headerOf(reply, "content-length"), String(object.bytes.byteLength));
      headerOf(reply, "content-type");
      assert.equal(headerOf(reply, "accept-ranges"), "bytes");
    },
  },
  {
    title: "the answer to a GET has an ETag and Last-Modified",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-validator-fields",
    run: async ({ get }) => {
      const reply = await get();
      assert.match(headerOf(reply, "etag"), /^(?:W\/)?"[^"]*"$/);
      assert.ok(Number.isFinite(Date.parse(headerOf(reply, "last-modified"))), "Last-Modified is not a date");
    },
  },
  {
    title: "the ETag is strong, so that a download can be resumed",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-if-range",
    run: async ({ get }) => {
      assert.match(headerOf(await get(), "etag"), /^"[^"]*"$/);
    },
  },
  {
    title: "the answer to a HEAD has the headers of a GET, and no body",
    source: "https://www.rfc-editor.org/rfc/rfc9110#name-head",
    run: async ({ get, send, object }) => {
      const whole = await get();
      const head = await send(object.url, { method: "HEAD" });
      hasStatus(head, 200);
      assert.equal(head.body.byteLength, 0, "the answer to HEAD has a body");
      assert.equal(head.headers["content-length"], String(object.bytes.byteLength));
      for (const name of SHARED_HEADERS) {
        assert.equal(
          head.headers[name],
          whole.headers[name],
          `HEAD and GET have different values of ${name}`,
        );
      }
    },
  },
  {
    title: "an empty object gives 200 without bytes, and a range of an empty object gives 200 or 416",
    needs: "empty",
    run: async ({ send, empty }) => {
      assert.ok(empty !== undefined);
      const whole = await send(empty.url);
      isWhole(whole, empty);
      assert.equal(headerOf(whole, "content-length"), "0");
      for (const range of ["bytes=0-", "bytes=-5", "bytes=0-0"]) {
        const reply = await send(empty.url, { headers: { range } });
        hasStatus(reply, 200, 416);
        if (reply.status === 200) isWhole(reply, empty);
        else assert.equal(headerOf(reply, "content-range"), "bytes */0");
      }
    },
  },
];
