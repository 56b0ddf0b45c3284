// The example from end to end: the percentage goes up and down while clients write and read, and the bucket goes away
// in the middle of it.
import { setSplitPercent } from "@stowage/core";
import type { Composition } from "../composition.js";
import { listen, type Listening } from "../listen.js";
import { createSite } from "../site.js";
import { createSplit } from "../split.js";
import { startLoad, type Load } from "./load.js";
import { bucketSwitch, type BucketServer, type DemoOptions } from "./options.js";
import { assertQuiet, assertSame, digestsOf, present } from "./same.js";
import { assert, say, sha256 } from "./say.js";

/** Up in steps, and back. */
const STEPS = [10, 25, 50, 75, 100, 50, 0] as const;

/** At which of them the bucket goes away, for half of the step. */
const OUTAGE_AT = 75;

/** Demos do not wait a minute for requests that were cut off, nor for listings that nobody makes. */
const SETTLE_MS = 5000;
const GRACE_MS = 1000;
const CLIENTS = 8;
const READERS = 2;

interface Demo extends Listening {
  readonly app: Composition;
  readonly operations: number;
  readonly bucket: BucketServer;
}

/** Runs the demo to its end. @throws Error when something is not as it should be. */
export async function runSplit(options: DemoOptions): Promise<void> {
  const { env, home, operations } = options;
  const app = await createSplit(env, { home, settleMs: SETTLE_MS, graceMs: GRACE_MS });
  const bucket = bucketSwitch(options, app);
  const demo: Demo = { app, operations, bucket, ...(await listen(createSite(app, { home }), 0)) };
  try {
    const first = await firstFile(demo);
    const expected = await rollOut(demo);
    await compare(demo, new Map([...expected, [first.key, first.digest]]));
    await readRef(demo, first);
    await finish(demo);
  } finally {
    await demo.close();
    await app.close();
  }
  say("\nEvery object was where the percentage says, with equal digests. Nothing was lost, nothing is left.");
}

interface FirstFile {
  readonly key: string;
  readonly ref: string;
  readonly digest: string;
}

/** What an application keeps in its database, before anything moves. */
async function firstFile({ url }: Demo): Promise<FirstFile> {
  const answer = await fetch(`${url}/files?name=page.html`, { method: "POST", body: PAGE });
  assert(answer.status === 201, `the upload answers 201, not ${answer.status}`);
  const { key, ref } = (await answer.json()) as { readonly key: string; readonly ref: string };
  say(`1. A file: ${key}\n   the database keeps ${ref}`);
  return { key, ref, digest: sha256(Buffer.from(PAGE)) };
}

const PAGE = "<title>Bookmarked</title>";

async function rollOut(demo: Demo): Promise<ReadonlyMap<string, string>> {
  const { url, operations, app } = demo;
  say(`\n2. ${operations} calls of ${CLIENTS} clients, and ${READERS} that read all the while`);
  const load = startLoad({
    url: `${url}/files`,
    operations,
    clients: CLIENTS,
    readers: READERS,
    seed: 2,
    postTo: "?name=page.html",
    replaced: (key) => key,
  });
  for (const [index, percent] of STEPS.entries()) {
    await step(demo, percent);
    if (percent === OUTAGE_AT) await outage(demo, load, operations / STEPS.length);
    await load.reached(Math.floor((operations * (index + 1)) / STEPS.length));
  }
  await load.over;
  await app.repair?.idle();
  const report = await load.report();
  say(
    `   ${report.answered} answers were right, ${report.unavailable} calls were refused, ${report.mistakes.length} were wrong`,
  );
  for (const mistake of report.mistakes.slice(0, 10)) say(`   ${mistake}`);
  assert(report.mistakes.length === 0, "no answer is wrong");
  return present(report.expected);
}

async function step({ url }: Demo, percent: number): Promise<void> {
  const answer = await fetch(`${url}/rollout/${percent}`, { method: "PUT" });
  const { inTransition } = (await answer.json()) as { readonly inTransition: number };
  assert(answer.status === 200, `PUT /rollout/${percent} answers 200, not ${answer.status}`);
  say(`   ${String(percent).padStart(3)} %: ${inTransition} keys are in transition`);
}

async function outage(demo: Demo, load: Load, calls: number): Promise<void> {
  const from = load.made();
  await demo.bucket.down();
  say("          the bucket is gone");
  await load.reached(from + Math.floor(calls / 2));
  await demo.bucket.up();
  say("          and back");
}

/** Everything is on the disk again; and then on both sides, and then in the bucket. */
async function compare({ app }: Demo, expected: ReadonlyMap<string, string>): Promise<void> {
  say("\n3. Compare");
  for (const percent of [0, 50, 100]) {
    if (app.rollout !== undefined) await setSplitPercent(app.rollout, percent);
    await app.repair?.idle();
    await assertQuiet(app.storage);
    const sides = await Promise.all(app.members.map(({ inner }) => digestsOf(inner)));
    assertSame("both together", new Map(sides.flatMap((side) => [...side])), expected);
    const [disk = 0, bucket = 0] = sides.map(({ size }) => size);
    assert(disk + bucket === expected.size, "no object is on both sides");
    assert(percent === 50 || (percent === 0 ? bucket : disk) === 0, "the other side is empty");
    say(
      `   ${String(percent).padStart(3)} %: ${disk} on the disk, ${bucket} in the bucket, the journal is empty`,
    );
  }
}

async function readRef({ url }: Demo, { ref }: FirstFile): Promise<void> {
  const answer = await fetch(`${url}/at?ref=${encodeURIComponent(ref)}`);
  assert((await answer.text()) === PAGE, "the ref of the database still reads");
  say(`   the ref from the database reads, from the ${answer.headers.get("x-provider")}`);
}

async function finish({ url, app }: Demo): Promise<void> {
  say("\n4. What /metrics has counted");
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of text.split("\n")) if (/^stowage_(repairs|fallbacks)_total/.test(line)) say(`   ${line}`);
  for await (const { key } of app.storage.list()) await app.storage.delete(key);
  await app.repair?.idle();
  for (const { inner } of app.members) {
    const left = (await digestsOf(inner)).size;
    assert(left === 0, `"${inner.name}" holds nothing, not ${left} objects`);
  }
}
