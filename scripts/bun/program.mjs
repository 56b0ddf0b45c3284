// Runs on Bun, with the packages installed as users have them: prints a line for each thing that works.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createStorage, fallback, fromFile, memory, mirror } from "@stowage/core";
import { sqliteJournal } from "@stowage/journal";
import { local } from "@stowage/local";
import { s3 } from "@stowage/s3";

const folder = mkdtempSync(join(tmpdir(), "stowage-bun-"));
const LARGE = Buffer.alloc(12 * 1024 * 1024, "a pattern of bytes");

async function tells(title, run) {
  try {
    await run();
    console.log(`ok     ${title}`);
  } catch (error) {
    console.log(`FAILED ${title}`);
    console.log(error);
    process.exitCode = 1;
  }
}

async function* pieces() {
  for (let at = 0; at < LARGE.length; at += 300_000) yield LARGE.subarray(at, at + 300_000);
}

async function bytesOf(storage, key) {
  return Buffer.from(await (await storage.get(key)).bytes());
}

/** Puts bodies of every make, and reads them. */
async function putAndGet(storage) {
  await storage.put("a/text.txt", "text", { metadata: { owner: "ada" } });
  await storage.put("a/blob.bin", new Blob(["hello"]));
  await storage.put("a/request.bin", new Request("http://localhost/", { method: "POST", body: "hello" }));
  await storage.put("a/stream.bin", Readable.from(pieces(), { objectMode: false }));
  await storage.put("a/file.mjs", fromFile(process.argv[1]));
  assert.equal((await storage.head("a/text.txt")).metadata.owner, "ada");
  assert.equal((await bytesOf(storage, "a/blob.bin")).toString(), "hello");
  assert.equal((await bytesOf(storage, "a/request.bin")).toString(), "hello");
  assert.ok((await bytesOf(storage, "a/stream.bin")).equals(LARGE));
  const part = await (await storage.get("a/stream.bin", { range: { offset: 5, length: 7 } })).bytes();
  assert.ok(Buffer.from(part).equals(LARGE.subarray(5, 12)));
  const { objects } = await storage.listPage({ prefix: "a/" });
  assert.equal(objects.length, 5);
  await storage.copy("a/text.txt", "b/text.txt");
  const { errors } = await storage.deletePrefix("a/");
  assert.deepEqual(errors, []);
  assert.equal(await storage.exists("a/text.txt"), false);
  await assert.rejects(storage.get("a/text.txt"), { code: "NotFound" });
}

const disk = (name) => local({ name, root: join(folder, name), create: true });

await tells("files on disk are put, read, listed, copied and deleted", async () => {
  const storage = createStorage(disk("alone"));
  await putAndGet(storage);
  await storage.close();
});

await tells("a chain goes on to its next member", async () => {
  const down = { ...memory({ name: "down" }), put: () => Promise.reject(new Error("down")) };
  const storage = createStorage(fallback([down, disk("spare")], { retry: false }));
  assert.equal((await storage.put("a.txt", "abc")).provider, "spare");
  await storage.close();
});

await tells("a mirror keeps its journal in SQLite", async () => {
  const journal = sqliteJournal(join(folder, "journal.db"));
  const storage = createStorage(mirror([disk("one"), disk("two")], { journal }));
  await putAndGet(storage);
  assert.deepEqual((await storage.health()).reasons, []);
  await storage.close();
  await journal.close();
});

const { AWS_ENDPOINT_URL_S3: endpoint, AWS_S3_BUCKET: bucket } = process.env;
await tells("objects of S3 are put, read, listed, copied and deleted", async () => {
  const storage = createStorage(s3({ bucket, endpoint, region: "us-east-1", dialect: "ceph" }));
  await putAndGet(storage);
  const answer = await fetch(await storage.signedUrl("b/text.txt"));
  assert.equal(await answer.text(), "text");
  await storage.close();
});

rmSync(folder, { recursive: true, force: true });
