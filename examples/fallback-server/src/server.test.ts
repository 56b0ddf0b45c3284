import { once } from "node:events";
import { readdir, readlink, rm } from "node:fs/promises";
import { request, type ClientRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp, type App } from "./app.js";
import { createVideoServer } from "./server.js";

let app: App;
let server: Server;
let base: string;

beforeEach(async () => {
  app = await createApp({});
  server = createVideoServer(app);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await app.storage.close();
  await rm(app.home, { recursive: true });
});

/** Every file under the folder of the example: objects and temporary files. */
async function files(): Promise<string[]> {
  const entries = await readdir(app.home, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name !== "layout.json").map(({ name }) => name);
}

/** What this process has open under the folder of the example. */
async function openFiles(): Promise<string[]> {
  const fds = await readdir("/proc/self/fd");
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.filter((link) => link.startsWith(app.home));
}

async function upload(bytes: Uint8Array): Promise<{ readonly key: string; readonly provider: string }> {
  const response = await fetch(`${base}/videos?name=clip.mp4`, { method: "POST", body: bytes });
  expect(response.status).toBe(201);
  return (await response.json()) as { key: string; provider: string };
}

async function expectNothingOpen(): Promise<void> {
  await vi.waitFor(async () => expect(await openFiles()).toEqual([]), { timeout: 10_000 });
}

describe("a client that disconnects", () => {
  it("in the middle of an upload leaves no object, no temporary file and nothing open", async () => {
    const call: ClientRequest = request(`${base}/videos?name=clip.mp4`, {
      method: "POST",
      headers: { "content-length": 10_000_000 },
    });
    call.on("error", () => {});
    call.write(Buffer.alloc(3_000_000));
    await vi.waitFor(async () => expect((await files()).length).toBeGreaterThan(0), { timeout: 10_000 });
    call.destroy();
    await vi.waitFor(async () => expect(await files()).toEqual([]), { timeout: 10_000 });
    await expectNothingOpen();
  });

  it("in the middle of a chunked upload leaves nothing either", async () => {
    const call = request(`${base}/videos?name=clip.mp4`, { method: "POST" });
    call.on("error", () => {});
    call.write(Buffer.alloc(3_000_000));
    await vi.waitFor(async () => expect((await files()).length).toBeGreaterThan(0), { timeout: 10_000 });
    call.destroy();
    await vi.waitFor(async () => expect(await files()).toEqual([]), { timeout: 10_000 });
    await expectNothingOpen();
  });

  it("in the middle of a download leaves nothing open, and the object as it was", async () => {
    const { key } = await upload(Buffer.alloc(20_000_000, 1));
    const call = request(`${base}/${key}`).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    await once(response, "data");
    response.destroy();
    await expectNothingOpen();
    expect((await fetch(`${base}/${key}`, { method: "HEAD" })).headers.get("content-length")).toBe(
      "20000000",
    );
  });
});

describe("the server", () => {
  it("serves ranges with 206 and refuses those outside with 416", async () => {
    const { key } = await upload(Buffer.from("0123456789"));
    const range = async (header: string): Promise<string> => {
      const response = await fetch(`${base}/${key}`, { headers: { range: header } });
      return `${response.status} ${response.status === 206 ? await response.text() : ""}`.trim();
    };
    expect(await range("bytes=2-4")).toBe("206 234");
    expect(await range("bytes=7-")).toBe("206 789");
    expect(await range("bytes=-2")).toBe("206 89");
    expect(await range("bytes=10-")).toBe("416");
    expect(await range("bytes=4-2")).toBe("200");
  });

  it("answers 404 for what no member has, and 503 while one that may have it is down", async () => {
    expect((await fetch(`${base}/videos/x/missing.mp4`)).status).toBe(404);
    await fetch(`${base}/members/first/down`, { method: "PUT" });
    expect((await fetch(`${base}/videos/x/missing.mp4`)).status).toBe(503);
  });

  it("answers 400 for a hostile name, with nothing written", async () => {
    const response = await fetch(`${base}/videos?name=${encodeURIComponent("../../x")}`, {
      method: "POST",
      body: "x",
    });
    expect(response.status).toBe(400);
    expect(await files()).toEqual([]);
  });

  it("answers 400 for a ref outside of its folders", async () => {
    const response = await fetch(`${base}/at?ref=${encodeURIComponent("file:///etc/passwd")}`);
    expect(response.status).toBe(400);
  });
});
