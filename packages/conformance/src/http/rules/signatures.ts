import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { hasStatus, isPart, isWhole } from "../expect-reply.js";
import type { HttpReply } from "../http-client.js";
import type { SignatureContext, SignatureRule, SignedRequest } from "../signature-rule.js";

const LIFE = { expiresInSeconds: 600 };
const LIMITS = { ...LIFE, contentType: "text/plain", maxBytes: 10 };
const SHORT_SECONDS = 1;
const OVER_MS_MAX = 4000;
const LOOK_MS = 50;
const HELLO = Buffer.from("hello");

/** Throws if the answer does not refuse the request, or if the answer contains bytes of the object. */
function refuses({ status, body }: HttpReply, { bytes }: SignatureContext, what: string): void {
  assert.ok(
    [400, 401, 403].includes(status),
    `the request (${what}) is answered with ${status}, not refused`,
  );
  assert.ok(
    !Buffer.from(body).includes(Buffer.from(bytes.subarray(0, 16))),
    `the answer to the request (${what}) contains bytes of the object`,
  );
}

/** Returns a link with a changed query. */
function withQuery(url: string, change: (pairs: readonly string[]) => readonly string[]): string {
  const question = url.indexOf("?");
  return `${url.slice(0, question)}?${change(url.slice(question + 1).split("&")).join("&")}`;
}

function pairsOf(url: string): readonly string[] {
  return url.slice(url.indexOf("?") + 1).split("&");
}

/** Changes the last character of a parameter: `1` becomes `2`, and any other character becomes `1`. */
function changed(pair: string): string {
  const last = pair.at(-1) ?? "";
  return pair.slice(0, -1) + (last === "1" ? "2" : "1");
}

/** Returns all links that differ from a valid link in one parameter. */
function tampered(url: string): ReadonlyMap<string, string> {
  const pairs = pairsOf(url);
  const found = new Map<string, string>();
  for (const [index, pair] of pairs.entries()) {
    found.set(
      `${pair} changed`,
      withQuery(url, (all) => all.with(index, changed(pair))),
    );
    found.set(
      `${pair} left out`,
      withQuery(url, (all) => all.toSpliced(index, 1)),
    );
    found.set(
      `${pair} twice`,
      withQuery(url, (all) => [...all, pair]),
    );
  }
  return found;
}

/** Sends requests until a link is refused because it has expired. Throws if the link is not refused in time. */
async function untilRefused(
  context: SignatureContext,
  ask: () => Promise<HttpReply>,
  what: string,
): Promise<void> {
  const end = performance.now() + OVER_MS_MAX;
  let reply = await ask();
  // If the store does not replace existing objects, it answers a second upload with 409.
  while ((reply.status < 300 || reply.status === 409) && performance.now() < end) {
    await delay(LOOK_MS);
    reply = await ask();
  }
  refuses(reply, context, what);
}

async function put(
  { send }: SignatureContext,
  { url, headers }: SignedRequest,
  body: Uint8Array = HELLO,
  more: Readonly<Record<string, string>> = {},
): Promise<HttpReply> {
  return await send(url, { method: "PUT", headers: { ...headers, ...more }, body });
}

async function isNotStored({ read }: SignatureContext, name: string): Promise<void> {
  assert.equal(await read(name), undefined, `${name} was stored although the upload was refused`);
}

