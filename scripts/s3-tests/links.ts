// What clients do with links and signed uploads, on real servers: right use, and each wrong use refused.
import { contentDisposition, type FileStorage, type SignedUpload } from "@stowage/core";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mock } from "node:test";
import { promisify } from "node:util";
import { MIB, digestAt, digestOf, patterned } from "./contents.js";
import { codeOf } from "./outcomes.js";
import type { RealTest } from "./real.js";

/** Signs as if it were done some time ago. */
async function signedAgo<T>(seconds: number, sign: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ["Date"], now: Date.now() - seconds * 1000 });
  try {
    return await sign();
  } finally {
    mock.timers.reset();
  }
}

/** The status of an answer; Swift answers some requests with what is not HTTP. */
async function statusOf(url: string, request: RequestInit = {}): Promise<number> {
  const answer = await fetch(url, request).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => {});
  return answer?.status ?? 0;
}

async function refused(url: string, request: RequestInit, why: string): Promise<void> {
  const status = await statusOf(url, request);
  assert.ok(status === 0 || (status >= 400 && status < 500) || status === 501, `${why}: ${status}`);
}

const reading: RealTest = {
  title: "a signed URL gives the object, with the headers that were asked for, and nothing else to anybody",
  run: async ({ storage }) => {
    const files = storage();
    const key = "a b/c+d/é&=?.txt";
    await files.put(key, "abc", { contentType: "text/plain", cacheControl: "no-cache" });
    const plain = await fetch(await files.signedUrl(key));
    assert.deepEqual([plain.status, await plain.text()], [200, "abc"]);
    assert.equal(plain.headers.get("content-type"), "text/plain");
    const headers = {
      contentType: "application/x-thing",
      cacheControl: "private, max-age=60",
      contentDisposition: contentDisposition("attachment", 'Größe "1"/\r\n😀.txt'),
    };
    const named = await fetch(await files.signedUrl(key, { ...headers, stableForSeconds: 600 }));
    assert.equal(await named.text(), "abc");
    assert.deepEqual(
      {
        contentType: named.headers.get("content-type"),
        cacheControl: named.headers.get("cache-control"),
        contentDisposition: named.headers.get("content-disposition"),
      },
      headers,
    );
    const url = await files.signedUrl(key);
    const range = await fetch(url, { headers: { range: "bytes=1-1" } });
    assert.deepEqual([range.status, await range.text()], [206, "b"]);
    await refused(url, { method: "HEAD" }, "another method");
    await refused(url, { method: "PUT", body: "x" }, "another method");
    await refused(url.replace("/c%2Bd/", "/c%2Be/"), {}, "another key");
    await refused(`${url}&response-content-type=text%2Fhtml`, {}, "another type");
    await refused(url.replace(/Signature=./, "Signature=g"), {}, "another signature");
    await refused(url.replace("Expires=3600", "Expires=7200"), {}, "a longer life");
    const late = await signedAgo(120, () => files.signedUrl(key, { expiresInSeconds: 60 }));
    await refused(late, {}, "late");
  },
};

const throughAnother: RealTest = {
  title: "a link for the address that clients see works there",
  run: async ({ server, storage }) => {
    const files = storage({ publicEndpoint: server.endpoint.replace("127.0.0.1", "localhost") });
    await files.put("a", "abc");
    const url = await files.signedUrl("a");
    assert.match(url, /^http:\/\/localhost:/);
    assert.equal(await (await fetch(url)).text(), "abc");
    await refused(url.replace("localhost", "127.0.0.1"), {}, "another host");
  },
};

/** Sends a signed PUT. */
function putting({ headers }: SignedUpload, body: string, other: Record<string, string> = {}): RequestInit {
  const { "content-length": _length, ...sent } = { ...headers, ...other };
  return { method: "PUT", headers: sent, body: Buffer.from(body) };
}

