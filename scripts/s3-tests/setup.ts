// Set-up of a bucket on real servers: what is printed, what is done, and what it does.
import {
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
} from "@aws-sdk/client-s3";
import {
  abortStaleUploads,
  blockPublicAccess,
  iamPolicy,
  setCors,
  setDefaultEncryption,
  setLifecycle,
  setPublicRead,
  type PolicyVerb,
} from "@stowage/s3/setup";
import type { FileStorage } from "@stowage/core";
import assert from "node:assert/strict";
import { KMS_KEY_ID } from "../s3-servers/ceph.js";
import { MIB, patterned, streamed } from "./contents.js";
import { codeOf, untilAsync } from "./outcomes.js";
import type { Real, RealTest } from "./real.js";

const ORIGIN = "https://app.example.com";

async function preflight(url: string, origin: string, method: string): Promise<Headers | undefined> {
  const headers = {
    origin,
    "access-control-request-method": method,
    "access-control-request-headers": "content-type,x-amz-meta-a",
  };
  const answer = await fetch(url, { method: "OPTIONS", headers });
  return answer.ok ? answer.headers : undefined;
}

const cors: RealTest = {
  title: "setCors says what it would do, does it once, and lets pages of one origin upload",
  on: ["ceph", "ceph-newest"],
  run: async ({ provider, storage }) => {
    const own = provider();
    const settings = { origins: [ORIGIN] };
    const planned = await setCors(own, settings, { dryRun: true });
    assert.deepEqual([planned.before, planned.isNeeded, planned.isApplied], [undefined, true, false]);
    const upload = await storage().signUpload("a.txt", { contentLength: 3 });
    assert.equal(await preflight(upload.url, ORIGIN, "PUT"), undefined);
    const applied = await setCors(own, settings);
    assert.deepEqual(applied, { ...planned, isApplied: true });
    assert.equal((await setCors(own, settings)).isNeeded, false);
    const allowed = await preflight(upload.url, ORIGIN, "PUT");
    assert.equal(allowed?.get("access-control-allow-origin"), ORIGIN);
    assert.match(allowed?.get("access-control-allow-headers") ?? "", /content-type/);
    assert.equal(await preflight(upload.url, "https://evil.example.com", "PUT"), undefined);
    const { "content-length": _length, ...headers } = upload.headers;
    const put = await fetch(upload.url, {
      method: "PUT",
      headers: { ...headers, origin: ORIGIN },
      body: "abc",
    });
    assert.deepEqual([put.status, put.headers.get("access-control-expose-headers")], [200, "ETag"]);
  },
};

const lifecycle: RealTest = {
  title:
    "a lifecycle rule removes uploads that nobody has completed, and objects that are too old, and no others",
  on: ["ceph", "ceph-newest"],
  run: async ({ bucket, client, provider, storage }) => {
    const files = storage();
    await files.put("previews/a", "abc");
    await files.put("masters/a", "abc");
    await files.multipart?.create("masters/b");
    const rules = [
      { name: "previews", prefix: "previews/", expireAfterDays: 1 },
      { name: "uploads", prefix: "", abortUploadsAfterDays: 1 },
    ];
    const planned = await setLifecycle(provider(), rules, { dryRun: true });
    const applied = await setLifecycle(provider(), rules);
    assert.deepEqual(applied, { ...planned, isApplied: true });
    // A day of this server lasts seconds.
    await untilAsync(
      async () => {
        const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
        return Uploads.length === 0 && !(await files.exists("previews/a"));
      },
      () => "the rules have done nothing",
    );
    assert.equal(await files.exists("masters/a"), true);
  },
};

const stale: RealTest = {
  title: "abortStaleUploads removes what was begun long enough ago, below its prefix",
  run: async ({ provider, storage }) => {
    const uploads = storage().multipart;
    for (const key of ["p/a b", "p/c", "q/d"]) await uploads?.create(key);
    const own = provider({ keyPrefix: "p/" });
    assert.deepEqual(await abortStaleUploads(own, { olderThanHours: 1 }), []);
    const younger = { olderThanHours: 0 };
    // Swift rounds up to the next second.
    await untilAsync(
      async () => (await abortStaleUploads(provider(), { ...younger, dryRun: true })).length === 3,
      () => "the uploads are not listed",
    );
    const named = (list: readonly { key: string; error?: unknown }[]): readonly unknown[] =>
      list.toSorted((left, right) => (left.key < right.key ? -1 : 1)).map(({ key, error }) => [key, error]);
    const all = [
      ["a b", undefined],
      ["c", undefined],
    ];
    assert.deepEqual(named(await abortStaleUploads(own, { ...younger, dryRun: true })), all);
    assert.deepEqual(named(await abortStaleUploads(own, younger)), all);
    assert.deepEqual(await abortStaleUploads(own, younger), []);
    assert.deepEqual(named(await abortStaleUploads(provider(), younger)), [["q/d", undefined]]);
  },
};

