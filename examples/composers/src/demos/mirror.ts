// The example from end to end, under load, while its bucket goes and comes back.
import type { Composition } from "../composition.js";
import { listen, type Listening } from "../listen.js";
import { createMirror } from "../mirror.js";
import { createSite } from "../site.js";
import { startLoad, type LoadReport } from "./load.js";
import { bucketSwitch, memberOf, type DemoOptions } from "./options.js";
import { assertQuiet, assertSame, digestsOf, present } from "./same.js";
import { assert, say, sha256 } from "./say.js";

/** Demos do not wait a minute for requests that were cut off. */
const SETTLE_MS = 5000;
const CLIENTS = 8;
const READERS = 2;

/** A server of a mirror. */
interface Running extends Listening {
  readonly app: Composition;
}

/** Runs the demo to its end. @throws Error when something is not as it should be. */
export async function runMirror(options: DemoOptions): Promise<void> {
  const running = await start(options);
  try {
    await oneVideo(running);
    const report = await underLoad(options, running);
    await allEqual(running, present(report.expected));
    await whileHanging(running);
    await deleteAll(running);
  } finally {
    await running.close();
    await running.app.close();
  }
  say("\nEvery object was where it should be, with equal digests. Nothing was lost, nothing is left.");
}

async function start({ env, home }: DemoOptions): Promise<Running> {
  const app = await createMirror(env, { home, settleMs: SETTLE_MS });
  return { app, ...(await listen(createSite(app, { home }), 0)) };
}

async function oneVideo({ url, app }: Running): Promise<void> {
  say("1. Upload a video: the disk has it, the bucket gets it");
  const video = Buffer.alloc(300_000, "video");
  const uploaded = await fetch(`${url}/files?name=clip.mp4`, { method: "POST", body: video });
  const { key, copies = [] } = (await uploaded.json()) as {
    readonly key: string;
    readonly copies?: readonly { readonly provider: string; readonly state: string }[];
  };
  assert(uploaded.status === 201, `the upload answers 201, not ${uploaded.status}`);
  say(`   ${key}: ${copies.map(({ provider, state }) => `${provider} ${state}`).join(", ")}`);
  await app.repair?.idle();
  const answer = await fetch(`${url}/files/${key}`, { redirect: "manual" });
  await answer.body?.cancel();
  say(`   GET answers ${answer.status}${answer.status === 302 ? " with a link to the bucket" : ""}`);
  const read = await fetch(`${url}/files/${key}`);
  assert(sha256(Buffer.from(await read.arrayBuffer())) === sha256(video), "it reads back as it was");
  await fetch(`${url}/files/${key}`, { method: "DELETE" });
}

async function underLoad(options: DemoOptions, { url, app }: Running): Promise<LoadReport> {
  const { operations } = options;
  const { down, up } = bucketSwitch(options, app);
  say(`\n2. ${operations} calls of ${CLIENTS} clients, and ${READERS} that read all the while`);
  const load = startLoad({
    url: `${url}/files`,
    operations,
    clients: CLIENTS,
    readers: READERS,
    seed: 1,
    postTo: "?name=clip.mp4",
    replaced: thumbnailOf,
  });
  await load.reached(Math.floor(operations / 3));
  await down();
  say(`   the bucket is gone after ${load.made()} calls`);
  await load.reached(Math.floor((operations * 2) / 3));
  const rows = (await app.storage.health()).journals?.[0]?.rows;
  await up();
  say(`   and back after ${load.made()}: ${rows} keys had waited for it`);
  await load.over;
  await app.repair?.idle();
  const report = await load.report();
  say(`   ${report.answered} answers were right, ${report.redirected} of them from the bucket itself;`);
  say(`   ${report.unavailable} calls were refused, ${report.mistakes.length} were wrong`);
  for (const mistake of report.mistakes.slice(0, 10)) say(`   ${mistake}`);
  assert(report.mistakes.length === 0, "no answer is wrong");
  return report;
}

/** `uploads/abc/clip.mp4` has `thumbnails/abc.jpg`. */
function thumbnailOf(key: string): string {
  return key.startsWith("uploads/") ? `thumbnails/${key.split("/")[1]}.jpg` : key;
}

async function allEqual({ app }: Running, expected: ReadonlyMap<string, string>): Promise<void> {
  say("\n3. Compare");
  for (const { inner } of app.members) {
    assertSame(`"${inner.name}"`, await digestsOf(inner), expected);
    say(`   "${inner.name}" holds all ${expected.size} objects, with equal digests`);
  }
  await assertQuiet(app.storage);
  say("   the journal is empty");
}

/** The bucket hangs: it takes requests and never answers. */
async function whileHanging({ url, app }: Running): Promise<void> {
  say("\n4. The bucket hangs, and works again");
  const bucket = memberOf(app, "bucket");
  bucket.turn("hanging");
  const answer = await fetch(`${url}/files?name=off.mp4`, { method: "POST", body: "off" });
  const { key } = (await answer.json()) as { readonly key: string };
  const read = await fetch(`${url}/files/${key}?via=server`);
  assert((await read.text()) === "off", "it is served from the disk");
  say(`   meanwhile: ${answer.status} for an upload, ${read.status} for a read`);
  bucket.turn("works");
  await app.repair?.idle();
  assert((await bucket.inner.head(key, {})).size === 3, "the bucket got what it had missed");
  say("   the bucket has got what it had missed");
}

async function deleteAll({ app }: Running): Promise<void> {
  say("\n5. Delete everything");
  const { storage, members, repair } = app;
  for await (const { key } of storage.list()) await storage.delete(key);
  await repair?.idle();
  for (const { inner } of members) {
    const left = (await digestsOf(inner)).size;
    assert(left === 0, `"${inner.name}" holds nothing, not ${left} objects`);
  }
  await assertQuiet(storage);
  say("   both are empty, and so is the journal");
}
