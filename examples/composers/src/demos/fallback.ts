// A chain from end to end: one member goes down and comes back, and every file reads as it was.
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Composition } from "../composition.js";
import { createFallback } from "../fallback.js";
import { listen } from "../listen.js";
import { createSite } from "../site.js";
import type { DemoOptions } from "./options.js";
import { digestsOf } from "./same.js";
import { assert, say, sha256 } from "./say.js";

/** What the server answers to an upload. */
export interface Uploaded {
  readonly key: string;
  readonly provider: string;
  readonly ref: string;
  readonly size: number;
  readonly url: string | null;
}

/** A server of a chain, and a video for it. */
interface Demo {
  readonly app: Composition;
  readonly url: string;
  readonly video: Buffer;
  readonly digest: string;
}

/** Runs the demo to its end. @throws Error when something is not as it should be. */
export async function runFallback({ env, home }: DemoOptions): Promise<void> {
  const app = await createFallback(env, {
    home,
    onEvent: (event) => {
      if (event.type !== "fallback" || event.operation === "head") return;
      say(
        `  event: "${event.from}" was given up for this ${event.operation}${event.to ? `, on to "${event.to}"` : ""}`,
      );
    },
  });
  const { url, close } = await listen(createSite(app, { home }), 0);
  const video = await readVideo();
  try {
    await walk({ app, url, video, digest: sha256(video) });
  } finally {
    await close();
    await app.close();
  }
  say("\nAll digests were equal. Nothing was lost, nothing is left.");
}

/** The video of the demos: six seconds of a test pattern. */
export async function readVideo(): Promise<Buffer> {
  return await readFile(new URL("../../assets/test-pattern.mp4", import.meta.url));
}

async function walk(demo: Demo): Promise<void> {
  const { app, url, video, digest } = demo;
  const names = app.members.map(({ inner }) => `"${inner.name}"`);
  const [first = ""] = app.members.map(({ inner }) => inner.name);
  say(
    `A real video of ${video.byteLength} bytes, SHA-256 ${digest.slice(0, 16)}…, and a chain of ${names.join(" and ")}.`,
  );

  say("\n1. Upload, streamed over HTTP");
  const one = await upload(demo, "one.mp4");
  await check(demo, "read back", `/files/${one.key}`);

  say(`\n2. Member "${first}" goes down; upload another`);
  await turn(demo, first, "down");
  const two = await upload(demo, "two.mp4");
  await check(demo, "read the second back", `/files/${two.key}`);
  const gone = await fetch(`${url}/files/${one.key}`);
  say(`  read the first back: ${gone.status} ${await gone.text()}`);
  say("  (a chain keeps writes going; an object lives in one member, and waits for it)");
  assert(gone.status === 503, "an object of a member that is down is unavailable, never not found");

  say("\n3. Read a range of the second");
  const part = await fetch(`${url}/files/${two.key}`, { headers: { range: "bytes=1000-1999" } });
  const bytes = Buffer.from(await part.arrayBuffer());
  say(`  ${part.status} ${part.headers.get("content-range")}`);
  assert(part.status === 206 && bytes.equals(video.subarray(1000, 2000)), "the range is the right one");

  say(`\n4. Member "${first}" is back`);
  await turn(demo, first, "works");
  await untilAsked(app, one.key);
  await check(demo, "read the first", `/files/${one.key}`);
  await check(demo, "read the second", `/files/${two.key}`);
  await check(demo, "read by the ref stored in step 1", `/at?ref=${encodeURIComponent(one.ref)}`);

  say("\n5. List, and delete both");
  for await (const { key, size, provider } of app.storage.list({ prefix: "uploads/" })) {
    say(`  ${key}  ${size} bytes in "${provider}"`);
  }
  for (const { key } of [one, two]) await fetch(`${url}/files/${key}`, { method: "DELETE" });
  for (const { inner } of app.members) {
    const left = await digestsOf(inner);
    assert(!left.has(one.key) && !left.has(two.key), `"${inner.name}" holds neither of them`);
  }
}

/** Waits for a member that is back. It has failed several times, and is left out until it has answered a probe. */
async function untilAsked({ storage }: Composition, key: string): Promise<void> {
  while (!(await storage.exists(key).catch(() => false))) await delay(100);
}

async function upload({ url, video }: Demo, name: string): Promise<Uploaded> {
  const response = await fetch(`${url}/files?name=${name}`, { method: "POST", body: new Uint8Array(video) });
  assert(response.status === 201, `the upload answers 201, not ${response.status}`);
  const uploaded = (await response.json()) as Uploaded;
  say(`  stored ${uploaded.size} bytes as ${uploaded.key}`);
  say(`  in "${uploaded.provider}", ref ${uploaded.ref}`);
  return uploaded;
}

async function check({ url, digest }: Demo, what: string, path: string): Promise<void> {
  const response = await fetch(url + path);
  const found = sha256(Buffer.from(await response.arrayBuffer()));
  const same = found === digest;
  say(`  ${what}: ${response.status}, SHA-256 ${found.slice(0, 16)}… ${same ? "equal" : "DIFFERENT"}`);
  assert(response.ok && same, `${what}: the same bytes`);
}

async function turn({ url }: Demo, member: string, state: "works" | "down"): Promise<void> {
  await fetch(`${url}/members/${member}/${state}`, { method: "PUT" });
}
