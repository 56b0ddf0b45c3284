// What the S3 adapter does when its connection to a real server breaks.
import { createStorage, fallback, type FileStorage } from "@stowage/core";
import { local } from "@stowage/local";
import assert from "node:assert/strict";
import { join } from "node:path";
import { MIB, digestAt, digestOf, patterned, streamed } from "./contents.js";
import { codeOf, until } from "./outcomes.js";
import { triesRequests, type Real, type RealTest } from "./real.js";
import { startProxy, type ConnectionFault, type FaultOf, type TcpProxy } from "./tcp-proxy.js";

const SIZE = 23 * MIB;
const content = patterned(SIZE);
const digest = digestOf(content);

type Uploader = "pooled" | "lib-storage";

interface Target {
  readonly storage: FileStorage;
  readonly proxy: TcpProxy;
}

interface Fault {
  readonly title: string;
  readonly on?: RealTest["on"];
  readonly uploader?: Uploader;
  /** What happens to each request. */
  readonly faultOf: FaultOf;
  readonly run: (target: Target) => Promise<void>;
}

/** A test whose requests go through a proxy that breaks connections. */
function fault({ title, on, uploader = "pooled", faultOf, run }: Fault): RealTest {
  return {
    on,
    title: uploader === "pooled" ? title : `${title}, sent by ${uploader}`,
    run: async (real) => {
      await withProxy(real, faultOf, async (proxy) => {
        const provider = triesRequests(real.provider({ endpoint: proxy.endpoint, uploader }));
        const storage = createStorage(provider, { timeouts: { controlMs: 2000 }, retry: false });
        try {
          await run({ storage, proxy });
        } finally {
          await storage.close();
        }
      });
    },
  };
}

async function withProxy(
  { server }: Real,
  faultOf: FaultOf,
  run: (proxy: TcpProxy) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(server.endpoint, faultOf);
  try {
    await run(proxy);
  } finally {
    await proxy.close();
  }
}

const BODIES = [
  ["a stream", () => streamed(content)],
  ["bytes", () => content],
] as const;

const WAYS = (["pooled", "lib-storage"] as const).flatMap((uploader) =>
  BODIES.map(([name, body]) => ({ name, body, uploader })),
);

const resets = WAYS.flatMap(({ name, body, uploader }) => [
  fault({
    title: `${name} survives connections that are reset in the middle of a part, and each part alone is sent again`,
    uploader,
    faultOf: ({ connection }) => (connection % 2 === 1 ? { resetAfterSentBytes: 2 * MIB } : {}),
    run: async ({ storage }) => {
      await storage.put("a", body());
      assert.equal(await digestAt(storage, "a"), digest);
    },
  }),
  fault({
    title: `${name} whose connections are all reset fails as Unavailable, and nothing is there`,
    uploader,
    faultOf: () => ({ resetAfterSentBytes: 100_000 }),
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage.put("a", body())), "Unavailable");
    },
  }),
]);

/** Each request of an upload in parts, by its first line. */
const REQUESTS = [
  ["the request that begins it", /^POST \S+\?uploads/],
  ["its first part", /^PUT \S+partNumber=1&/],
  ["a part in the middle", /^PUT \S+partNumber=3&/],
  ["its last part", /^PUT \S+partNumber=5&/],
  ["the request that completes it", /^POST \S+\?uploadId=/],
] as const;

const HOWS = [
  ["reset before it has left", { resetAfterSentBytes: 0 }],
  ["half-open", { stallAfterSentBytes: 0 }],
  ["reset before its answer has come", { resetAfterReceivedBytes: 0 }],
  ["truncated in its answer", { endAfterReceivedBytes: 60 }],
  ["slow in its answer", { slowly: true }],
] as const;

/** Every request, every way in which it can break, once and always. */
const steps = REQUESTS.flatMap(([what, line]) =>
  HOWS.flatMap(([how, broken]) =>
    [1, Number.POSITIVE_INFINITY].map((times) => {
      let left = times;
      return fault({
        title: `an upload is whole or not there when ${what} is ${how}${times === 1 ? "" : ", whenever it is tried"}`,
        // What is tried in vain takes its time, and the server has no part in it.
        on: times === 1 ? undefined : ["ceph"],
        faultOf: (request) => (line.test(request.line) && left-- > 0 ? broken : {}),
        run: async ({ storage }) => {
          const outcome = await codeOf(storage.put("a", streamed(content)));
          assert.ok(["done", "Unavailable", "Timeout"].includes(outcome), outcome);
          const isThere = await storage.exists("a");
          assert.ok(isThere || outcome !== "done");
          if (isThere) assert.equal(await digestAt(storage, "a"), digest);
        },
      });
    }),
  ),
);

