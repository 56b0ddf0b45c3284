import { once } from "node:events";
import { mkdtemp, readdir, readlink, rm, stat, utimes } from "node:fs/promises";
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startPage, type Page } from "./start-page.js";
import { createUploads } from "./resumable.js";
import type { Snapshot } from "./snapshot.js";

const TUS = { "tus-resumable": "1.0.0" };
const WAIT = { timeout: 20_000 };

let home: string;
let page: Page | undefined;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "stowage-example-"));
});

afterEach(async () => {
  await page?.stop();
  page = undefined;
  await rm(home, { recursive: true });
});

async function start(kind: "fallback" | "mirror" | "split"): Promise<string> {
  page = await startPage(kind, {}, { home, port: 0 });
  return page.url;
}

/** Returns every file of the example: objects and temporary files. */
async function files(): Promise<string[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name !== "layout.json").map(({ name }) => name);
}

/** Returns what this process has open below the folder of the example. */
async function openFiles(): Promise<string[]> {
  const fds = await readdir("/proc/self/fd");
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return links.filter((link) => link.startsWith(home));
}

async function upload(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<{ readonly key: string; readonly provider: string }> {
  const response = await fetch(`${url}/files?name=clip.mp4`, { method: "POST", body });
  expect(response.status).toBe(201);
  return (await response.json()) as { key: string; provider: string };
}

async function turn(url: string, name: string, state: string): Promise<Response> {
  return await fetch(`${url}/members/${name}/${state}`, { method: "PUT" });
}

/** Begins an upload by tus. @returns Its address. */
async function begin(url: string, size: number, name = "clip.mp4"): Promise<string> {
  const metadata = `filename ${Buffer.from(name).toString("base64")},filetype ${btoa("video/mp4")}`;
  const headers = { ...TUS, "upload-length": String(size), "upload-metadata": metadata };
  const response = await fetch(`${url}/uploads`, { method: "POST", headers });
  expect(response.status).toBe(201);
  return new URL(response.headers.get("location") ?? "", url).href;
}

async function send(address: string, offset: number, bytes: string): Promise<Response> {
  const type = { "content-type": "application/offset+octet-stream" };
  const headers = { ...TUS, ...type, "upload-offset": String(offset) };
  return await fetch(address, { method: "PATCH", headers, body: bytes });
}

describe("a client that disconnects", () => {
  it.each([{ "content-length": 10_000_000 }, {}])(
    "in the middle of an upload with %j leaves no object, no temporary file and nothing open",
    async (headers) => {
      const url = await start("fallback");
      const call: ClientRequest = request(`${url}/files?name=clip.mp4`, { method: "POST", headers });
      call.on("error", () => {});
      call.write(Buffer.alloc(3_000_000));
      await vi.waitFor(async () => expect((await files()).length).toBeGreaterThan(0), WAIT);
      call.destroy();
      await vi.waitFor(async () => expect(await files()).toEqual([]), WAIT);
      await vi.waitFor(async () => expect(await openFiles()).toEqual([]), WAIT);
    },
  );

  it("in the middle of a download leaves nothing open, and the object as it was", async () => {
    const url = await start("fallback");
    const { key } = await upload(url, Buffer.alloc(20_000_000, 1));
    const call = request(`${url}/files/${key}`).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    await once(response, "data");
    response.destroy();
    await vi.waitFor(async () => expect(await openFiles()).toEqual([]), WAIT);
    const head = await fetch(`${url}/files/${key}`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe("20000000");
  });
});

describe("the server of a composer", () => {
  it("answers 404 for what no member has, and 503 while one that may have it is down", async () => {
    const url = await start("fallback");
    expect((await fetch(`${url}/files/uploads/x/missing.mp4`)).status).toBe(404);
    await turn(url, "bucket", "down");
    expect((await fetch(`${url}/files/uploads/x/missing.mp4`)).status).toBe(503);
  });

  it("answers 400 for a hostile name and for a ref outside of its folders, with nothing written", async () => {
    const url = await start("fallback");
    const name = encodeURIComponent("../../x");
    expect((await fetch(`${url}/files?name=${name}`, { method: "POST", body: "x" })).status).toBe(400);
    expect((await fetch(`${url}/at?ref=${encodeURIComponent("file:///etc/passwd")}`)).status).toBe(400);
    expect(await files()).toEqual([]);
  });

  it("refuses a page of a different site", async () => {
    const url = await start("mirror");
    const headers = { "sec-fetch-site": "cross-site" };
    expect((await fetch(`${url}/members/bucket/down`, { method: "PUT", headers })).status).toBe(403);
  });

  it("says which members and states there are", async () => {
    const url = await start("mirror");
    const answer = await turn(url, "bucket", "broken");
    expect([answer.status, await answer.json()]).toEqual([
      404,
      {
        error: "PUT /members/NAME/STATE: NAME is disk or bucket, STATE is works, down, slow, hanging, full",
      },
    ]);
  });

  it("serves its page with everything it loads, and nothing from elsewhere", async () => {
    const url = await start("mirror");
    const html = await (await fetch(url)).text();
    const paths = [...html.matchAll(/(?:src|href)="(?<path>\/[^"]+)"/g)].map(
      ({ groups }) => groups?.["path"],
    );
    expect(paths.length).toBeGreaterThan(2);
    const seen = new Set<string>();
    for (const path of paths) await load(url, path ?? "", seen);
    expect(seen.size).toBeGreaterThan(10);
  });
});

/** Loads a file of the page, and the modules that it imports. */
async function load(url: string, path: string, seen: Set<string>): Promise<void> {
  if (seen.has(path)) return;
  seen.add(path);
  const answer = await fetch(url + path);
  expect([path, answer.status]).toEqual([path, 200]);
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'self'");
  const text = await answer.text();
  if (path.startsWith("/vendor/")) return;
  for (const { groups } of text.matchAll(/from "\.(?<path>\/[^"]+)"/g))
    await load(url, groups?.["path"] ?? "", seen);
}

describe("an upload that goes on", () => {
  it("is an object when its last byte has arrived, and not before", async () => {
    const url = await start("mirror");
    const address = await begin(url, 6);
    expect((await send(address, 0, "abc")).status).toBe(204);
    const key = `uploads/${address.split("/").at(-1)}/clip.mp4`;
    expect((await fetch(`${url}/files/${key}`)).status).toBe(404);
    const head = await fetch(address, { method: "HEAD", headers: TUS });
    expect(head.headers.get("upload-offset")).toBe("3");
    expect((await send(address, 3, "def")).status).toBe(204);
    const answer = await fetch(`${url}/files/${key}`);
    expect([answer.headers.get("content-type"), await answer.text()]).toEqual(["video/mp4", "abcdef"]);
  });

  it("that no member takes is not said to be stored, and is put again without being sent again", async () => {
    const url = await start("fallback");
    const address = await begin(url, 3);
    for (const name of ["bucket", "disk"]) await turn(url, name, "full");
    const refused = await send(address, 0, "abc");
    expect([refused.status, await refused.text()]).toEqual([507, expect.stringContaining("full")]);
    expect((await fetch(address, { method: "HEAD", headers: TUS })).status).toBe(507);
    await turn(url, "disk", "works");
    const head = await fetch(address, { method: "HEAD", headers: TUS });
    expect([head.status, head.headers.get("upload-offset")]).toEqual([200, "3"]);
    const key = `uploads/${address.split("/").at(-1)}/clip.mp4`;
    expect(await (await fetch(`${url}/files/${key}`)).text()).toBe("abc");
  });

  it("is stored once, however often a client asks for it, and its bytes are kept once", async () => {
    const url = await start("fallback");
    const address = await begin(url, 6);
    await send(address, 0, "abcdef");
    const id = address.split("/").at(-1) ?? "";
    expect((await stat(join(home, "unfinished", id))).blocks).toBe(0);
    await fetch(`${url}/files/uploads/${id}/clip.mp4`, { method: "DELETE" });
    const head = await fetch(address, { method: "HEAD", headers: TUS });
    expect([head.status, head.headers.get("upload-offset")]).toEqual([200, "6"]);
    expect((await fetch(`${url}/files/uploads/${id}/clip.mp4`)).status).toBe(404);
  });

  it("that is cancelled leaves nothing", async () => {
    const url = await start("fallback");
    const address = await begin(url, 6);
    await send(address, 0, "abc");
    expect((await fetch(address, { method: "DELETE", headers: TUS })).status).toBe(204);
    expect(await files()).toEqual([]);
  });

  it("with a hostile name is refused before a byte is sent", async () => {
    const url = await start("fallback");
    const metadata = `filename ${btoa("../../x")}`;
    const headers = { ...TUS, "upload-length": "3", "upload-metadata": metadata };
    expect((await fetch(`${url}/uploads`, { method: "POST", headers })).status).toBe(400);
    expect(await files()).toEqual([]);
  });

  it("that nobody has sent to for an hour is removed", async () => {
    const url = await start("fallback");
    const directory = join(home, "unfinished");
    const [old, young] = [await begin(url, 6), await begin(url, 6)];
    const hours = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(join(directory, old.split("/").at(-1) ?? ""), hours, hours);
    const { storage } = page?.composition ?? {};
    if (storage === undefined) throw new Error("No page");
    await createUploads({ storage, directory, path: "/uploads" }).sweep();
    const status = async (address: string): Promise<number> =>
      (await fetch(address, { method: "HEAD", headers: TUS })).status;
    expect([await status(old), await status(young)]).toEqual([404, 200]);
  });
});

/** Reads snapshots until one of them fits. */
async function snapshot(url: string, fits: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  const { body } = await fetch(`${url}/live`);
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      if (!block.startsWith("data: ")) continue;
      const found = JSON.parse(block.slice("data: ".length)) as Snapshot;
      if (fits(found)) return found;
    }
  }
  throw new Error("The stream has ended");
}

