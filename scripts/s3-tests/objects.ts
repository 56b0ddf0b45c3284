// What objects are stored with, on real servers: encryption, access, tags, classes, checksums.
import { createStorage, type FileStorage } from "@stowage/core";
import { DIALECTS, objectTags, s3, setObjectTags, withObjectOptions, type Dialect } from "@stowage/s3";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { KMS_KEY_ID } from "../s3-servers/ceph.js";
import { MIB, digestAt, digestOf, patterned, streamed } from "./contents.js";
import { codeOf } from "./outcomes.js";
import type { RealTest } from "./real.js";

const LARGE = patterned(11 * MIB);

async function assertEmpty(files: FileStorage): Promise<void> {
  for await (const { key } of files.list()) assert.fail(`${key} is there`);
}

const customerKeys: RealTest = {
  title: "objects that are encrypted with a key of one's own are read and copied with it, and not without",
  on: ["ceph", "ceph-newest"],
  run: async ({ storage }) => {
    const key = new Uint8Array(32).fill(1);
    const files = storage({ objects: { encryption: { type: "customer", key } } });
    await files.put("small", "abc");
    await files.put("large", streamed(LARGE));
    await files.copy("small", "copy");
    assert.equal(await (await files.get("copy")).text(), "abc");
    assert.equal(await digestAt(files, "large"), digestOf(LARGE));
    assert.equal((await files.head("large")).size, LARGE.byteLength);
    const other = new Uint8Array(32).fill(2);
    assert.notEqual(await codeOf(storage().get("small")), "done");
    const wrong = storage({ objects: { encryption: { type: "customer", key: other } } });
    assert.notEqual(await codeOf(wrong.get("small")), "done");
  },
};

const managedKeys: RealTest = {
  title: "objects are encrypted with a key of a key management service, also by a signed PUT",
  on: ["ceph", "ceph-newest"],
  run: async ({ storage }) => {
    const dialect: Dialect = { ...DIALECTS.ceph, encryption: ["aws:kms"] };
    const encrypted = (keyId: string): FileStorage =>
      storage({ dialect, objects: { encryption: { type: "aws:kms", keyId } } });
    const files = encrypted(KMS_KEY_ID);
    await files.put("small", "abc");
    await files.put("large", streamed(LARGE));
    assert.equal(await digestAt(files, "large"), digestOf(LARGE));
    const { url, headers } = await files.signUpload("signed", { contentLength: 3 });
    assert.equal(headers["x-amz-server-side-encryption"], "aws:kms");
    const answer = await fetch(url, { method: "PUT", headers: sendable(headers), body: "abc" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("x-amz-server-side-encryption"), "aws:kms");
    assert.notEqual(await codeOf(encrypted("no-such-key").put("none", "abc")), "done");
    assert.equal(await files.exists("none"), false);
  },
};

/** The headers without the one that nobody may set. */
function sendable({
  "content-length": _length,
  ...headers
}: Readonly<Record<string, string>>): Record<string, string> {
  return headers;
}

const ignoredEncryption: RealTest = {
  title: "a server that ignores or refuses encryption keeps no object that should have it",
  run: async ({ kind, storage }) => {
    const key = new Uint8Array(32).fill(1);
    const encryption =
      kind === "swift" ? ({ type: "customer", key } as const) : ({ type: "AES256" } as const);
    const files = storage({ dialect: "generic", objects: { encryption } });
    assert.notEqual(await codeOf(files.put("small", "abc")), "done");
    assert.notEqual(await codeOf(files.put("large", streamed(LARGE))), "done");
    await assertEmpty(storage());
  },
};

const publicObjects: RealTest = {
  title: "public-read objects are there for everybody under their public URL, and others are not",
  on: ["ceph", "ceph-newest"],
  run: async ({ provider }) => {
    const open = withObjectOptions(provider(), { acl: "public-read" });
    const files = createStorage(open);
    await files.put("a b.txt", "abc");
    await files.put("large", streamed(LARGE));
    await createStorage(provider()).put("private.txt", "abc");
    assert.equal(await (await fetch(await files.publicUrl("a b.txt"))).text(), "abc");
    assert.equal((await fetch(await files.publicUrl("large"), { method: "HEAD" })).status, 200);
    assert.equal((await fetch(await files.publicUrl("private.txt"))).status, 403);
    const upload = await files.signUpload("signed.txt", { contentLength: 3 });
    await fetch(upload.url, { method: "PUT", headers: sendable(upload.headers), body: "abc" });
    assert.equal((await fetch(await files.publicUrl("signed.txt"))).status, 200);
    const form = await files.signUpload("form.txt", { maxBytes: 3 });
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields ?? {})) body.append(name, value);
    body.append("file", new Blob(["abc"]));
    assert.equal((await fetch(form.url, { method: "POST", body })).status, 204);
    assert.equal((await fetch(await files.publicUrl("form.txt"))).status, 200);
  },
};

