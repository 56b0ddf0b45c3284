import { createStorage } from "@stowage/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { s3 } from "./s3.js";
import { smallServer } from "./small-server.test-support.js";

const FILM = Buffer.alloc(2 * 1024 * 1024, "a film that nobody looks at; ");
const READS = 600;

describe("objects that nobody reads", () => {
  it("do not keep others waiting, and are whole when they are read", async () => {
    const server = await smallServer(({ method, headers, send }) => {
      if (method === "PUT") return send(200, { etag: '"new"' });
      const [, from = "0"] = /^bytes=(\d+)-/.exec(headers.range ?? "") ?? [];
      const part = FILM.subarray(Number(from));
      const range = `bytes ${from}-${FILM.byteLength - 1}/${FILM.byteLength}`;
      const facts = { etag: '"film"', "content-length": String(part.byteLength), "content-range": range };
      send(headers.range === undefined ? 200 : 206, facts, part);
    });
    const storage = createStorage(s3(server.options));
    onTestFinished(async () => {
      await storage.close({ graceMs: 0 });
      await server[Symbol.asyncDispose]();
    });
    // More than there are connections to one server: each holds one, as after a HEAD on a route for GET.
    const objects = await Promise.all(Array.from({ length: READS }, () => storage.get("film.mp4")));
    expect(await storage.put("a.txt", "abc")).toMatchObject({ size: 3 });
    const last = objects.at(-1);
    const first = objects[0];
    for (const object of [first, last]) {
      expect(Buffer.from((await object?.bytes()) ?? []).equals(FILM)).toBe(true);
    }
  });
});
