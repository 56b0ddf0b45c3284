// What the S3 adapter does beyond the contract, on real servers.
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { createStorage, isStorageError, memory } from "@stowage/core";
import { copyBetween, objectVersion, probe, s3, type Dialect } from "@stowage/s3";
import assert from "node:assert/strict";
import { join } from "node:path";
import { MIB, digestAt, digestOf, digestOfFile, patterned, streamed } from "./contents.js";
import { codeOf } from "./outcomes.js";
import type { RealTest, ServerKind } from "./real.js";

/** What each server is known to do, by the requests that were tried by hand. */
const PROBED: Readonly<Record<ServerKind, Partial<Dialect>>> = {
  ceph: {
    checksum: "none",
    conditionalPut: true,
    conditionalComplete: false,
    conditionalCopy: false,
    conditionalDelete: false,
    bareIfMatch: true,
    deletesWithMd5: false,
  },
  "ceph-newest": {
    checksum: "crc32",
    conditionalPut: true,
    conditionalComplete: true,
    conditionalCopy: false,
    conditionalDelete: true,
    bareIfMatch: false,
    deletesWithMd5: false,
  },
  swift: {
    checksum: "none",
    conditionalPut: false,
    conditionalComplete: false,
    conditionalCopy: false,
    bareIfMatch: false,
    deletesWithMd5: true,
  },
};

const probing: RealTest = {
  title: "probe() finds out what the server keeps, and leaves nothing",
  run: async ({ kind, provider, storage }) => {
    const asked = provider({ keyPrefix: "corner/" });
    const { name, ...found } = await probe(asked);
    assert.equal(name, "probed");
    assert.deepEqual({ ...found, ...PROBED[kind] }, found);
    for await (const { key } of storage().list()) assert.fail(`${key} is left`);
    const probed = storage({ dialect: { name, ...found } });
    await probed.put("a", "1");
    await probed.put("a", "2");
    assert.equal(await (await probed.get("a")).text(), "2");
  },
};

const versions: RealTest = {
  title: "a version can be read and removed under its id, and the newest stays",
  // Swift hangs when a version is deleted.
  on: ["ceph", "ceph-newest"],
  run: async ({ provider, storage, keepVersions }) => {
    await keepVersions();
    const { version = "" } = await storage({ keyPrefix: "a/" }).put("b", "first", { metadata: { n: "1" } });
    await storage({ keyPrefix: "a/" }).put("b", "second");
    const old = objectVersion(provider({ keyPrefix: "a/" }), "b", version);
    assert.equal(await (await old.get()).text(), "first");
    assert.equal(await (await old.get({ range: { offset: 1, length: 2 } })).text(), "ir");
    const { key, size, metadata, version: same } = await old.head();
    assert.deepEqual(
      { key, size, metadata, same },
      { key: "b", size: 5, metadata: { n: "1" }, same: version },
    );
    await old.delete();
    await old.delete();
    assert.equal(await codeOf(old.head()), "NotFound");
    assert.equal(await (await storage().get("a/b")).text(), "second");
  },
};

const betweenBuckets: RealTest = {
  title: "copyBetween copies to another bucket on the server, and from another provider through this process",
  run: async ({ provider, storage, addBucket }) => {
    const bucket = await addBucket();
    const facts = { contentType: "text/x", cacheControl: "no-cache", metadata: { name: "é" } };
    await storage().put("from/a b", "abc", facts);
    const to = { provider: provider({ bucket, keyPrefix: "p/" }), key: "to/ü" };
    const info = await copyBetween({ provider: provider(), key: "from/a b" }, to);
    assert.equal(info.key, "to/ü");
    const copied = await storage({ bucket }).get("p/to/ü");
    const { contentType, cacheControl, metadata } = copied.info;
    assert.deepEqual({ contentType, cacheControl, metadata }, facts);
    assert.equal(await copied.text(), "abc");
    const other = memory();
    await createStorage(other).put("m", "from memory", facts);
    await copyBetween({ provider: other, key: "m" }, to);
    assert.equal(await (await storage({ bucket }).get("p/to/ü")).text(), "from memory");
    assert.equal(await codeOf(copyBetween({ provider: provider(), key: "none" }, to)), "NotFound");
  },
};