const writing: RealTest = {
  title: "a signed PUT stores what it was signed for: type, length, headers and metadata, and nothing else",
  run: async ({ storage }) => {
    const files = storage();
    const facts = {
      contentType: "image/png",
      cacheControl: "max-age=60",
      contentDisposition: "inline",
      metadata: { camera: "2", title: "Ärger 日本" },
    };
    const key = "a b/é+.png";
    const upload = await files.signUpload(key, { ...facts, contentLength: 3 });
    const wrongs: readonly (readonly [why: string, url: string, request: RequestInit])[] = [
      ["another type", upload.url, putting(upload, "abc", { "content-type": "text/html" })],
      ["one byte more", upload.url, putting(upload, "abcd")],
      ["one byte less", upload.url, putting(upload, "ab")],
      ["other metadata", upload.url, putting(upload, "abc", { "x-amz-meta-camera": "3" })],
      ["another header", upload.url, putting(upload, "abc", { "cache-control": "no-store" })],
      ["no headers", upload.url, { method: "PUT", body: Buffer.from("abc") }],
      ["another method", upload.url, { ...putting(upload, "abc"), method: "POST" }],
      ["another key", upload.url.replace(".png", ".jpg"), putting(upload, "abc")],
      ["another life", upload.url.replace("Expires=900", "Expires=901"), putting(upload, "abc")],
    ];
    for (const [why, url, request] of wrongs) await refused(url, request, why);
    const late = await signedAgo(1000, () => files.signUpload(key, { ...facts, contentLength: 3 }));
    await refused(late.url, putting(late, "abc"), "late");
    for await (const object of files.list()) assert.fail(`${object.key} is there`);
    assert.equal(await statusOf(upload.url, putting(upload, "abc")), 200);
    const {
      size,
      contentType,
      cacheControl,
      contentDisposition: disposition,
      metadata,
    } = await files.head(key);
    assert.deepEqual(
      { size, contentType, cacheControl, contentDisposition: disposition, metadata },
      { size: 3, ...facts },
    );
    const empty = await files.signUpload("empty", { contentLength: 0 });
    assert.equal(await statusOf(empty.url, putting(empty, "")), 200);
    assert.equal((await files.head("empty")).size, 0);
  },
};

const writingOnce: RealTest = {
  title: "a signed PUT that is create-only loses against an object that is there by then",
  on: ["ceph", "ceph-newest"],
  run: async ({ storage }) => {
    const files = storage();
    const upload = await files.signUpload("a", { contentLength: 3, ifNoneMatch: "*" });
    await refused(upload.url, putting({ ...upload, headers: {} }, "abc"), "without the condition");
    assert.equal(await statusOf(upload.url, putting(upload, "abc")), 200);
    assert.equal(await statusOf(upload.url, putting(upload, "def")), 412);
    assert.equal(await (await files.get("a")).text(), "abc");
  },
};

function formOf({ fields = {} }: SignedUpload, file: string, other: Record<string, string> = {}): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...fields, ...other })) form.append(name, value);
  form.append("file", new Blob([file]), "evil name.txt");
  return form;
}

const forms: RealTest = {
  title: "a signed form stores files up to the size it was signed for, and nothing else",
  on: ["ceph", "ceph-newest"],
  run: async ({ storage }) => {
    const files = storage();
    const facts = { contentType: "image/png", metadata: { camera: "2", title: "Ä" } };
    const key = "a b/é+.png";
    const upload = await files.signUpload(key, { ...facts, maxBytes: 3 });
    const late = await signedAgo(1000, () => files.signUpload(key, { ...facts, maxBytes: 3 }));
    const wrongs: readonly (readonly [why: string, body: FormData])[] = [
      ["one byte more", formOf(upload, "abcd")],
      ["another type", formOf(upload, "abc", { "Content-Type": "text/html" })],
      ["another key", formOf(upload, "abc", { key: "other" })],
      ["other metadata", formOf(upload, "abc", { "x-amz-meta-camera": "3" })],
      ["another field", formOf(upload, "abc", { acl: "public-read" })],
      ["late", formOf(late, "abc")],
    ];
    for (const [why, body] of wrongs) await refused(upload.url, { method: "POST", body }, why);
    for await (const object of files.list()) assert.fail(`${object.key} is there`);
    assert.equal(await statusOf(upload.url, { method: "POST", body: formOf(upload, "abc") }), 204);
    const { size, contentType, metadata } = await files.head(key);
    assert.deepEqual({ size, contentType, metadata }, { size: 3, ...facts });
    // Ceph drops the header of a form in silence.
    assert.equal(
      await codeOf(files.signUpload(key, { cacheControl: "no-cache", maxBytes: 3 })),
      "Unsupported",
    );
  },
};

const noForms: RealTest = {
  title: "where the server knows no forms, a bound without a length is Unsupported",
  on: ["swift"],
  run: async ({ storage }) => {
    assert.equal(await codeOf(storage().signUpload("a", { maxBytes: 3 })), "Unsupported");
  },
};

/** The uploads in parts of a storage that has them. */
function partsOf(files: FileStorage): NonNullable<FileStorage["multipart"]> {
  assert.ok(files.multipart !== undefined);
  return files.multipart;
}

