import {
  createStorage,
  memory,
  type FileStorage,
  type ObjectInfo,
  type StorageProvider,
} from "@stowage/core";
import type { MultipartUploads } from "@stowage/core/provider";
import { describe, expect, it } from "vitest";
import { createUploadHandler } from "./create-upload-handler.js";
import { HttpError } from "./wire/http-error.js";
import type { UploadHandlerOptions } from "./upload-options.js";

const KEYS: UploadHandlerOptions["keys"] = [{ id: "one", secret: "s".repeat(32) }];
const ETAG = '"part"';

/** A store whose clients upload by forms and in parts: its parts are numbers of bytes. */
function store(): { provider: StorageProvider; parts: Map<string, number[]>; aborted: string[] } {
  const inner = memory();
  const parts = new Map<string, number[]>();
  const aborted: string[] = [];
  const multipart: MultipartUploads = {
    create: async () => {
      const uploadId = `upload/${parts.size}?`;
      parts.set(uploadId, []);
      return { uploadId };
    },
    signPart: async (key, { uploadId, partNumber }) => ({
      key,
      method: "PUT",
      url: `https://store/${key}?part=${partNumber}&id=${encodeURIComponent(uploadId)}`,
      headers: {},
      expiresAt: new Date(0),
    }),
    listParts: async (_key, { uploadId }) =>
      (parts.get(uploadId) ?? []).map((size, index) => ({ partNumber: index + 1, etag: ETAG, size })),
    complete: async (key) => await createStorage(inner).put(key, "whole"),
    abort: async (_key, { uploadId }) => void aborted.push(uploadId),
  };
  const provider: StorageProvider = {
    ...inner,
    multipart,
    signUpload: async (key, { maxBytes, contentType = "" }) => ({
      key,
      method: "POST",
      url: "https://store/",
      headers: {},
      fields: { key, policy: `${maxBytes}`, "Content-Type": contentType },
      expiresAt: new Date(0),
    }),
  };
  return { provider, parts, aborted };
}

interface Opened {
  readonly storage: FileStorage;
  readonly parts: Map<string, number[]>;
  readonly aborted: string[];
  readonly send: (path: string, init?: RequestInit) => Promise<Response>;
}

function opened(options: Partial<UploadHandlerOptions> = {}): Opened {
  const { provider, parts, aborted } = store();
  const storage = createStorage(provider);
  const handle = createUploadHandler(storage, {
    authorize: () => true,
    key: ({ fileName }) => `in/${fileName}`,
    maxBytes: 100,
    keys: KEYS,
    basePath: "/uploads",
    ...options,
  });
  return {
    storage,
    parts,
    aborted,
    send: (path, init) => handle(new Request(`http://localhost/uploads${path}`, init)),
  };
}

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method: "POST", body: JSON.stringify(body), headers };
}

/** Begins an upload in parts, and returns the path of its routes. */
async function begun(
  { send }: Opened,
  headers: Record<string, string> = {},
): Promise<{ path: string; query: string }> {
  const answer = (await (
    await send("/s3/multipart", post({ filename: "a b.mp4", type: "video/mp4" }, headers))
  ).json()) as {
    key: string;
    uploadId: string;
  };
  expect(answer.key).toBe("in/a b.mp4");
  return {
    path: `/s3/multipart/${encodeURIComponent(answer.uploadId)}`,
    query: `?${new URLSearchParams({ key: answer.key }).toString()}`,
  };
}

