// The fake must take what Cloudinary's own SDK sends, and refuse it when one character of its signature is another.
import { cloudinaryFake, type CloudinaryFake } from "@stowage/conformance";
import { v2 } from "cloudinary";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const MB = 1_000_000;

let fake: CloudinaryFake;
let agent: Agent;
let folder: string;

beforeEach(async () => {
  fake = await cloudinaryFake({ limits: { rawBytesMax: 100 * MB, chunkBytesMin: 5 * MB } });
  agent = new Agent();
  folder = await mkdtemp(join(tmpdir(), "stowage-sdk-"));
});

afterEach(async () => {
  agent.destroy();
  await fake.close();
  await rm(folder, { recursive: true });
});

function options(prefix = fake.url): Record<string, unknown> {
  const { cloudName: cloud_name, apiKey: api_key, apiSecret: api_secret } = fake;
  return { cloud_name, api_key, api_secret, upload_prefix: prefix, agent };
}

type Answer = Record<string, unknown>;

/** What the SDK does with `prefix` for an address. */
const CALLS: Readonly<Record<string, (prefix?: string) => Promise<Answer>>> = {
  upload: async (prefix) => {
    const given = { ...options(prefix), public_id: "a/b.txt", resource_type: "raw", tags: ["t1", "t2"] };
    const context = { caption: "a=b|c", alt: "é" };
    return (await v2.uploader.upload("data:text/plain;base64,aGVsbG8=", {
      ...given,
      context,
    } as object)) as Answer;
  },
  upload_stream: (prefix) =>
    new Promise((resolve, reject) => {
      const given = { ...options(prefix), public_id: "s.txt", resource_type: "raw", disable_promises: true };
      const stream = v2.uploader.upload_stream(given as object, (error, result) => {
        if (error === undefined) resolve(result as unknown as Answer);
        else reject(new Error(error.message));
      });
      stream.end("hello");
    }),
  upload_large: (prefix) =>
    new Promise((resolve, reject) => {
      const path = join(folder, "big");
      const given = { ...options(prefix), public_id: "big.bin", resource_type: "raw", chunk_size: 5 * MB };
      const upload = (): void => {
        void v2.uploader.upload_large(
          path,
          { ...given, disable_promises: true } as object,
          (error, result) => {
            if (error === undefined) resolve(result as unknown as Answer);
            else reject(new Error(error.message));
          },
        );
      };
      writeFile(path, Buffer.alloc(12 * MB, "big")).then(upload, reject);
    }),
  explicit: async (prefix) =>
    (await v2.uploader.explicit("there.txt", {
      ...options(prefix),
      type: "upload",
      resource_type: "raw",
    } as object)) as unknown as Answer,
  rename: async (prefix) =>
    (await v2.uploader.rename("there.txt", "renamed.txt", {
      ...options(prefix),
      resource_type: "raw",
    } as object)) as Answer,
  destroy: async (prefix) =>
    (await v2.uploader.destroy("there.txt", {
      ...options(prefix),
      resource_type: "raw",
    } as object)) as Answer,
};

async function putThere(): Promise<void> {
  const given = { ...options(), public_id: "there.txt", resource_type: "raw" };
  await v2.uploader.upload("data:text/plain;base64,aGVsbG8=", given as object);
}

