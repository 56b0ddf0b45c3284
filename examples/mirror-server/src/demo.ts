// The example from end to end, under load, while its bucket goes and comes back.
import {
  assert,
  assertQuiet,
  assertSame,
  bucketSwitch,
  digestsOf,
  listen,
  present,
  say,
  sha256,
  startLoad,
  type BucketSwitch,
  type DemoOptions,
  type Listening,
  type LoadReport,
} from "@stowage/example-tools";
import { createApp, type App, type Environment } from "./app.js";
import { createMirrorServer } from "./server.js";

/** Demos do not wait a minute for requests that were cut off. */
const SETTLE_MS = 5000;
const CLIENTS = 8;
const READERS = 2;

interface Demo extends DemoOptions<Environment> {
  readonly switch: BucketSwitch;
}

interface Running extends Listening {
  readonly app: App;
}

export async function runDemo(options: DemoOptions<Environment>): Promise<void> {
  const demo: Demo = { ...options, switch: bucketSwitch(options.bucket) };
  const running = await start(demo);
  try {
    await oneVideo(running);
    const report = await underLoad(demo, running);
    await allEqual(running, present(report.expected));
  } finally {
    await stop(running);
  }
  await switchedOff(demo);
  await deleteAll(demo);
  say("\nEvery object was where it should be, with equal digests. Nothing was lost, nothing is left.");
}

async function start(demo: Demo, changes: Environment = {}): Promise<Running> {
  const app = await createApp(
    { ...demo.environment, ...changes },
    { home: demo.home, settleMs: SETTLE_MS, aroundBucket: demo.switch.around },
  );
  return { app, ...(await listen(createMirrorServer(app), 0)) };
}

async function stop({ close, app }: Running): Promise<void> {
  await close();
  await app.close();
}

async function oneVideo({ url, app }: Running): Promise<void> {
  say("1. Upload a video: the disk has it, the bucket gets it");
  const video = Buffer.alloc(300_000, "video");
  const uploaded = await fetch(`${url}/videos?name=clip.mp4`, { method: "POST", body: video });
  const { key, copies = [] } = (await uploaded.json()) as {
    readonly key: string;
    readonly copies?: readonly { readonly provider: string; readonly state: string }[];
  };
  assert(uploaded.status === 201, `the upload answers 201, not ${uploaded.status}`);
  say(`   ${key}: ${copies.map(({ provider, state }) => `${provider} ${state}`).join(", ")}`);
  await app.repair.idle();
  const answer = await fetch(`${url}/${key}`, { redirect: "manual" });
  await answer.body?.cancel();
  say(`   GET answers ${answer.status}${answer.status === 302 ? " with a link to the bucket" : ""}`);
  const read = await fetch(`${url}/${key}`);
  assert(sha256(Buffer.from(await read.arrayBuffer())) === sha256(video), "it reads back as it was");
  await fetch(`${url}/${key}`, { method: "DELETE" });
}

async function underLoad(
  { operations, switch: { down, up } }: Demo,
  { url, app }: Running,
): Promise<LoadReport> {
  say(`\n2. ${operations} calls of ${CLIENTS} clients, and ${READERS} that read all the while`);
  const load = startLoad({
    url,
    operations,
    clients: CLIENTS,
    readers: READERS,
    seed: 1,
    postTo: "/videos?name=clip.mp4",
    replaced: thumbnailOf,
    deletedWith: (key) => (key.startsWith("videos/") ? [key, thumbnailOf(key)] : [key]),
  });
  await load.reached(Math.floor(operations / 3));
  await down();
  say(`   the bucket is gone after ${load.made()} calls`);
  await load.reached(Math.floor((operations * 2) / 3));
  const rows = (await app.storage.health()).journals?.[0]?.rows;
  await up();
  say(`   and back after ${load.made()}: ${rows} keys had waited for it`);
  await load.over;
  await app.repair.idle();
  const report = await load.report();
  say(`   ${report.answered} answers were right, ${report.redirected} of them from the bucket itself;`);
  say(`   ${report.unavailable} calls were refused, ${report.mistakes.length} were wrong`);
  for (const mistake of report.mistakes.slice(0, 10)) say(`   ${mistake}`);
  assert(report.mistakes.length === 0, "no answer is wrong");
  return report;
}

/** `videos/abc/clip.mp4` has `thumbnails/abc.jpg`. */
function thumbnailOf(key: string): string {
  return key.startsWith("videos/") ? `thumbnails/${key.split("/")[1]}.jpg` : key;
}

async function allEqual({ app }: Running, expected: ReadonlyMap<string, string>): Promise<void> {
  say("\n3. Compare");
  for (const member of app.members) {
    assertSame(`"${member.name}"`, await digestsOf(member), expected);
    say(`   "${member.name}" holds all ${expected.size} objects, with equal digests`);
  }
  await assertQuiet(app.storage);
  say("   the journal is empty");
}

async function switchedOff(demo: Demo): Promise<void> {
  say("\n4. The bucket is switched off by USE_S3=false, and on again");
  const without = await start(demo, { USE_S3: "false" });
  let key = "";
  try {
    const answer = await fetch(`${without.url}/videos?name=off.mp4`, { method: "POST", body: "off" });
    ({ key } = (await answer.json()) as { readonly key: string });
    const read = await fetch(`${without.url}/${key}`, { redirect: "manual" });
    assert((await read.text()) === "off", "it is served from the disk");
    say(`   meanwhile: ${read.status} from the ${read.headers.get("x-provider")}`);
    say(`   ${(await without.app.storage.health()).reasons.join("; ")}`);
  } finally {
    await stop(without);
  }
  const again = await start(demo);
  try {
    await again.app.repair.idle();
    const [, bucket] = again.app.members;
    assert((await bucket?.head(key, {}))?.size === 3, "the bucket got what it had missed");
    say("   the bucket has got what it had missed");
  } finally {
    await stop(again);
  }
}

async function deleteAll(demo: Demo): Promise<void> {
  say("\n5. Delete everything");
  const running = await start(demo);
  try {
    const { storage, members, repair } = running.app;
    for await (const { key } of storage.list()) await storage.delete(key);
    await repair.idle();
    for (const member of members) {
      const left = (await digestsOf(member)).size;
      assert(left === 0, `"${member.name}" holds nothing, not ${left} objects`);
    }
    await assertQuiet(storage);
    say("   both are empty, and so is the journal");
  } finally {
    await stop(running);
  }
}