const others = (["pooled", "lib-storage"] as const).flatMap((uploader) => [
  fault({
    title: "a connection that is half-open ends with Timeout",
    uploader,
    faultOf: ({ connection }) => (connection === 1 ? { stallAfterSentBytes: MIB } : {}),
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage.put("a", streamed(content))), "Timeout");
    },
  }),
  fault({
    title: "a source that fails at its end leaves nothing",
    uploader,
    faultOf: () => ({}),
    run: async ({ storage }) => {
      const failing = streamed(content, () => Promise.reject(new Error("the source failed")));
      assert.equal(await codeOf(storage.put("a", failing)), "SourceError");
      assert.equal(await storage.exists("a"), false);
    },
  }),
  fault({
    title: "a source that falls silent leaves nothing when the call is aborted",
    uploader,
    faultOf: () => ({}),
    run: async ({ storage }) => {
      const controller = new AbortController();
      const silent = streamed(content, async () => {
        controller.abort("stop");
        await new Promise(() => {});
      });
      assert.equal(await codeOf(storage.put("a", silent, { signal: controller.signal })), "stop");
      assert.equal(await storage.exists("a"), false);
    },
  }),
  fault({
    title: "an abort on the way leaves nothing",
    uploader,
    faultOf: () => ({}),
    run: async ({ storage }) => {
      const controller = new AbortController();
      const onProgress = (): void => controller.abort("stop");
      const { signal } = controller;
      assert.equal(await codeOf(storage.put("a", streamed(content), { signal, onProgress })), "stop");
      assert.equal(await storage.exists("a"), false);
    },
  }),
]);

const download = fault({
  title: "a read goes on where its connection was reset",
  // The first reads what the put has written.
  faultOf: ({ connection }) => (connection < 8 ? { resetAfterReceivedBytes: 9 * MIB } : {}),
  run: async ({ storage }) => {
    await storage.put("a", content);
    assert.equal(await digestAt(storage, "a"), digest);
  },
});

const connections = fault({
  title: "26 parts use no more connections than are sent at once",
  faultOf: () => ({}),
  run: async ({ storage, proxy }) => {
    await storage.put("a", Buffer.alloc(26 * 5 * MIB));
    assert.ok(proxy.connections() <= 4, `${proxy.connections()} connections were made`);
  },
});

const sockets: RealTest = {
  title: "200 failed requests of every kind leave no open socket",
  run: async (real) => {
    const faults: readonly ConnectionFault[] = [
      {},
      { resetAfterReceivedBytes: 20 },
      { resetAfterSentBytes: 20 },
    ];
    await withProxy(
      real,
      ({ connection }) => faults[connection % faults.length] ?? {},
      async (proxy) => {
        const { endpoint } = proxy;
        const { credentials } = real.server;
        const wrong = { ...credentials, secretAccessKey: "wrong" };
        const storages = [
          real.storage({ endpoint }),
          real.storage({ endpoint, bucket: "no-such-bucket" }),
          real.storage({ endpoint, credentials: wrong }),
        ];
        const outcomes = await Promise.all(
          Array.from({ length: 200 }, async (_, index) => {
            const storage = storages[index % 3];
            const signal = index % 7 === 0 ? AbortSignal.timeout(5) : undefined;
            if (index % 2 === 0)
              return await codeOf(storage?.get("missing", { signal }) ?? Promise.resolve());
            return await codeOf(
              storage?.put("a", content.subarray(0, 50_000), { signal, ifMatch: '"0"' }) ?? Promise.resolve(),
            );
          }),
        );
        assert.deepEqual(
          outcomes.filter((outcome) => outcome === "done"),
          [],
        );
        await Promise.all(storages.map((storage) => storage.close()));
        await until(
          () => proxy.open() === 0,
          () => `${proxy.open()} sockets are open`,
        );
      },
    );
  },
};

/** A chain of S3 and a folder, whose connections to S3 break. */
function chained(
  title: string,
  faultOf: FaultOf,
  provider: "s3" | "local",
  then?: (target: Target & { readonly direct: FileStorage }) => Promise<void>,
): RealTest {
  return {
    title,
    run: async (real) => {
      await withProxy(real, faultOf, async (proxy) => {
        const members = [
          real.provider({ endpoint: proxy.endpoint }),
          local({ root: join(real.folder, "files"), create: true }),
        ];
        const storage = createStorage(fallback(members, { retry: { baseMs: 1 } }));
        try {
          for (const [name, body] of BODIES) {
            const info = await storage.put(name, body());
            assert.equal(info.provider, provider);
            assert.equal(info.size, SIZE);
            assert.equal(await digestAt(storage, name), digest);
          }
          await then?.({ storage, proxy, direct: real.storage() });
        } finally {
          await storage.close();
        }
      });
    },
  };
}

const chains = [
  chained("fallback([s3, local]) stores streams and bytes in S3 while it answers", () => ({}), "s3"),
  chained(
    "fallback([s3, local]) stores streams and bytes in the folder when every connection is reset, and nothing in S3",
    () => ({ resetAfterSentBytes: 3 * MIB }),
    "local",
    async ({ direct }) => {
      for (const [name] of BODIES) assert.equal(await direct.exists(name), false);
    },
  ),
  chained(
    "fallback([s3, local]) stays with S3 when single connections break on the way",
    ({ connection }) => (connection % 4 === 1 ? { resetAfterSentBytes: 2 * MIB } : {}),
    "s3",
  ),
];

export const FAULTS: readonly RealTest[] = [
  ...resets,
  ...steps,
  ...others,
  download,
  connections,
  sockets,
  ...chains,
];
