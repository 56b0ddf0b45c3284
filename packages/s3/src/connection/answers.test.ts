import { createStorage } from "@stowage/core";
import { request } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { s3 } from "../s3.js";
import { smallServer, type Seen } from "../small-server.test-support.js";
import { createAgents } from "./agents.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("an answer without a length", () => {
  const whole = Buffer.alloc(1000, "x");
  const chunked = ({ method, headers, response, send }: Seen): void => {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
    if (first === undefined) {
      response.writeHead(200, { etag: '"e"', "transfer-encoding": "chunked" });
      return void response.end(method === "HEAD" ? undefined : whole);
    }
    const piece = whole.subarray(Number(first), last === "" ? undefined : Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + piece.byteLength - 1}/1000`;
    send(206, { etag: '"e"', "content-range": range }, piece);
  };

  it("is asked for its size", async () => {
    await using server = await smallServer(chunked);
    const storage = createStorage(s3(server.options));
    expect((await storage.head("a")).size).toBe(1000);
    const object = await storage.get("a");
    expect([object.info.size, (await object.bytes()).byteLength, object.range]).toEqual([
      1000,
      1000,
      undefined,
    ]);
    expect(await (await storage.get("a", { range: { offset: 10, length: 5 } })).text()).toBe("xxxxx");
  });

  it("of an empty object is 0", async () => {
    await using server = await smallServer(({ headers, response, fail }) => {
      if (headers.range !== undefined) return fail(416, "InvalidRange");
      response.writeHead(200, { etag: '"e"', "transfer-encoding": "chunked" }).end();
    });
    expect((await createStorage(s3(server.options)).head("a")).size).toBe(0);
  });

  it("fails where a range does not tell it either", async () => {
    await using server = await smallServer(({ response }) => {
      response.writeHead(200, { etag: '"e"', "transfer-encoding": "chunked" }).end();
    });
    const storage = createStorage(s3(server.options), { retry: false });
    await expect(storage.head("a")).rejects.toMatchObject({ code: "Unavailable" });
    await expect(storage.get("a")).rejects.toMatchObject({ code: "Unavailable" });
  });
});

describe("answers without an ETag", () => {
  it("are those of an object like any other", async () => {
    await using server = await smallServer(({ method, send }) =>
      send(200, { "content-length": method === "PUT" ? "0" : "3" }, method === "PUT" ? "" : "abc"),
    );
    const storage = createStorage(s3(server.options));
    expect((await storage.put("a", "abc")).etag).toBeUndefined();
    expect(await storage.head("a")).toMatchObject({ size: 3, etag: undefined });
    expect(await (await storage.get("a")).text()).toBe("abc");
    expect(server.seen.map(({ method }) => method)).toEqual(["PUT", "HEAD", "GET"]);
  });

  it("and without an id are somebody else's, and the put is not sent again", async () => {
    await using server = await smallServer(({ response }) => void response.writeHead(200).end("<html>"));
    const put = createStorage(s3(server.options)).put("a", "abc");
    await expect(put).rejects.toMatchObject({ code: "Unavailable", applied: "unknown" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("a wrong clock", () => {
  const HOUR = 3_600_000;
  const real = Date.now.bind(Date);
  const checking = ({ method, headers, send, fail }: Seen): void => {
    const text = String(headers["x-amz-date"]);
    const [, date, hour, minute, second] = /^(\d{8})T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
    const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(date ?? "") ?? [];
    const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    const facts = { date: new Date(real()).toUTCString(), etag: '"e"', "content-length": "1" };
    if (Math.abs(signedAt - real()) < 900_000) return send(200, facts, method === "PUT" ? "" : "x");
    return method === "HEAD" ? send(403, { date: facts.date }) : fail(403, "RequestTimeTooSkewed");
  };

  it.each([-HOUR, HOUR])("is put right when the first request is a HEAD: %i ms", async (ahead) => {
    await using server = await smallServer(checking);
    vi.spyOn(Date, "now").mockImplementation(() => real() + ahead);
    try {
      expect(await createStorage(s3(server.options)).exists("a")).toBe(true);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it("that is right again is believed", async () => {
    await using server = await smallServer(checking);
    const storage = createStorage(s3(server.options));
    vi.spyOn(Date, "now").mockImplementation(() => real() + HOUR);
    expect(await (await storage.get("a")).text()).toBe("x");
    vi.restoreAllMocks();
    expect(await storage.exists("a")).toBe(true);
  });
});

describe("a slow link", () => {
  it("carries a body whose bytes move, however long that takes", async () => {
    const BYTES_PER_MS = 8 * 1024;
    const size = 24 * 1024 * 1024;
    await using server = await smallServer(({ send }) => send(200, { etag: '"e"' }));
    const slow = createServer((socket) => {
      const from = performance.now();
      let received = 0;
      let isAnswered = false;
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        received += chunk.byteLength;
        if (received > size && !isAnswered) {
          isAnswered = true;
          socket.write('HTTP/1.1 200 OK\r\netag: "e"\r\ncontent-length: 0\r\n\r\n');
        }
        const earlyMs = received / BYTES_PER_MS - (performance.now() - from);
        if (earlyMs < 5) return;
        socket.pause();
        setTimeout(() => socket.resume(), earlyMs);
      });
    });
    await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
    const provider = s3({ ...server.options, endpoint, partSizeBytes: 2 * size });
    const storage = createStorage(provider, { retry: false, timeouts: { controlMs: 1500 } });
    const loaded: number[] = [];
    const onProgress = (progress: { readonly loaded: number }): void => void loaded.push(progress.loaded);
    expect((await storage.put("a", Buffer.alloc(size), { onProgress })).size).toBe(size);
    expect(loaded.length).toBeGreaterThan(20);
    expect(loaded).toEqual(loaded.toSorted((left, right) => left - right));
    expect(loaded.at(-1)).toBe(size);
    await storage.close();
    slow.close();
  }, 20_000);
});

describe("a connection", () => {
  it("that is not made in time is told as that", async () => {
    const [agent] = createAgents({ connectMs: 30 });
    const asked = request({ host: "nowhere.example", agent, lookup: () => {} });
    const error = await new Promise<unknown>((resolve) => asked.on("error", resolve).end());
    expect(error).toMatchObject({ code: "ConnectTimeout" });
    agent.destroy();
  });

  it("is waited for while others become free, and given up when none does", async () => {
    await using server = await smallServer(({ key, send }) => {
      if (key !== "held") setTimeout(() => send(200), 60);
    });
    const [agent] = createAgents({ queueMs: 100 });
    agent.maxSockets = 1;
    const ask = (key: string): Promise<string> =>
      new Promise((resolve) => {
        request(`${server.url}/b/${key}`, { agent }, (answer) =>
          answer.resume().on("end", () => resolve("ok")),
        )
          .on("error", (error: { readonly code?: string }) => resolve(String(error.code)))
          .end();
      });
    expect(await Promise.all(["1", "2", "3", "4"].map(ask))).toEqual(["ok", "ok", "ok", "ok"]);
    const held = ask("held");
    expect(await ask("5")).toBe("NoFreeConnection");
    agent.destroy();
    await held;
  });
});
