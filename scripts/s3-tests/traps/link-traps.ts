import { S3Client } from "@aws-sdk/client-s3";
import { createStorage, type FileStorage, type SignUploadOptions } from "@stowage/core";
import { DIALECTS, s3 } from "@stowage/s3";
import assert from "node:assert/strict";
import { codeOf } from "../outcomes.js";
import type { Real } from "../real.js";
import { edit, type Edit, type Trap } from "./trap.js";

/** Sends what was signed, with other headers or another body. */
async function send(
  files: FileStorage,
  options: SignUploadOptions,
  { body = "abc", headers: other = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<number> {
  const { url, headers } = await files.signUpload("a", options);
  const { "content-length": _length, ...sent } = { ...headers, ...other };
  const answer = await fetch(url, { method: "PUT", headers: sent, body: Buffer.from(body) });
  await answer.arrayBuffer();
  return answer.status;
}

const TYPED = { contentType: "image/png", contentLength: 3 } as const;

/** A client as applications make them, with the SDK's defaults. */
function ownClient({ server }: Real): S3Client {
  const { endpoint, credentials } = server;
  return new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
}

/** What the SDK says about checksums stays in links. */
export const CHECKSUMS_STAY: Edit = edit(
  "s3/src/sdk/sign.ts",
  "  /^(?:x-amz-user-agent|x-amz-checksum-.*|x-amz-sdk-checksum-algorithm|x-amz-checksum-mode|amz-sdk-.*)$/;",
  "  /^x-amz-user-agent$/;",
);

export const LINK_TRAPS: readonly Trap[] = [
  {
    about: "links",
    title:
      "The SDK signs the checksum of an empty body into a link for a PUT, so that Amazon and R2 refuse every other: no link has one",
    run: async (real) => {
      const files = real.storage({ client: ownClient(real) });
      const { url } = await files.signUpload("a", TYPED);
      const part = await files.multipart?.signPart("a", { uploadId: "u", partNumber: 1 });
      for (const link of [url, part?.url]) assert.doesNotMatch(link ?? "", /checksum|AAAAAA/i);
      assert.equal(await send(files, TYPED), 200);
    },
    without: [CHECKSUMS_STAY],
  },
  {
    about: "links",
    title:
      "The SDK leaves the type out of a link's signature, so that a client may store a page of HTML: it is signed",
    run: async ({ storage }) => {
      const files = storage();
      assert.ok((await send(files, TYPED, { headers: { "content-type": "text/html" } })) >= 400);
      assert.equal(await send(files, TYPED), 200);
      assert.equal((await files.head("a")).contentType, "image/png");
    },
    without: [edit("s3/src/sdk/sign.ts", 'new Set(["content-type", "cache-control"])', "new Set([])")],
  },
  {
    about: "links",
    title: "Newer Ceph refuses a type that is not signed: a part is signed without one, and sent without one",
    on: ["ceph-newest"],
    run: async ({ storage }) => {
      const uploads = storage().multipart;
      const { uploadId } = (await uploads?.create("a")) ?? { uploadId: "" };
      const part = await uploads?.signPart("a", { uploadId, partNumber: 1 });
      const put = (headers: Record<string, string>): Promise<Response> =>
        fetch(part?.url ?? "", { method: "PUT", headers, body: Buffer.from("abc") });
      const bare = await put({});
      await uploads?.abort("a", { uploadId });
      assert.deepEqual([bare.status, part?.headers], [200, {}]);
    },
    without: [edit("s3/src/sdk/sign.ts", ' || (lower === "content-type" && !hasType)', "")],
  },
  {
    about: "links",
    title: "Swift drops metadata that the SDK moves into the URL: it is a header that is signed",
    run: async ({ storage }) => {
      const files = storage();
      assert.equal(await send(files, { ...TYPED, metadata: { camera: "2" } }), 200);
      assert.deepEqual((await files.head("a")).metadata, { camera: "2" });
    },
    on: ["swift"],
    without: [edit("s3/src/sdk/sign.ts", "unhoistableHeaders.add(lower);", "{}")],
  },
  {
    about: "links",
    title: "Ceph ignores an access list that the SDK moves into the URL: it is a header that is signed",
    on: ["ceph", "ceph-newest"],
    run: async ({ storage }) => {
      const files = storage({ objects: { acl: "public-read" } });
      assert.equal(await send(files, TYPED), 200);
      assert.equal((await fetch(await files.publicUrl("a"))).status, 200);
    },
    without: [edit("s3/src/sdk/sign.ts", "unhoistableHeaders.add(lower);", "{}")],
  },
  {
    about: "links",
    title: "A link for a PUT takes bodies of any length unless it is signed with one: it is",
    run: async ({ storage }) => {
      assert.ok((await send(storage(), TYPED, { body: "abcd" })) >= 400);
      assert.equal(await send(storage(), TYPED), 200);
    },
    without: [edit("s3/src/sdk/sign.ts", "ContentLength: contentLength, IfNoneMatch", "IfNoneMatch")],
  },
  {
    about: "links",
    title: "A form takes files of any type unless its policy names one: it does",
    on: ["ceph", "ceph-newest"],
    run: async ({ storage }) => {
      const { url, fields = {} } = await storage().signUpload("a", { contentType: "image/png", maxBytes: 3 });
      const body = new FormData();
      for (const [name, value] of Object.entries(fields))
        if (name !== "Content-Type") body.append(name, value);
      body.append("file", new Blob(["abc"], { type: "text/html" }));
      assert.equal((await fetch(url, { method: "POST", body })).status, 403);
    },
    without: [edit("s3/src/sdk/sign.ts", '    "Content-Type": headers.contentType,\n', "")],
  },
  {
    about: "links",
    title: "Swift and R2 know no forms: a bound without a length is Unsupported there",
    on: ["swift"],
    run: async ({ storage }) => {
      const upload = storage().signUpload("a", { maxBytes: 3 });
      assert.equal(await codeOf(upload), "Unsupported");
    },
    without: [edit("s3/src/links/links.ts", "if (!store.dialect.postPolicy) {", 'if (store.name === "") {')],
  },
  {
    about: "links",
    title: "Ceph drops headers that a form has, in silence: they are Unsupported there",
    on: ["ceph", "ceph-newest"],
    run: async ({ storage }) => {
      const upload = storage().signUpload("a", { maxBytes: 3, cacheControl: "no-cache" });
      assert.equal(await codeOf(upload), "Unsupported");
    },
    without: [
      edit(
        "s3/src/links/links.ts",
        "if (!store.dialect.postHeaders && hasHeaders",
        'if (store.name === "" && hasHeaders',
      ),
    ],
  },
  {
    about: "links",
    title:
      "A form's server puts the name of the client's file for ${filename} in a key: such keys are Unsupported",
    on: ["ceph", "ceph-newest"],
    run: async ({ storage }) => {
      const upload = storage().signUpload("users/${filename}", { maxBytes: 3 });
      assert.equal(await codeOf(upload), "Unsupported");
    },
    without: [edit("s3/src/links/links.ts", "if (key.includes(FILE_NAME))", "if (store.name === FILE_NAME)")],
  },
  {
    about: "links",
    title:
      "Amazon refuses parts without checksums when their upload was begun with one: those of clients are begun without",
    mocked: true,
    run: async () => {
      const seen: string[] = [];
      const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
      const requestHandler = {
        handle: async (request: { readonly headers: Record<string, string> }): Promise<never> => {
          seen.push(...Object.keys(request.headers));
          throw new Error("nobody is there");
        },
      };
      const client = new S3Client({ region: "us-east-1", credentials, maxAttempts: 1, requestHandler });
      const files = createStorage(s3({ bucket: "b", region: "us-east-1", dialect: DIALECTS.aws, client }));
      await codeOf(files.multipart?.create("a") ?? Promise.resolve());
      assert.ok(seen.includes("content-type"), "nothing was asked");
      assert.deepEqual(
        seen.filter((name) => /checksum/.test(name)),
        [],
      );
    },
    without: [edit("s3/src/links/client-uploads.ts", "checksums: false", "checksums: true")],
  },
];
