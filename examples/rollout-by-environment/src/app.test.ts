import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { INestApplication } from "@nestjs/common";
import { memory, type ObjectInfo, type StorageProvider } from "@stowage/core";
import type { Environment } from "stowage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApp } from "./app.js";
import type { Media } from "./media.js";

const PLACE = "s3://my-media/";
const BUCKET = { AWS_S3_BUCKET: "my-media", AWS_REGION: "eu-central-1" };

let home: string;
let bucket: StorageProvider;
let app: INestApplication | undefined;
let url: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-rollout-"));
  bucket = withAddresses(memory({ name: "s3" }));
});

afterEach(async () => {
  await stop();
  await rm(home, { recursive: true, force: true });
});

/** Gives a provider the addresses of a bucket. */
function withAddresses(inner: StorageProvider): StorageProvider {
  const ref = (key: string): string => `${PLACE}${key}`;
  const named = (info: ObjectInfo): ObjectInfo => ({ ...info, ref: ref(info.key) });
  return {
    ...inner,
    ref,
    locate: (text) => {
      if (!text.startsWith(PLACE)) return undefined;
      return { key: text.slice(PLACE.length), provider: "s3", ref: text };
    },
    put: async (key, body, options) => named(await inner.put(key, body, options)),
    head: async (key, options) => named(await inner.head(key, options)),
    get: async (key, options) => {
      const result = await inner.get(key, options);
      return { ...result, info: named(result.info) };
    },
  };
}

async function stop(): Promise<void> {
  await app?.close();
  app = undefined;
}

async function start(env: Environment): Promise<void> {
  await stop();
  app = await createApp(
    { YTDLP_DOWNLOAD_DIR: join(home, "downloads"), ...BUCKET, ...env },
    {
      wrap: (provider) => (provider.name === "s3" ? bucket : provider),
      composer: { graceMs: 100, settleMs: 200, keepDeletesMs: 0 },
    },
  );
  await app.listen(0, "127.0.0.1");
  url = await app.getUrl();
}

async function store(text: string): Promise<Media> {
  const headers = { "content-type": "video/mp4" };
  const response = await fetch(`${url}/media?ext=mp4`, { method: "POST", body: text, headers });
  expect(response.status).toBe(201);
  return (await response.json()) as Media;
}

async function get(address: string, method = "GET"): Promise<Response> {
  return await fetch(`${url}/media?url=${encodeURIComponent(address)}`, { method });
}

async function storeMany(count: number): Promise<readonly Media[]> {
  const rows: Media[] = [];
  for (let index = 0; index < count; index++) rows.push(await store(`film ${rows.length} of ${Date.now()}`));
  return rows;
}

function shareOf(rows: readonly Media[]): number {
  return rows.filter((row) => row.url.startsWith("s3://")).length / rows.length;
}

describe("STORAGE_MODE=local|s3|hybrid and S3_SPLIT_PERCENTAGE", () => {
  it("rolls out from 10 to 100 per cent and back by variables and restarts, and loses nothing", async () => {
    const rows: Media[] = [];
    let last = 0;
    await start({ STORAGE_MODE: "local" });
    rows.push(...(await storeMany(10)));
    expect(shareOf(rows)).toBe(0);
    for (const percent of ["10", "50", "100"]) {
      await start({ STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: percent });
      const added = await storeMany(30);
      expect(shareOf(added)).toBeGreaterThanOrEqual(last - 0.2);
      last = shareOf(added);
      rows.push(...added);
    }
    expect(last).toBe(1);
    await start({ STORAGE_MODE: "s3" });
    expect(shareOf(await storeMany(5))).toBe(1);
    await start({ STORAGE_MODE: "local", S3_SPLIT_PERCENTAGE: "100" });
    const back = await storeMany(5);
    expect(shareOf(back)).toBe(0);
    for (const row of [...rows, ...back]) {
      const response = await get(row.url);
      expect(response.status).toBe(200);
      expect(await response.text()).toMatch(/^film /);
    }
    for (const row of rows) expect((await get(row.url, "DELETE")).status).toBe(204);
    for (const row of rows) expect((await get(row.url)).status).toBe(404);
  });

  it("has keys by date and hash, and addresses that another worker reads", async () => {
    await start({ STORAGE_MODE: "s3" });
    const { key, url: address } = await store("the film");
    expect(key).toMatch(/^\d{4}\/\d{2}\/\d{2}\/[0-9a-f]+_\d+\.mp4$/);
    expect(address).toBe(`s3://my-media/${key}`);
    const { body } = await bucket.get(key, {});
    expect(Buffer.from(body as Uint8Array).toString()).toBe("the film");
  });

  it("phase 3: the folder is removed, and its variable is still set", async () => {
    await start({ STORAGE_MODE: "local" });
    const old = await store("old");
    await start({ STORAGE_MODE: "s3" });
    const kept = await store("new");
    await stop();
    await rm(join(home, "downloads"), { recursive: true });
    await start({ STORAGE_MODE: "s3" });
    expect((await get(old.url)).status).toBe(404);
    expect((await get("s3://my-media/2026/01/01/missing.mp4")).status).toBe(404);
    expect(await (await get(kept.url)).text()).toBe("new");
    expect(await (await get((await store("newer")).url)).text()).toBe("newer");
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it("counts successes, failures and the latency of each store", async () => {
    await start({ STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: "50" });
    await storeMany(8);
    const text = await (await fetch(`${url}/metrics`)).text();
    const stored = text.matchAll(
      /^stowage_attempts_total\{operation="put",provider="(?:local|s3)",outcome="ok"\} (\d+)$/gm,
    );
    expect([...stored].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(8);
    for (const name of ["local", "s3"]) {
      expect(text).toMatch(new RegExp(`stowage_attempt_seconds_count\\{[^}]*provider="${name}"`));
    }
  });
});
