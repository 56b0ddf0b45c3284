// What the S3 adapter does when its connection to a real server breaks.
import { createStorage, isStorageError, type FileStorage } from "@stowage/core";
import { s3, type DialectName } from "@stowage/s3";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { S3Server } from "../s3-servers/server.js";
import { startProxy, type ConnectionFault, type TcpProxy } from "./tcp-proxy.js";

const MIB = 1024 * 1024;
const SIZE = 23 * MIB;

interface Target {
  readonly storage: FileStorage;
  readonly proxy: TcpProxy;
}

/** One fault: its title is what must hold. */
export interface FaultCase {
  readonly title: string;
  readonly faultOf: (connection: number) => ConnectionFault;
  readonly run: (target: Target) => Promise<void>;
}

function content(): Buffer {
  return Buffer.alloc(SIZE, "0123456789abcdef\n");
}

/** Of unknown length, in chunks. */
async function* streamed(then?: () => Promise<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = content();
  for (let sent = 0; sent < SIZE; sent += 64 * 1024) yield bytes.subarray(sent, sent + 64 * 1024);
  await then?.();
}

async function digestAt(storage: FileStorage, key: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await storage.get(key)) hash.update(chunk);
  return hash.digest("hex");
}

async function holds(storage: FileStorage, key: string): Promise<void> {
  assert.equal(await digestAt(storage, key), createHash("sha256").update(content()).digest("hex"));
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "done",
    (error: unknown) => (isStorageError(error) ? error.code : String(error)),
  );
}

const BODIES = [
  ["a stream", () => streamed()],
  ["bytes", content],
] as const;

export const FAULTS: readonly FaultCase[] = [
  ...BODIES.map(([name, body]): FaultCase => ({
    title: `${name} survives connections that are reset in the middle of a part, and each part alone is sent again`,
    faultOf: (connection) => (connection % 2 === 1 ? { resetAfterSentBytes: 2 * MIB } : {}),
    run: async ({ storage }) => {
      await storage.put("a", body());
      await holds(storage, "a");
    },
  })),
  ...BODIES.map(([name, body]): FaultCase => ({
    title: `${name} whose connections are all reset fails as Unavailable, and nothing is there`,
    faultOf: () => ({ resetAfterSentBytes: 100_000 }),
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage.put("a", body())), "Unavailable");
    },
  })),
  {
    title: "a connection that is half-open ends with Timeout",
    faultOf: (connection) => (connection === 1 ? { stallAfterSentBytes: MIB } : {}),
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage.put("a", streamed())), "Timeout");
    },
  },
  {
    title: "a source that fails at its end leaves nothing",
    faultOf: () => ({}),
    run: async ({ storage }) => {
      const failing = streamed(() => Promise.reject(new Error("the source failed")));
      assert.equal(await codeOf(storage.put("a", failing)), "SourceError");
      assert.equal(await storage.exists("a"), false);
    },
  },
  {
    title: "an abort on the way leaves nothing",
    faultOf: () => ({}),
    run: async ({ storage }) => {
      const controller = new AbortController();
      const onProgress = (): void => controller.abort("stop");
      const { signal } = controller;
      assert.equal(await codeOf(storage.put("a", streamed(), { signal, onProgress })), "stop");
      assert.equal(await storage.exists("a"), false);
    },
  },
  {
    title: "a download goes on where its connection was reset",
    // The first reads what the put has written.
    faultOf: (connection) => (connection < 8 ? { resetAfterReceivedBytes: 9 * MIB } : {}),
    run: async ({ storage }) => {
      await storage.put("a", content());
      await holds(storage, "a");
    },
  },
  {
    title: "26 parts use no more connections than are sent at once",
    faultOf: () => ({}),
    run: async ({ storage, proxy }) => {
      await storage.put("a", Buffer.alloc(26 * 5 * MIB));
      assert.ok(proxy.connections() <= 4, `${proxy.connections()} connections were made`);
    },
  },
];

interface FaultTarget {
  readonly server: S3Server;
  readonly bucket: string;
  readonly dialect: DialectName;
}

/** Runs one case on a bucket. @throws AssertionError when its title does not hold. */
export async function runFault({ server, bucket, dialect }: FaultTarget, fault: FaultCase): Promise<void> {
  const { endpoint, credentials } = server;
  const proxy = await startProxy(endpoint, fault.faultOf);
  const provider = s3({ bucket, endpoint: proxy.endpoint, credentials, dialect });
  const storage = createStorage(provider, { timeouts: { controlMs: 2000 }, retry: false });
  try {
    await fault.run({ storage, proxy });
  } finally {
    await storage.close();
    await proxy.close();
  }
}
