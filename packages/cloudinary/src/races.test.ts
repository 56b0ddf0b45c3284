// What happens when somebody else is faster, and when answers are lost at the wrong moment.
import type { CloudinaryFake, FakeRequest } from "@stowage/conformance";
import { createStorage, type StorageProvider } from "@stowage/core";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { cloudinary } from "./cloudinary.js";
import { PNG, codeOf, failed, faked, optionsFor } from "./fake.test-support.js";
import { renameObject } from "./rename.js";

const CHUNK = 6 * 1024 * 1024;

/** A provider whose requests to the fake wait for `before`, as often as it likes. */
async function behind(
  fake: CloudinaryFake,
  before: (path: string) => Promise<void>,
): Promise<StorageProvider> {
  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => void pass());
    const pass = async (): Promise<void> => {
      await before(incoming.url ?? "");
      const {
        host: _host,
        connection: _connection,
        "content-length": _length,
        ...headers
      } = incoming.headers;
      const answer = await fetch(fake.url + (incoming.url ?? ""), {
        method: incoming.method ?? "GET",
        headers: headers as Record<string, string>,
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      });
      const body = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
    };
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return cloudinary({ ...optionsFor(fake), uploadPrefix: url, deliveryBaseUrl: `${url}/${fake.cloudName}` });
}

function once(run: () => Promise<unknown>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await run();
  };
}