const reading: readonly SignatureRule[] = [
  {
    title: "a signed link opens its object by GET and by HEAD",
    run: async ({ send, signGet, bytes }) => {
      const url = await signGet("object.bin", LIFE);
      isWhole(await send(url), { url, bytes });
      const head = await send(url, { method: "HEAD" });
      hasStatus(head, 200);
      assert.equal(head.headers["content-length"], String(bytes.byteLength));
    },
  },
  {
    title: "a signed link serves ranges",
    run: async ({ send, signGet, bytes }) => {
      const url = await signGet("object.bin", LIFE);
      isPart(await send(url, { headers: { range: "bytes=10-19" } }), { url, bytes }, 10, 10);
    },
  },
  {
    title: "a signed link is refused if a parameter is changed, left out or repeated",
    run: async (context) => {
      for (const [what, url] of tampered(await context.signGet("object.bin", LIFE))) {
        refuses(await context.send(url), context, what);
      }
    },
  },
  {
    title: "a signed link is refused if a parameter is added",
    run: async (context) => {
      const url = await context.signGet("object.bin", LIFE);
      for (const more of ["extra=1", "response-content-type=text/html", "", "="]) {
        refuses(await context.send(`${url}&${more}`), context, `&${more}`);
      }
    },
  },
  {
    title: "a signed link opens no other object",
    run: async (context) => {
      const url = await context.signGet("other.bin", LIFE);
      refuses(
        await context.send(url.replace("other.bin", "object.bin")),
        context,
        "the link of another object",
      );
    },
  },
  {
    title: "a signed link for reading cannot write or delete",
    run: async (context) => {
      const url = await context.signGet("object.bin", LIFE);
      for (const method of ["PUT", "DELETE", "POST", "PATCH"]) {
        const reply = await context.send(url, { method, body: method === "DELETE" ? undefined : HELLO });
        assert.ok(
          reply.status >= 400 && reply.status < 500,
          `${method} is answered with ${reply.status}, not with 4xx`,
        );
      }
      assert.deepEqual(await context.read("object.bin"), context.bytes);
    },
  },
  {
    title: "a signed link that has expired is refused",
    run: async (context) => {
      const url = await context.signGet("object.bin", { expiresInSeconds: SHORT_SECONDS });
      await untilRefused(context, () => context.send(url), "an old link");
    },
  },
  {
    title: "a refusal is the same for an existing object and for a missing object",
    run: async ({ send, signGet }) => {
      const url = withQuery(await signGet("object.bin", LIFE), (pairs) => pairs.map(changed));
      const [there, missing] = [await send(url), await send(url.replace("object.bin", "missing.bin"))];
      assert.equal(there.status, missing.status);
      assert.equal(Buffer.from(there.body).toString(), Buffer.from(missing.body).toString());
    },
  },
  {
    title:
      "caches may keep an answer to a signed link only until the link expires, and may never keep a refusal",
    run: async ({ send, signGet }) => {
      const url = await signGet("object.bin", LIFE);
      const good = (await send(url)).headers["cache-control"] ?? "";
      const seconds = Number(/max-age=(?<seconds>\d+)/.exec(good)?.groups?.["seconds"] ?? 0);
      assert.ok(
        seconds <= LIFE.expiresInSeconds,
        `caches may keep the answer for ${seconds} seconds, but the link works for only ${LIFE.expiresInSeconds}`,
      );
      const bad = (await send(`${url}&extra=1`)).headers["cache-control"] ?? "";
      assert.match(bad, /no-store/, "caches may keep the refusal");
    },
  },
  {
    title: "a malformed signature is refused with a short answer",
    run: async (context) => {
      const url = await context.signGet("object.bin", LIFE);
      for (const value of ["", "A".repeat(4000), "%00", "%ff", "..%2f..", "a=b=c", "[]", "%F0%9F%98%80"]) {
        const reply = await context.send(
          withQuery(url, (pairs) => [...pairs.slice(0, -1), `${pairs.at(-1)?.split("=")[0]}=${value}`]),
        );
        refuses(reply, context, value);
        assert.ok(reply.body.byteLength < 1000, "the refusal is long");
      }
    },
  },
];

const writing: readonly SignatureRule[] = [
  {
    title: "a signed upload stores its body",
    run: async (context) => {
      const reply = await put(context, await context.signPut("in-1.txt", LIMITS));
      assert.ok(
        reply.status >= 200 && reply.status < 300,
        `the upload is answered with ${reply.status}, not with 2xx`,
      );
      assert.equal(Buffer.from((await context.read("in-1.txt")) ?? []).toString(), "hello");
    },
  },
  {
    title: "a signed upload with another content type is refused, and stores nothing",
    run: async (context) => {
      const request = await context.signPut("in-2.txt", LIMITS);
      refuses(await put(context, request, HELLO, { "content-type": "text/html" }), context, "another type");
      await isNotStored(context, "in-2.txt");
    },
  },
  {
    title:
      "with or without a Content-Length header, a signed upload with too many bytes is refused and stores nothing",
    run: async (context) => {
      const request = await context.signPut("in-3.txt", LIMITS);
      const body = Buffer.alloc(LIMITS.maxBytes + 1, "x");
      for (const more of [{ "content-length": String(body.byteLength) }, {}]) {
        const { status } = await put(context, request, body, more);
        assert.ok(status >= 400 && status < 500, `the upload is answered with ${status}, not with 4xx`);
      }
      await isNotStored(context, "in-3.txt");
    },
  },
  {
    title: "a signed upload cannot write another object",
    run: async (context) => {
      const request = await context.signPut("in-4.txt", LIMITS);
      const url = request.url.replace("in-4.txt", "in-5.txt");
      refuses(await put(context, { ...request, url }), context, "the link of another object");
      await isNotStored(context, "in-5.txt");
    },
  },
  {
    title: "a link for writing cannot read",
    run: async (context) => {
      const { url } = await context.signPut("object.bin", LIMITS);
      refuses(await context.send(url), context, "a GET");
    },
  },
  {
    title: "a signed upload is refused and stores nothing if a parameter is changed, left out or repeated",
    run: async (context) => {
      const request = await context.signPut("in-6.txt", LIMITS);
      for (const [what, url] of tampered(request.url)) {
        refuses(await put(context, { ...request, url }), context, what);
      }
      await isNotStored(context, "in-6.txt");
    },
  },
  {
    title: "a signed upload that has expired is refused",
    run: async (context) => {
      const request = await context.signPut("in-7.txt", { ...LIMITS, expiresInSeconds: SHORT_SECONDS });
      await untilRefused(context, () => put(context, request), "an old link");
    },
  },
];

/** All rules for signed links. */
export const SIGNATURE_RULES: readonly SignatureRule[] = [...reading, ...writing];