describe("the SDK on the fake", () => {
  it("uploads with everything that it has options for", async () => {
    const answer = await CALLS["upload"]?.();
    expect(answer).toMatchObject({
      public_id: "a/b.txt",
      bytes: 5,
      etag: createHash("md5").update("hello").digest("hex"),
      tags: ["t1", "t2"],
      context: { custom: { caption: "a=b|c", alt: "é" } },
    });
    const { public_id: id, version, signature } = answer ?? {};
    const right = createHash("sha1").update(
      `public_id=${String(id)}&version=${String(version)}${fake.apiSecret}`,
    );
    expect(signature).toBe(right.digest("hex"));
  });

  it("uploads a stream, and a large file in chunks", async () => {
    expect(await CALLS["upload_stream"]?.()).toMatchObject({ public_id: "s.txt", bytes: 5 });
    expect(await CALLS["upload_large"]?.()).toMatchObject({
      bytes: 12 * MB,
      done: true,
      etag: createHash("md5")
        .update(Buffer.alloc(12 * MB, "big"))
        .digest("hex"),
    });
    const ranges = fake.requests.flatMap(({ headers }) => headers["content-range"] ?? []);
    expect(ranges).toEqual([
      "bytes 0-4999999/-1",
      "bytes 5000000-9999999/-1",
      "bytes 10000000-11999999/12000000",
    ]);
  });

  it("looks up, renames and removes", async () => {
    await putThere();
    expect(await CALLS["explicit"]?.()).toMatchObject({ public_id: "there.txt", bytes: 5 });
    expect(await CALLS["rename"]?.()).toMatchObject({ public_id: "renamed.txt" });
    expect(await CALLS["destroy"]?.()).toEqual({ result: "not found" });
    await putThere();
    expect(await CALLS["destroy"]?.()).toEqual({ result: "ok" });
  });

  it("lists and deletes by the Admin API, which counts", async () => {
    for (const id of ["x/1.txt", "x/2.txt", "y.txt"]) {
      const given = { ...options(), public_id: id, resource_type: "raw" };
      await v2.uploader.upload("data:text/plain;base64,aGVsbG8=", given as object);
    }
    const listing = { ...options(), resource_type: "raw", type: "upload", prefix: "x/", max_results: 1 };
    const first = (await v2.api.resources(listing as object)) as Answer & { next_cursor: string };
    expect(first).toMatchObject({ resources: [{ public_id: "x/1.txt" }], rate_limit_allowed: 500 });
    const second = await v2.api.resources({ ...listing, next_cursor: first.next_cursor } as object);
    expect(second).toMatchObject({ resources: [{ public_id: "x/2.txt" }] });
    const raw = { ...options(), resource_type: "raw" };
    expect(await v2.api.delete_resources(["x/1.txt", "none"], raw as never)).toMatchObject({
      deleted: { "x/1.txt": "deleted", none: "not_found" },
    });
    expect(fake.assets()).toHaveLength(2);
    const wrong = { ...raw, api_secret: "wrong" };
    await expect(v2.api.resources(wrong as object)).rejects.toMatchObject({ error: { http_code: 401 } });
  });

  it("makes URLs of the download endpoint that work, and do not when they are changed", async () => {
    await putThere();
    const given = { ...options(), resource_type: "raw", type: "upload", expires_at: 4_000_000_000 };
    const url = v2.utils.private_download_url("there.txt", "", given);
    expect(await (await fetch(url)).text()).toBe("hello");
    expect((await fetch(url.replace(/signature=./, flipped))).status).toBe(401);
    const signed = v2.url("there.txt", { ...options(), resource_type: "raw", sign_url: true, secure: true });
    const path = new URL(signed).pathname;
    expect((await fetch(fake.url + path)).status).toBe(200);
    expect((await fetch(fake.url + path.replace(/s--./, flipped))).status).toBe(401);
  });

  it.each(Object.keys(CALLS))(
    "is refused when one character of the signature of %s is another",
    async (name) => {
      await putThere();
      const before = fake.assets().length;
      const meddler = await startMeddler(fake.url);
      try {
        const refused = CALLS[name]?.(meddler.url);
        await expect(refused).rejects.toMatchObject({
          message: expect.stringContaining("Invalid Signature") as string,
        });
      } finally {
        meddler.close();
      }
      expect(fake.assets()).toHaveLength(before);
    },
  );

  it("is refused when it sends its secret among the fields", async () => {
    // Which is what it does with an option of that name.
    const given = { ...options(), public_id: "a.txt", resource_type: "raw", signature: "x", timestamp: 1 };
    await expect(
      v2.uploader.upload("data:text/plain;base64,aGVsbG8=", given as object),
    ).rejects.toMatchObject({ message: expect.stringContaining("Unknown parameter") as string });
  });
});

function flipped(text: string): string {
  return text.slice(0, -1) + (text.endsWith("a") ? "b" : "a");
}

/** Stands between the SDK and the fake, and changes a character of the signature in every form. */
async function startMeddler(target: string): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString("latin1");
      const changed = body.replace(/name="signature"\r\n\r\n./, flipped);
      const { "transfer-encoding": _chunked, ...headers } = incoming.headers;
      const sent = Buffer.from(changed, "latin1");
      const passing = {
        method: incoming.method ?? "POST",
        headers: { ...headers, "content-length": sent.byteLength },
      };
      const passed = request(target + (incoming.url ?? ""), passing, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      // The fake refuses before it has heard all.
      passed.on("error", () => {}).end(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}