const tagged: RealTest = {
  title: "tags are those of the object, however it was written, and can be replaced",
  on: ["ceph", "ceph-newest"],
  run: async ({ provider }) => {
    const tags = { "a b": "c&d=é", e: "" };
    const own = withObjectOptions(provider({ keyPrefix: "p/" }), { tags });
    const files = createStorage(own);
    await files.put("small", "abc");
    await files.put("large", streamed(LARGE));
    assert.deepEqual(await objectTags(own, "small"), tags);
    assert.deepEqual(await objectTags(own, "large"), tags);
    await createStorage(provider({ keyPrefix: "p/" })).put("plain", "abc");
    await files.copy("plain", "copy");
    assert.deepEqual(await objectTags(own, "copy"), tags);
    const upload = await files.signUpload("signed", { contentLength: 3 });
    await fetch(upload.url, { method: "PUT", headers: sendable(upload.headers), body: "abc" });
    assert.deepEqual(await objectTags(own, "signed"), tags);
    await setObjectTags(own, "small", { f: "g" });
    assert.deepEqual(await objectTags(own, "small"), { f: "g" });
    assert.equal(await (await files.get("small")).text(), "abc");
    assert.equal(await codeOf(objectTags(own, "none")), "NotFound");
  },
};

const classes: RealTest = {
  title: "a class of storage that the server does not have is refused, or reported when it is ignored",
  run: async ({ bucket, server, storage }) => {
    const objects = { storageClass: "GLACIER_IR" } as const;
    const { endpoint, credentials } = server;
    let isReported = false;
    const files = createStorage(s3({ bucket, endpoint, credentials, dialect: "generic", objects }), {
      onEvent: ({ type }) => void (isReported ||= type === "ignored"),
    });
    const code = await codeOf(files.put("a", "abc"));
    // Ceph says no more than that something is wrong with an argument.
    assert.ok(["Unsupported", "InvalidArgument"].includes(code) || isReported, code);
    assert.equal(await storage().exists("a"), code === "done");
    await files.close();
  },
};

const checksums: RealTest = {
  title: "checksums are sent, compared by the server, and compared again when an object is read",
  run: async ({ kind, dialect, storage }) => {
    const knows = kind === "ceph-newest";
    const speaks: Dialect = { ...DIALECTS[dialect], checksum: knows ? "crc32" : "none" };
    for (const checksum of ["crc32", "crc32c", "sha256"] as const) {
      const files = storage({ dialect: speaks, objects: { checksum }, unsignedPayload: true });
      await files.put("small", "abc");
      await files.put("large", streamed(LARGE));
      const { info, text } = await readText(files, "small");
      assert.equal(text, "abc");
      assert.equal(info.checksum?.algorithm, knows ? checksum : undefined);
      assert.equal(await digestAt(files, "large"), digestOf(LARGE));
    }
  },
};

async function readText(files: FileStorage, key: string) {
  const object = await files.get(key);
  return { info: object.info, text: await object.text() };
}

const encoded: RealTest = {
  title: "a coding of the content is told to browsers, kept by copies, and changes no byte",
  run: async ({ storage }) => {
    const body = gzipSync("hello");
    const files = storage({ objects: { contentEncoding: "gzip" } });
    await files.put("a.txt", body);
    await storage().copy("a.txt", "b.txt");
    for (const key of ["a.txt", "b.txt"]) {
      assert.deepEqual(Buffer.from(await (await files.get(key)).bytes()), body);
      assert.equal(await (await fetch(await files.signedUrl(key))).text(), "hello");
    }
  },
};

export const OBJECTS: readonly RealTest[] = [
  customerKeys,
  managedKeys,
  ignoredEncryption,
  publicObjects,
  tagged,
  classes,
  checksums,
  encoded,
];
