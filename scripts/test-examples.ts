// The examples that are whole applications, with their bucket on Ceph: what their own tests do with a folder. The program of the
// README is one of them.
import { PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fromEnv } from "stowage";
import * as chain from "../examples/cloudinary-then-s3/src/app.js";
import * as dual from "../examples/dual-storage/src/app.js";
import * as hls from "../examples/private-hls/src/app.js";
import * as renditions from "../examples/rendition-worker/src/renditions.js";
import * as rollout from "../examples/rollout-by-environment/src/app.js";
import { startEachExample } from "./example-starts.js";
import { README_BUCKET, runReadme } from "./readme-program.js";
import { startCeph } from "./s3-servers/ceph.js";
import { bucketVariables, type S3Server } from "./s3-servers/server.js";
import { createTally } from "./s3-tests/tally.js";

const KEYS = [{ id: "test", secret: "a secret of at least 32 bytes, for tests" }] as const;
const WAIT_MS = 30_000;
/** What programs take for an MP4: its first box. */
const FILM = Buffer.concat([
  Buffer.from("000000186674797069736f6d0000020069736f6d61766331", "hex"),
  Buffer.alloc(9_000_000, 7),
]);

type Variables = Readonly<Record<string, string>>;

interface Test {
  readonly title: string;
  readonly run: (bucket: Variables, home: string) => Promise<void>;
  /** What the credentials may do with the objects of the bucket, and nothing else. Absent for the owner of the bucket. */
  readonly actions?: readonly string[] | undefined;
  /** The name of the bucket, where a program has it in its code. */
  readonly bucket?: string | undefined;
}

/** No `s3:ListBucket`. */
const OBJECTS_ALONE = ["s3:GetObject", "s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject"];

const TESTS: readonly Test[] = [
  {
    title:
      "README: two runs are two files in the bucket, and the folder takes the third while the bucket is down",
    run: runReadme,
    bucket: README_BUCKET,
  },
  {
    title: "each example starts by npm start, and answers",
    run: startEachExample,
    bucket: "examples-starts",
  },
  {
    title: "dual-storage: a video comes to the bucket, and a viewer is sent there",
    run: runDual,
  },
  {
    title: "cloudinary-then-s3: without an account the bucket takes the video, and the player plays it",
    run: runChain,
  },
  {
    title: "private-hls: a folder is published, and its segments are private",
    run: runHls,
  },
  {
    title: "rendition-worker: renditions are stored under the prefix, by credentials that may not list",
    run: runRenditions,
    actions: OBJECTS_ALONE,
  },
  {
    title:
      "rollout-by-environment: to the bucket, back, and without the folder, by credentials that may not list",
    run: runRollout,
    actions: OBJECTS_ALONE,
  },
];

/** Makes a bucket, and a user who may do nothing but these actions with its objects. */
async function restrictedBucket(
  owner: S3Server,
  bucket: string,
  actions: readonly string[],
): Promise<Record<string, string>> {
  const variables = await bucketVariables(owner, bucket);
  assert.ok(owner.addUser !== undefined);
  const { arn, credentials } = await owner.addUser();
  const statement = {
    Effect: "Allow",
    Principal: { AWS: [arn] },
    Action: actions,
    Resource: `arn:aws:s3:::${bucket}/*`,
  };
  const client = new S3Client({
    endpoint: owner.endpoint,
    credentials: owner.credentials,
    region: "us-east-1",
    forcePathStyle: true,
  });
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  client.destroy();
  return {
    ...variables,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

function form(): FormData {
  const data = new FormData();
  data.append("video", new Blob([FILM], { type: "video/mp4" }), "film.mp4");
  return data;
}

async function isFilm(response: Response): Promise<void> {
  assert.equal(response.status, 200);
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(FILM), "other bytes");
}

async function runDual(bucket: Variables, home: string): Promise<void> {
  const app = await dual.createApp({ ...bucket, STORAGE_DIR: join(home, "uploads"), USE_S3: "true" });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  try {
    const created = await fetch(`${url}/videos`, { method: "POST", body: form() });
    const { id } = (await created.json()) as { readonly id: string };
    await isFilm(await fetch(`${url}/videos/${id}`));
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await delay(100)) {
      if ((await fetch(`${url}/videos/${id}`, { redirect: "manual" })).status === 302) break;
    }
    const sent = await fetch(`${url}/videos/${id}`, { redirect: "manual" });
    assert.equal(sent.status, 302);
    await isFilm(await fetch(sent.headers.get("location") ?? ""));
    assert.equal((await fetch(`${url}/videos/${id}`, { method: "DELETE" })).status, 204);
    assert.equal((await fetch(`${url}/videos/${id}`)).status, 404);
  } finally {
    await app.close();
  }
}

async function runChain(bucket: Variables): Promise<void> {
  const storage = await fromEnv(bucket);
  const server = chain.createApp(storage, new Map()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const created = await fetch(`${url}/videos`, { method: "POST", body: form() });
    const { id, provider } = (await created.json()) as chain.Video;
    assert.equal(provider, "s3");
    const row = (await (await fetch(`${url}/videos/${id}`)).json()) as { readonly url: string };
    await isFilm(await fetch(row.url));
    assert.equal((await fetch(`${url}/videos/${id}`, { method: "DELETE" })).status, 204);
  } finally {
    server.closeAllConnections();
    server.close();
    await storage.close();
  }
}