describe("an object that is replaced while it is read", () => {
  it.each(["other!", "another length"])(
    "by %j: no stretch of the new one passes for the old",
    async (content) => {
      const { fake, storage } = await faked({}, { limits: { undeliveredFormats: ["txt"] } });
      await storage.put("a.txt", "first!");
      const replace = once(() => storage.put("a.txt", content));
      const reader = await behind(fake, async (path) => {
        if (path.includes("/download")) await replace();
      });
      const error = await failed(reader.get("a.txt", { range: { offset: 0, length: 3 } }));
      expect(error.code).toBe("Unavailable");
      // Once more, and it is the new one.
      const { body } = await reader.get("a.txt", { range: { offset: 0, length: 3 } });
      const chunks: Buffer[] = [];
      for await (const chunk of body as Readable) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toBe(content.slice(0, 3));
      await reader.close?.();
    },
  );

  it("is downloaded as one version or not at all", async () => {
    const { fake, storage } = await faked(
      {},
      { limits: { undeliveredFormats: ["bin"], rawBytesMax: 2 ** 28 } },
    );
    const [one, two] = [Buffer.alloc(20 * 1024 * 1024, "a"), Buffer.alloc(20 * 1024 * 1024, "b")];
    await storage.put("a.bin", one);
    let downloads = 0;
    const replace = once(() => storage.put("a.bin", two));
    const reader = createStorage(
      await behind(fake, async (path) => {
        if (path.includes("/download") && ++downloads === 2) await replace();
      }),
    );
    const folder = await mkdtemp(join(tmpdir(), "stowage-cloudinary-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, "a.bin");
    const isDownloaded = await reader.download("a.bin", path).then(
      () => true,
      () => false,
    );
    if (isDownloaded) {
      const bytes = await readFile(path);
      expect([one, two].some((whole) => whole.equals(bytes))).toBe(true);
    }
    await reader.close();
  });
});

describe("a last chunk whose answer is lost", () => {
  const isLast = ({ headers }: FakeRequest): boolean => /\/[0-9]+$/.test(String(headers["content-range"]));

  it("is never told as not stored, also when nobody can be asked", async () => {
    const { fake, storage } = await faked({ chunkBytes: CHUNK }, { limits: { rawBytesMax: 2 ** 28 } });
    fake.fail({ matches: isLast, fault: { type: "lost" }, times: 1 });
    fake.fail({ matches: ({ path }) => path.endsWith("/explicit"), fault: { type: "status", status: 503 } });
    const error = await failed(storage.put("a.bin", Buffer.alloc(1.5 * CHUNK, 1)));
    expect(error.applied).toBe("unknown");
    expect(fake.assets()).toHaveLength(1);
  });

  it("is found when it is asked for later", async () => {
    const { fake, retrying: storage } = await faked(
      { chunkBytes: CHUNK },
      { limits: { rawBytesMax: 2 ** 28 } },
    );
    fake.fail({ matches: isLast, fault: { type: "lost" }, times: 1 });
    fake.fail({
      matches: ({ path }) => path.endsWith("/explicit"),
      fault: { type: "status", status: 503 },
      times: 1,
    });
    const info = await storage.put("a.bin", Buffer.alloc(1.5 * CHUNK, 1), { ifNoneMatch: "*" });
    expect(info.size).toBe(1.5 * CHUNK);
  });

  it("rejects with the reason when the put is aborted meanwhile", async () => {
    const { fake, provider } = await faked({ chunkBytes: CHUNK }, { limits: { rawBytesMax: 2 ** 28 } });
    const controller = new AbortController();
    const reason = new Error("enough");
    fake.fail({ matches: isLast, fault: { type: "lost" } });
    fake.fail({ matches: ({ path }) => path.endsWith("/explicit"), fault: { type: "silent" } });
    const { toBody } = await import("@stowage/core/provider");
    const body = await toBody(Buffer.alloc(1.5 * CHUNK, 1));
    const put = provider.put("a.bin", body, { signal: controller.signal });
    await expect.poll(() => fake.requests.some(({ path }) => path.endsWith("/explicit"))).toBe(true);
    controller.abort(reason);
    await expect(put).rejects.toBe(reason);
  });
});

describe("a copy of what is replaced meanwhile", () => {
  it("says that it has been done", async () => {
    const { fake, storage } = await faked();
    await storage.put("a.txt", "first");
    const replace = once(() => storage.put("a.txt", "second"));
    const copier = await behind(fake, async (path) => {
      if (path.endsWith("/upload")) await replace();
    });
    const error = await failed(copier.copy?.("a.txt", "b.txt", {}) ?? Promise.resolve());
    expect([error.code, error.applied, error.retryable]).toEqual(["Integrity", "yes", true]);
    await copier.close?.();
  });
});

describe("a clock that is wrong by less than an hour", () => {
  it.each([-50, -15, 15, 50])("by %i minutes does not matter to any verb", async (minutes) => {
    const { storage } = await faked({}, { now: () => Date.now() - minutes * 60_000 });
    await storage.put("a.txt", "abc");
    expect(await (await storage.get("a.txt")).text()).toBe("abc");
    await storage.copy("a.txt", "b.txt");
    const url = await storage.signedUrl("b.txt", { expiresInSeconds: 60 });
    expect((await fetch(url)).status).toBe(200);
  });
});

describe("an abort while a refusal is read", () => {
  it("ends the get at once", async () => {
    const { fake, storage } = await faked();
    await storage.put("a.txt", "abc");
    const isDownload = ({ path }: FakeRequest): boolean => path.endsWith("/download");
    const server = createServer(
      (_, response) => void response.writeHead(503, { "content-length": 100 }).write("{"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const stalling = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = cloudinary({ ...optionsFor(fake), deliveryBaseUrl: stalling });
    const controller = new AbortController();
    const get = provider.get("a.txt", { range: { offset: 0 }, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 100);
    await expect(get).rejects.toThrow("enough");
    expect(fake.requests.some(isDownload)).toBe(false);
    await provider.close?.();
  });
});

describe("limits", () => {
  it("that were given hold for streams that nobody knows the length of", async () => {
    const { fake, storage } = await faked({ objectBytesMax: 10 });
    const stream = Readable.from([Buffer.alloc(1000)], { objectMode: false });
    expect(await codeOf(storage.put("a.txt", stream))).toBe("TooLarge");
    expect(fake.requests).toHaveLength(0);
  });

  it("of the Admin API are not used up by one page", async () => {
    const { fake, storage } = await faked({}, { limits: { adminCallsPerHour: 1000 } });
    for (let index = 0; index < 30; index++) await storage.put(`Zebra${index}`, "x");
    await storage.put("Zoo", "x");
    const before = fake.requests.length;
    const keys: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await storage.listPage({ prefix: "Zo", limit: 1, cursor });
      keys.push(...page.objects.map(({ key }) => key));
      cursor = page.cursor;
      pages++;
    } while (cursor !== undefined);
    expect(keys).toEqual(["Zoo"]);
    expect((fake.requests.length - before) / pages).toBeLessThanOrEqual(10);
  });
});

describe("a page of somebody else's", () => {
  it("does not mean that there is no such object", async () => {
    const { fake, storage } = await faked();
    fake.fail({ fault: { type: "html", status: 404 } });
    for (const call of [
      () => storage.head("a"),
      () => storage.get("a"),
      () => storage.put("a", "b"),
      () => storage.delete("a"),
      () => storage.listPage(),
    ]) {
      expect(await codeOf(call())).toBe("Unavailable");
    }
  });
});

describe("a provider that was closed", () => {
  it("sends nothing any more", async () => {
    const { fake, provider } = await faked();
    await provider.close?.();
    expect(await codeOf(provider.head("a", {}))).toBe("Unavailable");
    expect(fake.requests).toHaveLength(0);
  });
});

describe("files of others in folders that our keys write otherwise", () => {
  it("are listed by prefix, and deleted by it", async () => {
    const { storage } = await faked();
    await storage.put("été/photo@cloudinary-raw", "by others");
    await storage.put("été/ours.txt", "ours");
    const names = async (): Promise<readonly string[]> =>
      (await storage.listPage({ prefix: "été/" })).objects.map(({ key }) => key).toSorted();
    // A raw id without an extension is one of ours: this one is not stored under it.
    expect(await names()).toEqual(["été/ours.txt", "été/photo@cloudinary-raw"]);
    await storage.deletePrefix("été/");
    expect(await names()).toEqual([]);
  });
});

describe("renameObject", () => {
  it("says that it was done when only the facts could not be had", async () => {
    const { fake, provider, storage } = await faked();
    await storage.put("a.txt", "abc");
    fake.fail({ matches: ({ path }) => path.endsWith("/explicit"), fault: { type: "status", status: 503 } });
    const error = await failed(renameObject(provider, "a.txt", "b.txt"));
    expect([error.operation, error.key, error.applied, error.retryable]).toEqual([
      "move",
      "a.txt",
      "yes",
      false,
    ]);
    expect(fake.assets()[0]?.publicId).toBe("b.txt");
  });

  it("says so when the copy is there and the original could not be deleted", async () => {
    const { fake, provider, storage } = await faked();
    await storage.put("a.txt", "abc");
    fake.fail({ matches: ({ path }) => path.endsWith("/destroy"), fault: { type: "status", status: 503 } });
    const error = await failed(renameObject(provider, "a.txt", "b.png"));
    // A text is no image.
    expect(error.code).toBe("Unsupported");
    await storage.put("c.jpg", PNG);
    const late = await failed(renameObject(provider, "c.jpg", "c.bin"));
    expect([late.operation, late.key, late.applied, late.retryable]).toEqual(["move", "c.jpg", "yes", false]);
  });

  it("names the key that is taken, and leaves a key as it is that is its own", async () => {
    const { fake } = await faked();
    const own = cloudinary({ ...optionsFor(fake), keyPrefix: "up/" });
    const files = createStorage(own);
    await files.put("a.txt", "abc");
    await files.put("b.txt", "other");
    const error = await failed(renameObject(own, "a.txt", "b.txt"));
    expect(error.message).toBe(
      'Cannot move "a.txt": "b.txt" already has an object: set overwrite: true to replace it',
    );
    expect(await renameObject(own, "a.txt", "a.txt")).toMatchObject({ key: "a.txt", size: 3 });
    await files.close();
  });

  it("checks both keys, and returns the facts of the object", async () => {
    const { fake, provider, storage } = await faked();
    await storage.put("a.txt", "abc", { contentType: "text/x-own", metadata: { owner: "42" } });
    const before = fake.requests.length;
    for (const key of ["", "\uD800.txt", "a//b"]) {
      expect(await codeOf(renameObject(provider, "a.txt", key))).toBe("InvalidKey");
      expect(await codeOf(renameObject(provider, key, "b.txt"))).toBe("InvalidKey");
    }
    expect(fake.requests).toHaveLength(before);
    expect(await renameObject(provider, "a.txt", "b.txt")).toMatchObject({
      contentType: "text/x-own",
      metadata: { owner: "42" },
    });
  });
});