describe("createUploadHandler", () => {
  it("gives a form for a whole file", async () => {
    const { send } = opened();
    const answer = await send("/s3/params?filename=a.mp4&type=video%2Fmp4&metadata%5Bname%5D=x");
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(await answer.json()).toEqual({
      method: "POST",
      url: "https://store/",
      headers: {},
      fields: { key: "in/a.mp4", policy: "100", "Content-Type": "video/mp4" },
    });
  });

  it("takes an upload in parts from its beginning to its end", async () => {
    const told: ObjectInfo[] = [];
    const all = opened({ onUploaded: (info) => void told.push(info) });
    const { send, parts } = all;
    const { path, query } = await begun(all);
    const signedPart = (await (await send(`${path}/2${query}`)).json()) as { url: string };
    expect(signedPart.url).toBe("https://store/in/a b.mp4?part=2&id=upload%2F0%3F");
    parts.set("upload/0?", [60, 40]);
    expect(await (await send(path + query)).json()).toEqual([
      { PartNumber: 1, ETag: ETAG, Size: 60 },
      { PartNumber: 2, ETag: ETAG, Size: 40 },
    ]);
    const done = await send(`${path}/complete${query}`, post({ parts: [{ PartNumber: 1, ETag: ETAG }] }));
    expect(await done.json()).toEqual({ location: "in/a b.mp4", key: "in/a b.mp4" });
    expect(told.map(({ key }) => key)).toEqual(["in/a b.mp4"]);
    expect((await send(path + query, { method: "DELETE" })).status).toBe(200);
    expect(all.aborted).toEqual(["upload/0?"]);
  });

  it("knows an upload only for its object, its caller and its own ids", async () => {
    const all = opened({ caller: (request) => request.headers.get("x-user") ?? "" });
    const { send } = all;
    const mine = { "x-user": "mine" };
    const { path, query } = await begun(all, mine);
    expect((await send(`${path}/1${query}`, { headers: mine })).status).toBe(200);
    expect((await send(`${path}/1${query}`, { headers: { "x-user": "other" } })).status).toBe(404);
    expect((await send(`${path}/1?key=in%2Fother.mp4`, { headers: mine })).status).toBe(404);
    expect((await send(`${path}/1`, { headers: mine })).status).toBe(404);
    expect(
      (await send(`/s3/multipart/${encodeURIComponent("upload/0?")}/1${query}`, { headers: mine })).status,
    ).toBe(404);
    expect((await send(`${path.slice(0, -1)}/1${query}`, { headers: mine })).status).toBe(404);
  });

  it("asks before each step, with the key that the server has chosen", async () => {
    const asked: string[] = [];
    let isAllowed = true;
    const all = opened({
      authorize: (_, { action, key }) => {
        asked.push(`${action} ${key}`);
        return isAllowed;
      },
    });
    const { path, query } = await begun(all);
    isAllowed = false;
    for (const init of [{}, { method: "DELETE" }, post({ parts: [] })]) {
      const last = init.method === "POST" ? "/complete" : "";
      expect((await all.send(path + last + query, init)).status).toBe(403);
    }
    expect((await all.send("/s3/params?filename=b")).status).toBe(403);
    expect(new Set(asked)).toEqual(new Set(["put in/a b.mp4", "put in/b"]));
  });

  it("refuses more bytes than it may take, and leaves no parts", async () => {
    const all = opened();
    const { path, query } = await begun(all);
    all.parts.set("upload/0?", [60, 41]);
    const done = await all.send(`${path}/complete${query}`, post({ parts: [{ PartNumber: 1, ETag: ETAG }] }));
    expect([done.status, all.aborted, await all.storage.exists("in/a b.mp4")]).toEqual([
      413,
      ["upload/0?"],
      false,
    ]);
  });

  it("removes what has become too long while it was put together", async () => {
    const { provider, parts } = store();
    const storage = createStorage({
      ...provider,
      multipart: {
        ...(provider.multipart as MultipartUploads),
        complete: async (key) => await storage.put(key, "x".repeat(101)),
      },
    });
    const handle = createUploadHandler(storage, {
      authorize: () => true,
      key: () => "in/a",
      maxBytes: 100,
      keys: KEYS,
    });
    const at = (path: string, init?: RequestInit): Promise<Response> =>
      handle(new Request(`http://localhost${path}`, init));
    const { uploadId } = (await (await at("/s3/multipart", post({ filename: "a" }))).json()) as {
      uploadId: string;
    };
    parts.set("upload/0?", [10]);
    const path = `/s3/multipart/${encodeURIComponent(uploadId)}/complete?key=in%2Fa`;
    expect((await at(path, post({ parts: [{ PartNumber: 1, ETag: ETAG }] }))).status).toBe(413);
    expect(await storage.exists("in/a")).toBe(false);
  });

  it("removes what the application refuses in the end", async () => {
    const onUploaded = (): never => {
      throw new HttpError(409, "Quota", "the user has no room left");
    };
    const all = opened({ onUploaded });
    const { path, query } = await begun(all);
    const done = await all.send(`${path}/complete${query}`, post({ parts: [{ PartNumber: 1, ETag: ETAG }] }));
    expect([done.status, await done.text(), await all.storage.exists("in/a b.mp4")]).toEqual([
      409,
      "Quota\n",
      false,
    ]);
  });

  it.each([
    ["/s3/multipart", { method: "POST", body: "no json" }, 400],
    ["/s3/multipart", { method: "POST", body: "[]" }, 400],
    ["/s3/multipart", { method: "POST", body: `{"a":"${"x".repeat(20_000)}"}` }, 413],
    ["/s3/multipart", {}, 405],
    ["/s3/params", { method: "POST", body: "{}" }, 405],
    ["/s3/params/more", {}, 404],
    ["/s3/other", {}, 404],
    ["/s3/multipart/a/b/c/d", {}, 404],
    ["/s3/multipart/%/1?key=a", {}, 404],
    ["/s3/params?filename=..%2F..", {}, 404],
    ["/other", {}, 404],
  ])("answers %s %j with %i", async (path, init, status) => {
    expect((await opened().send(path, init)).status).toBe(status);
  });

  it("refuses types that are not allowed, parts that are none and numbers that are none", async () => {
    const all = opened({ types: ["video/*"] });
    expect((await all.send("/s3/params?filename=a&type=text%2Fhtml")).status).toBe(415);
    expect((await all.send("/s3/multipart", post({ filename: "a", type: "text/html" }))).status).toBe(415);
    const { path, query } = await begun(all);
    for (const number of ["0", "x", "1e3", "-1", "100000"]) {
      expect((await all.send(`${path}/${number}${query}`)).status).toBe(400);
    }
    for (const parts of [undefined, [{}], [{ PartNumber: "1", ETag: ETAG }]]) {
      expect((await all.send(`${path}/complete${query}`, post({ parts }))).status).toBe(400);
    }
  });

  it("says that a storage has no uploads for clients", async () => {
    const handle = createUploadHandler(createStorage(memory()), {
      authorize: () => true,
      key: () => "a",
      maxBytes: 1,
      keys: KEYS,
    });
    expect((await handle(new Request("http://localhost/s3/params?filename=a"))).status).toBe(501);
    expect((await handle(new Request("http://localhost/s3/multipart", post({ filename: "a" })))).status).toBe(
      501,
    );
  });
});