async function runHls(bucket: Variables, home: string): Promise<void> {
  // Ceph without a key service encrypts nothing.
  const storage = await hls.openStorage(bucket, { s3: { objects: { acl: "private" } } });
  try {
    await hls.prepareBucket(storage);
    await writeFile(join(home, "master.m3u8"), "#EXTM3U\n#EXTINF:4,\n0.ts\n#EXT-X-ENDLIST\n");
    await writeFile(join(home, "0.ts"), FILM);
    assert.equal(await hls.publish(storage, home, "7"), 2);
    const app = hls.createApp(storage, KEYS, ({ headers }) => headers.get("x-viewer") === "yes");
    const viewer = { headers: { "x-viewer": "yes" } };
    assert.equal((await app.request("/files/hls/7/master.m3u8", viewer)).status, 200);
    const segment = await app.request("/files/hls/7/0.ts", viewer);
    assert.equal(segment.status, 302);
    const location = segment.headers.get("location") ?? "";
    await isFilm(await fetch(location));
    assert.equal((await fetch(location.split("?")[0] ?? "")).status, 403);
    assert.equal((await app.request("/files/hls/7/0.ts")).status, 403);
  } finally {
    await storage.close();
  }
}

async function runRenditions(bucket: Variables, home: string): Promise<void> {
  const base = `${bucket["AWS_ENDPOINT_URL_S3"]}/${bucket["AWS_S3_BUCKET"]}`;
  const storage = await renditions.openStorage({
    ...bucket,
    STORAGE_DIR: join(home, "renditions"),
    AWS_S3_VIDEOS_PREFIX: "videos",
    AWS_S3_BASE_URL: base,
    LOCAL_BASE_URL: "http://127.0.0.1:8080",
  });
  try {
    const path = join(home, "film.mp4");
    await writeFile(path, FILM);
    const qualities = ["480p", "720p", "1080p"].map((quality) => ({ path, quality }));
    const stored = await renditions.storeRenditions(storage, "42", qualities);
    assert.deepEqual(
      stored.flatMap(({ error }) => error ?? []),
      [],
    );
    assert.equal(stored[0]?.url, `${base}/videos/42/film_480p.mp4`);
    for (const { url } of stored) await isFilm(await fetch(url ?? ""));
  } finally {
    await storage.close();
  }
}

async function runRollout(bucket: Variables, home: string): Promise<void> {
  const urls: string[] = [];
  const withApp = async (variables: Variables, use: (url: string) => Promise<void>): Promise<void> => {
    const app = await rollout.createApp({
      ...bucket,
      YTDLP_DOWNLOAD_DIR: join(home, "downloads"),
      ...variables,
    });
    await app.listen(0, "127.0.0.1");
    try {
      await use(await app.getUrl());
    } finally {
      await app.close();
    }
  };
  const store = async (url: string): Promise<void> => {
    const body = Buffer.concat([FILM, Buffer.from(String(urls.length))]);
    const created = await fetch(`${url}/media?ext=mp4`, { method: "POST", body });
    assert.equal(created.status, 201);
    urls.push(((await created.json()) as { readonly url: string }).url);
  };
  await withApp({ STORAGE_MODE: "local" }, store);
  await withApp({ STORAGE_MODE: "hybrid", S3_SPLIT_PERCENTAGE: "100" }, store);
  await withApp({ STORAGE_MODE: "s3" }, store);
  const statusOf = async (url: string, each: string): Promise<number> =>
    (await fetch(`${url}/media?url=${encodeURIComponent(each)}`, { method: "HEAD" })).status;
  const missing = `s3://${bucket["AWS_S3_BUCKET"]}/2026/01/01/none.mp4`;
  await withApp({ STORAGE_MODE: "local", S3_SPLIT_PERCENTAGE: "100" }, async (url) => {
    await store(url);
    assert.deepEqual(
      urls.map((each) => new URL(each).protocol),
      ["file:", "s3:", "s3:", "file:"],
    );
    for (const each of urls) assert.equal(await statusOf(url, each), 200);
    assert.equal(await statusOf(url, missing), 404);
  });
  // Phase 3: the folder is removed, and its variable is still set.
  await rm(join(home, "downloads"), { recursive: true });
  await withApp({ STORAGE_MODE: "s3" }, async (url) => {
    await store(url);
    const found = await Promise.all(urls.map((each) => statusOf(url, each)));
    assert.deepEqual(found, [404, 200, 200, 404, 200]);
    assert.equal(await statusOf(url, missing), 404);
  });
}

const tally = createTally();
const server = await startCeph();
try {
  for (const { title, run, actions, bucket } of TESTS) {
    await tally.test(title, async () => {
      const home = await mkdtemp(join(tmpdir(), "stowage-examples-"));
      const name = bucket ?? `examples-${title.split(/[-:]/)[0]}`;
      try {
        const variables = actions
          ? await restrictedBucket(server, name, actions)
          : await bucketVariables(server, name);
        await run(variables, home);
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    });
  }
} finally {
  await server.stop();
}
console.log(tally.closingLine());
if (tally.hasFailures()) process.exitCode = 1;