const download: RealTest = {
  title: "download writes a large object to a file, several parts at once, and keeps its bytes",
  run: async ({ storage, folder }) => {
    const content = patterned(50 * MIB + 123);
    const path = join(folder, "file");
    await storage().put("a", content);
    const { size } = await storage().download("a", path);
    assert.equal(size, content.byteLength);
    assert.equal(await digestOfFile(path), digestOf(content));
  },
};

const foreignKeys: RealTest = {
  title: "keys of others that break the rules are reported by a listing, not thrown",
  run: async ({ client, bucket, storage }) => {
    for (const Key of ["a/", "a//b", "a/./c", "a/good"]) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x" }));
    }
    const { objects, skipped = [] } = await storage().listPage();
    assert.deepEqual(
      objects.map(({ key }) => key),
      ["a/good"],
    );
    assert.deepEqual(
      skipped.map(({ key }) => key),
      ["a/", "a/./c", "a//b"],
    );
    const page = await storage().listPage({ prefix: "a/", delimiter: "/" });
    assert.deepEqual(page.prefixes, []);
  },
};

const library: RealTest = {
  title: 'the uploader "lib-storage" stores streams and bytes of several parts',
  run: async ({ storage }) => {
    const content = patterned(12 * MIB + 1);
    for (const size of [0, 1, 5 * MIB, 12 * MIB + 1]) {
      const part = content.subarray(0, size);
      await storage({ uploader: "lib-storage" }).put("a", streamed(part));
      assert.equal(await digestAt(storage(), "a"), digestOf(part));
    }
  },
};

const emptyBucket: RealTest = {
  title: "an absent bucket, wrong keys and a wrong region say what is wrong",
  run: async ({ kind, storage, server }) => {
    const absent = storage({ bucket: "no-such-bucket" });
    assert.equal(await codeOf(absent.head("a")), "Misconfigured");
    assert.equal(await codeOf(absent.get("a")), "Misconfigured");
    assert.equal(await codeOf(absent.put("a", "x")), "Misconfigured");
    const credentials = { ...server.credentials, secretAccessKey: "wrong" };
    assert.equal(await codeOf(storage({ credentials }).get("a")), "Unauthenticated");
    if (kind === "swift")
      assert.equal(await codeOf(storage({ region: "eu-west-1" }).get("a")), "Misconfigured");
  },
};

const manyKeys: RealTest = {
  title: "2,500 keys are deleted by batches, absent ones too",
  run: async ({ storage }) => {
    const keys = Array.from({ length: 2500 }, (_, index) => `many/é ${index}&<`);
    for (const key of keys.slice(0, 20)) await storage().put(key, "x");
    const { errors } = await storage().deleteMany(keys);
    assert.deepEqual(errors, []);
    assert.deepEqual((await storage().listPage()).objects, []);
  },
};

const unknownKey: RealTest = {
  title: "an unknown access key is named as the reason, with the verb and the key",
  on: ["ceph", "ceph-newest"],
  run: async ({ server, bucket }) => {
    const { endpoint, credentials } = server;
    const anonymous = s3({
      bucket,
      endpoint,
      dialect: "ceph",
      credentials: { ...credentials, accessKeyId: `${credentials.accessKeyId}X` },
    });
    const error: unknown = await createStorage(anonymous)
      .put("a", "x")
      .catch((failure: unknown) => failure);
    assert.ok(isStorageError(error, "Unauthenticated"));
    assert.match(error.message, /put "a": the server does not know the access key/);
  },
};

export const FEATURES: readonly RealTest[] = [
  probing,
  versions,
  betweenBuckets,
  download,
  foreignKeys,
  library,
  emptyBucket,
  manyKeys,
  unknownKey,
];
