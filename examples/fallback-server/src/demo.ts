import { readFile, rm } from "node:fs/promises";
import { assert, listen, say, sha256, stopOnSignal } from "@stowage/example-tools";
import { createApp } from "./app.js";
import { createVideoServer } from "./server.js";

interface Uploaded {
  readonly key: string;
  readonly provider: string;
  readonly ref: string;
  readonly size: number;
}

let steps = 0;
const video = await readFile(new URL("../assets/test-pattern.mp4", import.meta.url));
const digest = sha256(video);

const app = await createApp(process.env, {
  onEvent: (event) => {
    if (event.type !== "fallback") return;
    say(
      `  event: "${event.from}" was given up for this ${event.operation}${event.to ? `, on to "${event.to}"` : ""}`,
    );
  },
});
const server = createVideoServer(app);
const { url: base, close } = await listen(server, process.argv.includes("--serve") ? 8080 : 0);

if (process.argv.includes("--serve")) serve();
else {
  try {
    await runDemo();
  } finally {
    await stop();
  }
}

async function runDemo(): Promise<void> {
  const before = await counts();
  const [first = ""] = app.members.keys();
  say(
    `A real video of ${video.byteLength} bytes, SHA-256 ${digest.slice(0, 16)}…, and a chain of ${[...app.members.keys()].map((name) => `"${name}"`).join(" and ")}.`,
  );

  step("Upload, streamed over HTTP");
  const one = await upload("one.mp4");
  await check("read back", `/${one.key}`, digest);

  step(`Member "${first}" goes down; upload another`);
  await turn(first, "down");
  const two = await upload("two.mp4");
  await check("read the second back", `/${two.key}`, digest);
  const gone = await fetch(`${base}/${one.key}`);
  say(`  read the first back: ${gone.status} ${((await gone.json()) as { code: string }).code}`);
  say("  (a chain keeps writes going; an object lives in one member, and waits for it)");
  assert(gone.status === 503, "an object of a member that is down is unavailable, never not found");

  step("Read a range of the second");
  const part = await fetch(`${base}/${two.key}`, { headers: { range: "bytes=1000-1999" } });
  const bytes = Buffer.from(await part.arrayBuffer());
  say(`  ${part.status} ${part.headers.get("content-range")}`);
  assert(part.status === 206 && bytes.equals(video.subarray(1000, 2000)), "the range is the right one");

  step(`Member "${first}" is back`);
  await turn(first, "up");
  await check("read the first", `/${one.key}`, digest);
  await check("read the second", `/${two.key}`, digest);
  await check("read by the ref stored in step 1", `/at?ref=${encodeURIComponent(one.ref)}`, digest);

  step("List");
  const videos = (await (await fetch(`${base}/videos`)).json()) as Uploaded[];
  for (const { key, provider, size } of videos) say(`  ${key}  ${size} bytes in "${provider}"`);
  assert(videos.length === 2, "both are listed, once each");

  step("Delete both");
  for (const { key } of videos) await fetch(`${base}/${key}`, { method: "DELETE" });
  await app.storage.close();
  for (const [name, left] of await counts()) {
    say(`  "${name}" holds ${left} objects`);
    assert(left === before.get(name), `"${name}" holds what it held before`);
  }
  say("\nAll digests were equal. Nothing was lost, nothing is left.");
}

/** How much each member holds: of somebody's own there may be something. */
async function counts(): Promise<ReadonlyMap<string, number>> {
  const all = [...app.members].map(async ([name, { count }]) => [name, await count()] as const);
  return new Map(await Promise.all(all));
}

async function upload(name: string): Promise<Uploaded> {
  const response = await fetch(`${base}/videos?name=${name}`, { method: "POST", body: video });
  assert(response.status === 201, `the upload answers 201, not ${response.status}`);
  const uploaded = (await response.json()) as Uploaded;
  say(`  stored ${uploaded.size} bytes as ${uploaded.key}`);
  say(`  in "${uploaded.provider}", ref ${uploaded.ref}`);
  return uploaded;
}

async function check(what: string, path: string, expected: string): Promise<void> {
  const response = await fetch(base + path);
  const found = sha256(Buffer.from(await response.arrayBuffer()));
  const same = found === expected;
  say(`  ${what}: ${response.status}, SHA-256 ${found.slice(0, 16)}… ${same ? "equal" : "DIFFERENT"}`);
  assert(response.ok && same, `${what}: the same bytes`);
}

async function turn(member: string, state: "up" | "down"): Promise<void> {
  await fetch(`${base}/members/${member}/${state}`, { method: "PUT" });
}

function serve(): void {
  say(`Listening on ${base}. Try:

  curl -T examples/fallback-server/assets/test-pattern.mp4 -X POST '${base}/videos?name=clip.mp4'
  curl ${base}/videos
  curl -o clip.mp4 ${base}/<key from the answer>
  curl -r 0-99 ${base}/<key> | xxd | head
  curl -X PUT ${base}/members/${[...app.members.keys()][0]}/down
  curl -X DELETE ${base}/<key>
  curl ${base}/          what the chain promises

Ctrl-C ends it and removes its folders.`);
  stopOnSignal(stop);
}

async function stop(): Promise<void> {
  await close();
  await app.storage.close();
  await rm(app.home, { recursive: true, force: true });
}

function step(title: string): void {
  say(`\n${++steps}. ${title}`);
}
