import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { hasStatus } from "../expect-reply.js";
import { partsOf, sendAndLeave, sendRaw, type HttpReply } from "../http-client.js";
import type { HttpRule } from "../http-rule.js";

const PROBE = "<script>alert(1)</script>";
const LEAVERS = 20;
/** The time within which a server must notice that a client has left, in milliseconds. */
const NOTICE_MS = 5000;
const LOOK_MS = 10;

/** Hostile names to append to the address of the object's folder. A server must refuse each of these addresses. */
const HOSTILE_NAMES = [
  "../../../../../../etc/passwd",
  "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
  "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
  "..%5c..%5c..%5cwindows%5cwin.ini",
  "..\\..\\..\\windows\\win.ini",
  "%252e%252e%252f%252e%252e%252fetc%252fpasswd",
  "missing%00.bin",
  "%",
  "%zz",
  "%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
  "%ff%fe",
  "%ed%a0%80",
  "missing%0d%0aset-cookie:%20a=b",
  "a/..;/..;/etc/passwd",
] as const;

function cannotBeCached({ headers }: HttpReply): void {
  const { "cache-control": cacheControl = "", etag } = headers;
  assert.doesNotMatch(
    cacheControl,
    /\bpublic\b|\bimmutable\b|max-age=[1-9]/,
    "the headers of the error allow caches to keep the error",
  );
  assert.equal(etag, undefined, "an error must not have an ETag");
}

/** Throws if a browser would show the answer and run the scripts in the answer. */
function cannotRun({ headers }: HttpReply): void {
  const { "content-disposition": disposition = "", "content-security-policy": policy = "" } = headers;
  const isSaved = /^attachment\b/i.test(disposition);
  const isPlain = !/html|svg|xml/i.test(headers["content-type"] ?? "html");
  assert.ok(
    isSaved || isPlain || /(?:^|;)\s*sandbox\b(?![^;]*allow-scripts)/i.test(policy),
    "a browser would run the scripts of the answer at the server's origin",
  );
}

/** The rules about safety. */
export const safetyRules: readonly HttpRule[] = [
  {
    title: "errors cannot be cached as content, and contain no text from the request",
    run: async ({ send, get, missingUrl }) => {
      const probe = encodeURIComponent(PROBE);
      const missing = await send(`${missingUrl}${probe}?q=${probe}`, { headers: { "x-probe": PROBE } });
      hasStatus(missing, 404);
      for (const reply of [missing, await get({ range: "bytes=5000-" }), await get({ "if-match": '"x"' })]) {
        if (reply.status < 400) continue;
        cannotBeCached(reply);
        assert.ok(!Buffer.from(reply.body).includes(PROBE), "the error contains text from the request");
      }
    },
  },
  {
    title: "a stored page or picture cannot run scripts at the server's origin",
    source: "https://www.w3.org/TR/CSP3/#directive-sandbox",
    run: async ({ send, page, picture }) => {
      for (const { url } of [page, picture]) {
        const reply = await send(url);
        hasStatus(reply, 200);
        cannotRun(reply);
      }
    },
  },
  {
    title: "browsers are told not to guess another type",
    source: "https://fetch.spec.whatwg.org/#x-content-type-options-header",
    run: async ({ get }) => assert.equal((await get()).headers["x-content-type-options"], "nosniff"),
  },
  {
    title: "hostile targets are refused with 4xx, or the connection is closed",
    source: "https://www.rfc-editor.org/rfc/rfc3986#section-7.3",
    run: async ({ object }) => {
      const { origin, target } = partsOf(object.url);
      const folder = target.slice(0, target.lastIndexOf("/") + 1);
      const targets = [
        ...HOSTILE_NAMES.map((name) => folder + name),
        "//etc/passwd",
        `${origin}/../etc/passwd`,
      ];
      for (const each of targets) {
        const { status, text } = await sendRaw(object.url, each);
        assert.ok(
          !/root:.*:0:0:|\[fonts\]/.test(text),
          `the target ${each} reads a file of the operating system`,
        );
        assert.ok(!/^set-cookie: a=b/im.test(text), `the target ${each} adds headers to the answer`);
        assert.ok(
          status === undefined || (status >= 400 && status < 500),
          `the target ${each} is answered with ${status}, not with 4xx`,
        );
      }
    },
  },
  {
    title: "after twenty clients have left in the middle of a download, no file stays open",
    needs: "openBodies",
    run: async ({ large, openBodies = () => 0 }) => {
      const before = await openBodies();
      await Promise.all(Array.from({ length: LEAVERS }, () => sendAndLeave(large.url)));
      const end = performance.now() + NOTICE_MS;
      let open = await openBodies();
      while (open > before && performance.now() < end) {
        await delay(LOOK_MS);
        open = await openBodies();
      }
      assert.ok(open <= before, `${open - before} of ${LEAVERS} abandoned downloads are still open`);
    },
  },
];
