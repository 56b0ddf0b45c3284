// Cloudinary, then a bucket, then a folder: one failure of Cloudinary after the other, on a fake that runs here.
import { setTimeout as delay } from "node:timers/promises";
import { cloudinaryFake } from "@stowage/conformance";
import { readFile, rm } from "node:fs/promises";
import { assert, listen, say, sha256, stopOnSignal } from "@stowage/example-tools";
import { createApp } from "./app.js";
import { SWITCHES, turnTo } from "./cloudinary-switches.js";
import { createVideoServer } from "./server.js";

/** What an application keeps of an upload in its database. */
interface Row {
  readonly id: string;
  readonly key: string;
  readonly provider: string;
  readonly ref: string;
  readonly url: string | null;
}

const video = await readFile(new URL("../assets/test-pattern.mp4", import.meta.url));
const digest = sha256(video);
const isServing = process.argv.includes("--serve");

const fake = await cloudinaryFake();
const { url, cloudName, apiKey, apiSecret } = fake;
const account = { cloudName, apiKey, apiSecret, uploadPrefix: url, deliveryBaseUrl: `${url}/${cloudName}` };
const events: string[] = [];
const app = await createApp(process.env, {
  cloudinary: account,
  onEvent: (event) => {
    if (event.type === "fallback" && event.operation === "put")
      events.push(String((event.error as Error).message));
  },
});
const server = createVideoServer(app, (name) => turnTo(fake, name));
const { url: base, close } = await listen(server, isServing ? 8080 : 0);

if (isServing) serve();
else {
  try {
    await runDemo();
  } finally {
    await stop();
  }
}

async function runDemo(): Promise<void> {
  const before = await counts();
  const names = [...app.members.keys()];
  say(
    `A video of ${video.byteLength} bytes, SHA-256 ${digest.slice(0, 16)}…, and a chain of ${names.join(" → ")}.\n`,
  );
  const rows: Row[] = [];
  for (const [name, { title }] of Object.entries(SWITCHES)) {
    events.length = 0;
    await fetch(`${base}/cloudinary/${name}`, { method: "PUT" });
    const row = await upload(name);
    rows.push(row);
    say(`Cloudinary ${title}`);
    for (const event of new Set(events)) say(`    ${event}`);
    say(`    → "${row.provider}"  ${row.ref}`);
    const expected = name === "works" ? "cloudinary" : names[1];
    assert(row.provider === expected, `it is in "${expected}"`);
  }
  await fetch(`${base}/cloudinary/works`, { method: "PUT" });
  await lastResort(names, rows);
  await answering();

  say("\nWhat the database has, read back:");
  for (const { id, key, provider, ref, url: link } of rows) {
    const byKey = sha256(await read(`/${key}`));
    const byRef = sha256(await read(`/at?ref=${encodeURIComponent(ref)}`));
    const byUrl = link === null ? digest : sha256(Buffer.from(await (await fetch(link)).arrayBuffer()));
    const isEqual = [byKey, byRef, byUrl].every((found) => found === digest);
    say(`  ${id.padEnd(16)} in ${provider.padEnd(10)} ${isEqual ? "equal" : "DIFFERENT"}`);
    assert(isEqual, `${key} has the bytes that were uploaded`);
  }
  assert(fake.assets().length === 1, "Cloudinary has the one upload that it took, and nothing of the others");
  for (const { key } of rows) await fetch(`${base}/${key}`, { method: "DELETE" });
  await app.storage.close();
  for (const [name, left] of await counts())
    assert(left === before.get(name), `"${name}" holds what it held before`);
  say("\nAll digests were equal. Nothing was lost, nothing is left.");
}

/** Cloudinary has failed again and again, and is left out until it has answered a probe. */
async function answering(): Promise<void> {
  for (;;) {
    try {
      await app.storage.delete("videos/nothing.mp4");
      await app.storage.exists("videos/nothing.mp4");
      return;
    } catch {
      await delay(100);
    }
  }
}

/** Both of the others are gone: the folder takes it. */
async function lastResort(
  [first = "", second = "", third = ""]: readonly string[],
  rows: Row[],
): Promise<void> {
  for (const name of [first, second]) await fetch(`${base}/members/${name}/down`, { method: "PUT" });
  const row = await upload("last");
  rows.push(row);
  for (const name of [first, second]) await fetch(`${base}/members/${name}/up`, { method: "PUT" });
  say(`"${first}" and "${second}" are both down\n    → "${row.provider}"  ${row.ref}`);
  assert(row.provider === third, `it is in "${third}"`);
}

/** How much each member holds: of somebody's own there may be something. */
async function counts(): Promise<ReadonlyMap<string, number>> {
  const all = [...app.members].map(async ([name, { count }]) => [name, await count()] as const);
  return new Map(await Promise.all(all));
}

async function upload(id: string): Promise<Row> {
  const response = await fetch(`${base}/videos?name=${id}.mp4`, { method: "POST", body: video });
  const answer = (await response.json()) as Omit<Row, "id">;
  assert(
    response.status === 201,
    `the upload answers 201, not ${response.status}: ${JSON.stringify(answer)}`,
  );
  return { id, ...answer };
}

async function read(path: string): Promise<Buffer> {
  const response = await fetch(base + path);
  assert(response.ok, `${path} answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function serve(): void {
  const switches = Object.entries(SWITCHES).map(
    ([name, { title }]) => `  curl -X PUT ${base}/cloudinary/${name.padEnd(18)} ${title}`,
  );
  say(`Listening on ${base}, with a fake of Cloudinary at ${fake.url}. Try:

  curl -T examples/fallback-server/assets/test-pattern.mp4 -X POST '${base}/videos?name=clip.mp4'
${switches.join("\n")}
  curl ${base}/videos

Ctrl-C ends it and removes its folders.`);
  stopOnSignal(stop);
}

async function stop(): Promise<void> {
  await close();
  await app.storage.close();
  await fake.close();
  await rm(app.home, { recursive: true, force: true });
}