const publicRead: RealTest = {
  title: "setPublicRead opens a prefix and nothing else, and blockPublicAccess closes it again",
  on: ["ceph", "ceph-newest"],
  run: async ({ kind, bucket, server, provider, storage }) => {
    const files = storage();
    for (const key of ["public/a", "private/a"]) await files.put(key, "abc");
    const status = async (key: string): Promise<number> =>
      (await fetch(`${server.endpoint}/${bucket}/${key}`)).status;
    assert.equal(await status("public/a"), 403);
    assert.equal(await codeOf(setPublicRead(provider(), "")), "InvalidArgument");
    await setPublicRead(provider(), "public/");
    assert.deepEqual([await status("public/a"), await status("private/a")], [200, 403]);
    assert.equal((await setPublicRead(provider(), "public/")).isNeeded, false);
    assert.equal((await blockPublicAccess(provider())).isApplied, true);
    assert.equal((await blockPublicAccess(provider())).isNeeded, false);
    // Ceph 16 keeps it, and does nothing about it.
    assert.equal(await status("public/a"), kind === "ceph" ? 200 : 403);
  },
};

const encryption: RealTest = {
  title: "setDefaultEncryption encrypts what comes without a word about it, and is done once",
  on: ["ceph-newest"],
  run: async ({ bucket, client, provider, storage }) => {
    const wanted = { type: "aws:kms", keyId: KMS_KEY_ID } as const;
    assert.equal((await setDefaultEncryption(provider(), wanted)).isApplied, true);
    assert.equal((await setDefaultEncryption(provider(), wanted)).isNeeded, false);
    await storage().put("a", "abc");
    const { ServerSideEncryption } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: "a" }));
    assert.equal(ServerSideEncryption, "aws:kms");
  },
};

/** Gives another user what the policy for these verbs allows, and his view of the bucket. */
async function asUser(
  { bucket, client, server, provider, storage }: Real,
  verbs: readonly PolicyVerb[],
): Promise<FileStorage> {
  assert.ok(server.addUser !== undefined);
  const { arn, credentials } = await server.addUser();
  const { Version, Statement } = iamPolicy(provider({ keyPrefix: "p/" }), verbs);
  const statements = Statement.map((statement) => ({ ...statement, Principal: { AWS: [arn] } }));
  const Policy = JSON.stringify({ Version, Statement: statements });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  return storage({ keyPrefix: "p/", credentials });
}

const leastPrivilege: RealTest = {
  title: "the policy for some verbs lets a key do these and nothing else",
  on: ["ceph", "ceph-newest"],
  run: async (real) => {
    const all = real.storage();
    await all.put("p/there", "abc");
    await all.put("q/other", "abc");
    const writer = await asUser(real, ["put", "delete"]);
    await writer.put("a", "abc");
    await writer.put("large", streamed(patterned(6 * MIB)));
    await writer.delete("a");
    assert.equal(await codeOf(writer.listPage()), "PermissionDenied");
    const reader = await asUser(real, ["get", "head", "list"]);
    assert.equal(await (await reader.get("there")).text(), "abc");
    assert.equal(await codeOf(reader.get("none")), "NotFound");
    assert.equal((await reader.listPage()).objects.length, 2);
    assert.equal(await codeOf(reader.put("b", "abc")), "PermissionDenied");
    assert.equal(await codeOf(reader.delete("there")), "PermissionDenied");
    assert.equal(
      await codeOf(setCors(real.provider({ credentials: await keyOf(real) }), { origins: ["*"] })),
      "PermissionDenied",
    );
    const client = await asUser(real, ["multipart", "copy"]);
    const { uploadId } = (await client.multipart?.create("parts")) ?? { uploadId: "" };
    await client.multipart?.listParts("parts", { uploadId });
    await client.multipart?.abort("parts", { uploadId });
    await client.copy("there", "copy");
    assert.equal(await codeOf(client.delete("copy")), "PermissionDenied");
  },
};

async function keyOf({ server }: Real) {
  const user = await server.addUser?.();
  return user?.credentials ?? server.credentials;
}

const refusing: RealTest = {
  title: "a server that knows no CORS and no lifecycle rules refuses them, and its bucket stays",
  on: ["swift"],
  run: async ({ bucket, client, provider }) => {
    assert.equal(await codeOf(setCors(provider(), { origins: ["*"] })), "Unsupported");
    const rules = [{ name: "uploads", prefix: "", abortUploadsAfterDays: 1 }];
    assert.equal(await codeOf(setLifecycle(provider(), rules)), "Unsupported");
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  },
};

export const SETUP: readonly RealTest[] = [
  cors,
  lifecycle,
  stale,
  publicRead,
  encryption,
  leastPrivilege,
  refusing,
];
