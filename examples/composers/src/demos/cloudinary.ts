// Cloudinary, then a bucket, then a folder: one failure of Cloudinary after the other, on a fake that runs here.
import { setTimeout as delay } from "node:timers/promises";
import { cloudinaryFake, type CloudinaryFake } from "@stowage/conformance";
import type { CloudinaryOptions } from "@stowage/cloudinary";
import type { Composition } from "../composition.js";
import { createFallback } from "../fallback.js";
import { listen } from "../listen.js";
import { createSite } from "../site.js";
import { FAULTS, turnTo } from "./cloudinary-faults.js";
import { readVideo, type Uploaded } from "./fallback.js";
import { memberOf, type DemoOptions } from "./options.js";
import { digestsOf } from "./same.js";
import { assert, say, sha256 } from "./say.js";

/** What an application keeps of an upload in its database. */
interface Row extends Uploaded {
  readonly id: string;
}

interface Demo {
  readonly app: Composition;
  readonly fake: CloudinaryFake;
  readonly url: string;
  readonly video: Buffer;
  readonly digest: string;
  /** Why members were given up since the list was last emptied. */
  readonly reasons: string[];
}

/** Returns the account of a fake of Cloudinary. */
export function accountOf({ url, cloudName, apiKey, apiSecret }: CloudinaryFake): CloudinaryOptions {
  return { cloudName, apiKey, apiSecret, uploadPrefix: url, deliveryBaseUrl: `${url}/${cloudName}` };
}

/** Runs the demo to its end. @throws Error when something is not as it should be. */
export async function runCloudinary({ env, home }: DemoOptions): Promise<void> {
  const fake = await cloudinaryFake();
  const reasons: string[] = [];
  const app = await createFallback(env, {
    home,
    cloudinary: accountOf(fake),
    onEvent: (event) => {
      if (event.type === "fallback" && event.operation === "put")
        reasons.push(String((event.error as Error).message));
    },
  });
  const { url, close } = await listen(createSite(app, { home }), 0);
  const video = await readVideo();
  try {
    await walk({ app, fake, url, video, digest: sha256(video), reasons });
  } finally {
    await close();
    await app.close();
    await fake.close();
  }
  say("\nAll digests were equal. Nothing was lost, nothing is left.");
}

async function walk(demo: Demo): Promise<void> {
  const { app, fake, url, reasons, digest } = demo;
  const names = app.members.map(({ inner }) => inner.name);
  say(`A video, SHA-256 ${digest.slice(0, 16)}…, and a chain of ${names.join(" → ")}.\n`);
  const rows: Row[] = [];
  for (const [name, { title }] of Object.entries(FAULTS)) {
    reasons.length = 0;
    turnTo(fake, name);
    const row = await upload(demo, name);
    rows.push(row);
    say(`Cloudinary ${title}`);
    for (const reason of new Set(reasons)) say(`    ${reason}`);
    say(`    → "${row.provider}"  ${row.ref}`);
    const expected = name === "works" ? "cloudinary" : names[1];
    assert(row.provider === expected, `it is in "${expected}"`);
  }
  turnTo(fake, "works");
  await lastResort(demo, names, rows);
  await untilAsked(app);
  await readBack(demo, rows);
  assert(fake.assets().length === 1, "Cloudinary has the one upload that it took, and nothing of the others");
  for (const { key } of rows) await fetch(`${url}/files/${key}`, { method: "DELETE" });
  assert(fake.assets().length === 0, "Cloudinary holds nothing");
  for (const { inner } of app.members.slice(1)) {
    const left = await digestsOf(inner);
    assert(!rows.some(({ key }) => left.has(key)), `"${inner.name}" holds nothing of them`);
  }
}

/** Waits for Cloudinary: it has failed again and again, and is left out until it has answered a probe. */
async function untilAsked({ storage }: Composition): Promise<void> {
  for (;;) {
    try {
      await storage.delete("uploads/0/nothing.mp4");
      await storage.exists("uploads/0/nothing.mp4");
      return;
    } catch {
      await delay(100);
    }
  }
}

/** Both of the others are gone: the folder takes it. */
async function lastResort(
  demo: Demo,
  [first = "", second = "", third = ""]: readonly string[],
  rows: Row[],
): Promise<void> {
  const others = [first, second].map((name) => memberOf(demo.app, name));
  for (const member of others) member.turn("down");
  const row = await upload(demo, "last");
  rows.push(row);
  for (const member of others) member.turn("works");
  say(`"${first}" and "${second}" are both down\n    → "${row.provider}"  ${row.ref}`);
  assert(row.provider === third, `it is in "${third}"`);
}

async function readBack(demo: Demo, rows: readonly Row[]): Promise<void> {
  say("\nWhat the database has, read back:");
  for (const { id, key, provider, ref, url: link } of rows) {
    const found = [
      await digestAt(`${demo.url}/files/${key}`),
      await digestAt(`${demo.url}/at?ref=${encodeURIComponent(ref)}`),
      link === null ? demo.digest : await digestAt(link),
    ];
    const isEqual = found.every((digest) => digest === demo.digest);
    say(`  ${id.padEnd(16)} in ${provider.padEnd(10)} ${isEqual ? "equal" : "DIFFERENT"}`);
    assert(isEqual, `${key} has the bytes that were uploaded`);
  }
}

async function upload({ url, video }: Demo, id: string): Promise<Row> {
  const response = await fetch(`${url}/files?name=${id}.mp4`, {
    method: "POST",
    body: new Uint8Array(video),
  });
  assert(response.status === 201, `the upload answers 201, not ${response.status}`);
  return { id, ...((await response.json()) as Uploaded) };
}

async function digestAt(url: string): Promise<string> {
  const response = await fetch(url);
  assert(response.ok, `${url} answers ${response.status}`);
  return sha256(Buffer.from(await response.arrayBuffer()));
}