async function sendPart(part: SignedUpload, body: NonNullable<RequestInit["body"]>): Promise<string> {
  const answer = await fetch(part.url, { method: "PUT", body });
  assert.equal(answer.status, 200, await answer.text());
  return answer.headers.get("etag") ?? "";
}

const parts: RealTest = {
  title:
    "a client uploads in parts by itself: parts are signed again, sent again, listed, and made an object",
  run: async ({ storage }) => {
    const files = storage();
    const uploads = partsOf(files);
    const content = Uint8Array.from(patterned(5 * MIB + 7));
    const first = content.subarray(0, 5 * MIB);
    const second = content.subarray(5 * MIB);
    const key = "a b/é+.mp4";
    const { uploadId } = await uploads.create(key, { metadata: { title: "Ä" } });
    const sign = (partNumber: number, contentLength: number): Promise<SignedUpload> =>
      uploads.signPart(key, { uploadId, partNumber }, { contentLength });
    const late = await signedAgo(1000, () => sign(1, first.byteLength));
    await refused(late.url, { method: "PUT", body: first }, "late");
    const signed = await sign(2, 7);
    await refused(signed.url, { method: "PUT", body: second.subarray(1) }, "another length");
    await refused(
      signed.url.replace("partNumber=2", "partNumber=3"),
      { method: "PUT", body: second },
      "another part",
    );
    const etag2 = await sendPart(signed, second);
    await sendPart(await sign(1, 1), second.subarray(0, 1));
    const etag1 = await sendPart(await sign(1, first.byteLength), first);
    const listed = await uploads.listParts(key, { uploadId });
    assert.deepEqual(listed, [
      { partNumber: 1, etag: etag1, size: first.byteLength },
      { partNumber: 2, etag: etag2, size: 7 },
    ]);
    const done = { uploadId, parts: listed.toReversed() };
    const info = await uploads.complete(key, done);
    assert.equal(info.size, content.byteLength);
    assert.equal(info.contentType, "video/mp4");
    assert.deepEqual(info.metadata, { title: "Ä" });
    assert.equal(await digestAt(files, key), digestOf(content));
    assert.equal((await uploads.complete(key, done)).etag, info.etag, "completed again");
  },
};

const abandoned: RealTest = {
  title: "an upload that a client gives up leaves nothing, and is not there afterwards",
  run: async ({ storage }) => {
    const files = storage({ keyPrefix: "corner/" });
    const uploads = partsOf(files);
    const { uploadId } = await uploads.create("a");
    const part = await uploads.signPart("a", { uploadId, partNumber: 1 });
    assert.deepEqual(part.headers, {});
    assert.equal(part.key, "a");
    const etag = await sendPart(part, new Uint8Array(10));
    await uploads.abort("a", { uploadId });
    await uploads.abort("a", { uploadId });
    assert.equal(await codeOf(uploads.listParts("a", { uploadId })), "NotFound");
    const sent = [{ partNumber: 1, etag }];
    const code = await codeOf(uploads.complete("a", { uploadId, parts: sent }));
    // Ceph says no more than that something went wrong.
    assert.ok(["NotFound", "Unavailable"].includes(code), code);
    assert.equal(await files.exists("a"), false);
  },
};

const execute = promisify(execFile);

const curl: RealTest = {
  title: "curl does with a link, a signed PUT and a form what it is told",
  run: async ({ kind, storage, folder }) => {
    const files = storage();
    const path = join(folder, "file");
    await writeFile(path, "abc");
    const send = async (...args: string[]): Promise<string> =>
      (await execute("curl", ["-sS", "--fail-with-body", "-w", "%{http_code}", ...args])).stdout;
    const { url, headers } = await files.signUpload("a.txt", { contentLength: 3, metadata: { camera: "2" } });
    const given = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
    assert.match(await send("-T", path, ...given, url), /200$/);
    assert.equal(await send(await files.signedUrl("a.txt")), "abc200");
    assert.deepEqual((await files.head("a.txt")).metadata, { camera: "2" });
    if (kind === "swift") return;
    const form = await files.signUpload("b.txt", { maxBytes: 3 });
    const fields = Object.entries(form.fields ?? {}).flatMap(([name, value]) => [
      "--form-string",
      `${name}=${value}`,
    ]);
    assert.match(await send(...fields, "-F", `file=@${path}`, form.url), /204$/);
    assert.equal(await (await files.get("b.txt")).text(), "abc");
  },
};

export const LINKS: readonly RealTest[] = [
  reading,
  throughAnother,
  writing,
  writingOnce,
  forms,
  noForms,
  parts,
  abandoned,
  curl,
];
