import { createStorage } from "@stowage/core";
import { local } from "@stowage/local";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readlink, rm, truncate } from "node:fs/promises";
import { get, type IncomingMessage, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { serveNode } from "../serve/serve.js";
import { listen, type Running } from "../testing/servers.test-support.js";

const BYTES = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => (index * 31 + (index >> 8)) % 256));

let root: string;
let running: Running | undefined;
const failures: unknown[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "stowage-pour-"));
  failures.length = 0;
  await createStorage(local({ root })).put("film.mp4", BYTES);
});

afterEach(async () => {
  await running?.close();
  await rm(root, { recursive: true });
});

async function start(before: (...given: Parameters<RequestListener>) => void = () => {}): Promise<string> {
  const storage = createStorage(local({ root }));
  running = await listen((request, response) => {
    before(request, response);
    void serveNode(storage, "film.mp4", request, response, { onError: (error) => failures.push(error) });
  });
  return running.url;
}

async function ask(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => get(url, { headers }, resolve).once("error", reject));
}

async function digestOf(message: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of message) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The files of the root that this process has open. */
async function openFiles(): Promise<number> {
  const names = await readdir("/proc/self/fd");
  const places = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
  return places.filter((place) => place === join(root, "film.mp4")).length;
}

describe("a file that is sent in blocks", () => {
  it.each([
    [undefined, 0, 3_000_001],
    ["bytes=1000001-", 1_000_001, 3_000_001],
    ["bytes=5-400000", 5, 400_001],
  ])("is sent as it is (Range %s)", async (range, from, to) => {
    const message = await ask(await start(), range === undefined ? {} : { range });
    expect(await digestOf(message)).toBe(sha256(BYTES.subarray(from, to)));
    await vi.waitFor(async () => expect(await openFiles()).toBe(0));
  });

  it("is sent whole through middleware that replaces `write` and forgets callbacks", async () => {
    const url = await start((_request, response) => {
      const write = response.write.bind(response);
      response.write = ((chunk: Uint8Array) => write(chunk)) as typeof response.write;
    });
    expect(await digestOf(await ask(url))).toBe(sha256(BYTES));
  });

  it("is sent whole to a client that rests on the way", async () => {
    const message = await ask(await start());
    message.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await digestOf(message)).toBe(sha256(BYTES));
  });

  it("is closed when its client leaves, which is no failure", async () => {
    const message = await ask(await start());
    message.destroy();
    await vi.waitFor(async () => expect(await openFiles()).toBe(0));
    expect(failures).toEqual([]);
  });

  it("cuts the answer off when the file becomes shorter", async () => {
    // More than the buffers of a connection take.
    await truncate(join(root, "film.mp4"), 64 * 1024 * 1024);
    const message = await ask(await start());
    message.pause();
    await truncate(join(root, "film.mp4"), 100_000);
    await expect(digestOf(message)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(failures).toMatchObject([{ code: "Integrity" }]);
  });
});