describe("the live view", () => {
  it("shows a copy that a broken member misses, and that repair brings it", async () => {
    const url = await start("mirror");
    await turn(url, "bucket", "down");
    const { key } = await upload(url, "film");
    const broken = await snapshot(url, ({ waiting }) => waiting === 1);
    expect(broken.members.map(({ name, state, files: count }) => [name, state, count])).toEqual([
      ["disk", "works", 1],
      ["bucket", "down", 0],
    ]);
    expect(broken.files).toMatchObject([{ key, holders: ["disk"], isInTransition: true, isDeleted: false }]);
    await turn(url, "bucket", "works");
    const whole = await snapshot(url, ({ waiting }) => waiting === 0);
    expect(whole.files).toMatchObject([{ key, holders: ["disk", "bucket"], isInTransition: false }]);
    expect(whole.log[0]?.text).toBe("Repair has copied clip.mp4 from disk to bucket.");
  });

  it("shows a file that was deleted while a member was down as deleted", async () => {
    const url = await start("mirror");
    const { key } = await upload(url, "film");
    await page?.composition.repair?.idle();
    await turn(url, "bucket", "down");
    await fetch(`${url}/files/${key}`, { method: "DELETE" });
    const { files: shown } = await snapshot(url, ({ waiting }) => waiting === 1);
    expect(shown).toMatchObject([{ key, holders: ["bucket"], isDeleted: true }]);
  });

  it("shows the percentage of a split and where its files are", async () => {
    const url = await start("split");
    expect((await fetch(`${url}/rollout/100`, { method: "PUT" })).status).toBe(200);
    const { provider } = await upload(url, "film");
    expect(provider).toBe("bucket");
    const { percent, members } = await snapshot(url, ({ members: found }) => found[1]?.files === 1);
    expect([percent, members[0]?.files]).toEqual([100, 0]);
  });
});

describe("the percentage", () => {
  it.each(["-1", "101", "ten", ""])("%j is 400", async (text) => {
    const url = await start("split");
    const answer = await fetch(`${url}/rollout/${text}`, { method: "PUT" });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: "PUT /rollout/PERCENT: PERCENT is a number from 0 to 100" },
    ]);
  });
});

describe("a switch", () => {
  it("lets uploads of a mirror pass while the bucket hangs, and of a chain while the first is full", async () => {
    const mirrored = await start("mirror");
    await turn(mirrored, "bucket", "hanging");
    const { key } = await upload(mirrored, "film");
    expect(await (await fetch(`${mirrored}/files/${key}`)).text()).toBe("film");
    await page?.stop();
    const chained = await start("fallback");
    await turn(chained, "bucket", "full");
    expect((await upload(chained, "film")).provider).toBe("disk");
  });
});
