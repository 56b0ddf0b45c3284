import { S3Client } from "@aws-sdk/client-s3";
import { toBody, type WriteOptions } from "@stowage/core/provider";
import type { StorageProvider } from "@stowage/core";
import { EventEmitter } from "node:events";
import type { ClientRequest } from "node:http";
import type { Readable } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { s3 } from "../s3.js";
import { smallServer, type Seen, type SmallServer } from "../small-server.test-support.js";
import { lastMoment } from "./last-moment.js";

const REFUSED = new Error("another process has the key");
const SIZES = [3, 65_536, 65_537, 200_001, 3_000_000];

function refuse(): never {
  throw REFUSED;
}

/** A server that keeps whole objects, and clients of both kinds for it. */
async function world(): Promise<{
  server: SmallServer;
  kept: Map<string, number>;
  clients: readonly (readonly [string, StorageProvider])[];
}> {
  const kept = new Map<string, number>();
  const server = await smallServer((seen) => answer(seen, kept));
  const { endpoint } = server.options;
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const own = s3(server.options);
  const foreign = s3({ bucket: "b", client });
  onTestFinished(async () => {
    await own.close?.();
    client.destroy();
    await server[Symbol.asyncDispose]();
  });
  return {
    server,
    kept,
    clients: [
      ["a client of ours", own],
      ["a client of the application's", foreign],
    ],
  };
}

function answer({ method, key, body, headers, response, send }: Seen, kept: Map<string, number>): void {
  // A request that was cut off stores nothing.
  if (!response.req.complete) return;
  if (method === "PUT" && headers["x-amz-copy-source"] !== undefined) {
    kept.set(key, 1);
    return send(200, {}, '<CopyObjectResult><ETag>"c"</ETag></CopyObjectResult>');
  }
  if (method === "PUT") kept.set(key, body.byteLength);
  if (method === "DELETE") kept.delete(key);
  if (method === "HEAD") return send(200, { etag: '"e"', "content-length": "3" });
  send(method === "DELETE" ? 204 : 200, { etag: '"e"' });
}

async function failed(promise: Promise<unknown> | undefined): Promise<unknown> {
  return await promise?.then(
    () => "it was done",
    (error: unknown) => error,
  );
}

describe("the last moment of a request", () => {
  it.each(SIZES)("refuses a put of %d bytes, over a new connection and over a kept one", async (size) => {
    const { kept, clients } = await world();
    for (const [kind, provider] of clients) {
      const body = await toBody(Buffer.alloc(size, 1));
      for (const round of [1, 2]) {
        const refused = await failed(provider.put("a", body, { beforeCommit: refuse }));
        expect([kind, round, refused, kept.size]).toEqual([kind, round, REFUSED, 0]);
        await provider.put("warm", body, { beforeCommit: () => {} });
        expect(kept.get("warm")).toBe(size);
        kept.clear();
      }
    }
  });

  it("refuses a delete and a copy", async () => {
    const { kept, clients } = await world();
    for (const [kind, provider] of clients) {
      kept.set("a", 3);
      const call: WriteOptions = { beforeCommit: refuse };
      expect([kind, await failed(provider.delete("a", call))]).toEqual([kind, REFUSED]);
      expect([kind, await failed(provider.copy?.("a", "b", call))]).toEqual([kind, REFUSED]);
      expect([...kept.keys()]).toEqual(["a"]);
      await provider.copy?.("a", "b", { beforeCommit: () => {} });
      await provider.delete("a", { beforeCommit: () => {} });
      expect([...kept.keys()]).toEqual(["b"]);
      kept.clear();
    }
  });

  it("tells of an abort with its reason all the same", async () => {
    const { clients } = await world();
    for (const [kind, provider] of clients) {
      const controller = new AbortController();
      const beforeCommit = (): void => controller.abort("stop");
      const body = await toBody(Buffer.alloc(200_001));
      const outcome = await failed(provider.put("a", body, { beforeCommit, signal: controller.signal }));
      expect([kind, outcome]).toEqual([kind, "stop"]);
    }
  });
});

describe("a request that waits for its connection", () => {
  /** Enough of a socket that is being made. */
  function connecting(): EventEmitter & { calls: string[] } {
    const calls: string[] = [];
    const socket = Object.assign(new EventEmitter(), {
      connecting: true,
      calls,
      cork: () => calls.push("cork"),
      uncork: () => calls.push("uncork"),
    });
    return socket;
  }

  it("lets nothing leave before the caller was asked", () => {
    const socket = connecting();
    const request = Object.assign(new EventEmitter(), { destroy: () => socket.calls.push("destroy") });
    const beforeCommit = (): void => void socket.calls.push("ask");
    const moment = lastMoment({ beforeCommit, isWatched: true, abort: () => {} });
    moment.hold("small", undefined);
    moment.watch(request as unknown as ClientRequest, "secureConnect");
    request.emit("socket", socket);
    expect(socket.calls).toEqual(["cork"]);
    socket.emit("secureConnect");
    expect(socket.calls).toEqual(["cork", "ask", "uncork"]);
  });

  it("asks before the last bytes once the system has taken all others", async () => {
    const socket = connecting();
    const request = Object.assign(new EventEmitter(), { destroyed: false, writableLength: 1 });
    const moment = lastMoment({
      beforeCommit: () => socket.calls.push(`ask with ${request.writableLength} waiting`),
      isWatched: true,
      abort: () => {},
    });
    const body = moment.hold(new Uint8Array(200_000), undefined) as Readable;
    moment.watch(request as unknown as ClientRequest, "connect");
    request.emit("socket", socket);
    socket.emit("connect");
    let sent = 0;
    for await (const block of body) {
      sent += (block as Uint8Array).byteLength;
      // The link takes the first blocks some turns later.
      if (sent < 200_000) setImmediate(() => setImmediate(() => (request.writableLength = 0)));
    }
    expect(sent).toBe(200_000);
    expect(socket.calls).toEqual(["cork", "uncork", "ask with 0 waiting"]);
  });

  it("is ended when the caller refuses", () => {
    const socket = connecting();
    const request = Object.assign(new EventEmitter(), { destroy: () => socket.calls.push("destroy") });
    const moment = lastMoment({ beforeCommit: refuse, isWatched: true, abort: () => {} });
    moment.hold(undefined, undefined);
    moment.watch(request as unknown as ClientRequest, "connect");
    request.emit("socket", socket);
    socket.emit("connect");
    expect(socket.calls).toEqual(["cork", "destroy", "uncork"]);
    expect(moment.refusal()?.reason).toBe(REFUSED);
  });
});
