import assert from "node:assert/strict";
import { MIB, digestAt, digestOf, patterned, streamed } from "../contents.js";
import { codeOf, until } from "../outcomes.js";
import type { Real } from "../real.js";
import { throughProxy } from "./through-proxy.js";
import { edit, type Edit, type Trap } from "./trap.js";

const CONTENT = patterned(12 * MIB);

/** The body is handed to the SDK as the stream that it is. */
const SDK_STREAMS: Edit = edit(
  "s3/src/upload/upload.ts",
  "async function sendAll(upload: Upload, body: Body): Promise<Sent> {\n",
  `async function sendAll(upload: Upload, body: Body): Promise<Sent> {
  const { key, fields } = upload.write;
  const put = { key, fields, body: body.open() as never };
  if (upload.store) return { answer: await upload.store.client.putObject(put, { signal: upload.stop.signal }), size: 1 };
`,
);

async function putAborted(real: Real, uploader: "pooled" | "lib-storage"): Promise<void> {
  const controller = new AbortController();
  const onProgress = (): void => controller.abort("stop");
  const options = { signal: controller.signal, onProgress };
  assert.equal(await codeOf(real.storage({ uploader }).put("a", streamed(CONTENT), options)), "stop");
}

export const BODY_TRAPS: readonly Trap[] = [
  {
    about: "bodies",
    title: "A source that fails makes the SDK hang or ends the process: the put fails as SourceError",
    run: async ({ storage }) => {
      for (const size of [100, 12 * MIB]) {
        const failing = streamed(CONTENT.subarray(0, size), () => Promise.reject(new Error("broken")));
        assert.equal(await codeOf(storage().put("a", failing, { size: size + 1 })), "SourceError");
      }
      assert.equal(await storage().exists("a"), false);
    },
    without: [SDK_STREAMS],
  },
  {
    about: "bodies",
    title:
      "A source that is shorter than its length makes the SDK and the server wait for each other: the put fails as SourceError",
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage().put("a", streamed(CONTENT), { size: 13 * MIB })), "SourceError");
      assert.equal(await storage().exists("a"), false);
    },
    without: [
      edit(
        "core/src/body/stream-watch.ts",
        "if (!this.isWhole) throw toError(",
        "if (size === -1) throw toError(",
      ),
    ],
  },
  {
    about: "bodies",
    title:
      "A source that falls silent cannot be interrupted in a loop over it: an abort ends the put, and nothing stays",
    run: async ({ storage }) => {
      const controller = new AbortController();
      const silent = streamed(CONTENT, async () => {
        controller.abort("stop");
        await new Promise(() => {});
      });
      assert.equal(await codeOf(storage().put("a", silent, { signal: controller.signal })), "stop");
    },
    without: [
      edit(
        "core/src/kit/abort.ts",
        "const unlink = onAbort(signal, () => void stream.destroy());",
        "const unlink = (): void => {};",
      ),
    ],
  },
  {
    about: "bodies",
    title: "The SDK takes neither Blobs nor Web streams on Node: both are stored",
    run: async ({ storage }) => {
      for (const body of [new Blob([CONTENT]), new Blob([CONTENT]).stream()]) {
        await storage().put("a", body);
        assert.equal(await digestAt(storage(), "a"), digestOf(CONTENT));
      }
    },
    without: [edit("core/src/body/body.ts", "if (isBlob(input)) return blobBody(input, size, context);", "")],
  },
  {
    about: "bodies",
    title: "A body that is a stream is never tried again by the SDK: each part is, alone",
    run: async (real) => {
      const broken = new Set<string>();
      const breakOnce = ({ line }: { readonly line: string }): { resetAfterSentBytes?: number } => {
        if (!/partNumber=2/.test(line) || broken.has("2")) return {};
        broken.add("2");
        return { resetAfterSentBytes: MIB };
      };
      await throughProxy(real, {}, breakOnce, async (storage, proxy) => {
        await storage.put("a", streamed(CONTENT));
        assert.equal(await digestAt(storage, "a"), digestOf(CONTENT));
        assert.equal(proxy.heads.filter((head) => /partnumber=/.test(head)).length, 4);
      });
    },
    without: [edit("core/src/kit/tries.ts", "if (tried >= tries.attempts)", "if (tried >= 1)")],
  },
  {
    about: "bodies",
    title:
      "A request without a limit waits for ever, and the SDK's own only writes to the log: a silent server is a Timeout, and its connection is given up",
    run: async (real) => {
      await throughProxy(
        real,
        {},
        () => ({ stallAfterSentBytes: 0 }),
        async (storage, proxy) => {
          assert.equal(await codeOf(storage.get("a", { timeoutMs: 300 })), "Timeout");
          await until(
            () => proxy.open() === 0,
            () => `${proxy.open()} connections are open`,
          );
        },
      );
    },
    without: [edit("s3/src/sdk/sending.ts", "if (signal !== undefined) signals.set(request, signal);", "")],
    withoutOwn: [
      edit(
        "s3/src/wire/exchange.ts",
        "        request.destroy();\n        // A request that waits",
        "        // A request that waits",
      ),
    ],
  },
  {
    about: "bodies",
    title: "An aborted upload in parts stays on the server: it is removed before anybody hears of the abort",
    run: (real) => putAborted(real, "pooled"),
    without: [
      edit(
        "s3/src/upload/part-upload.ts",
        "if (!upload.keeps) await abandon(upload, { isMoving: upload.isCutOff });",
        "",
      ),
    ],
  },
  {
    about: "bodies",
    title:
      "lib-storage rejects at once and leaves its upload: it is removed before anybody hears of the abort",
    run: (real) => putAborted(real, "lib-storage"),
    without: [
      edit(
        "s3/src/upload/part-upload.ts",
        "if (!upload.keeps) await abandon(upload, { isMoving: upload.isCutOff });",
        "",
      ),
    ],
  },
  {
    about: "bodies",
    title: "An upload whose beginning got no answer has no name to remove it by: it is found and removed",
    run: async (real) => {
      let left = 1;
      const lose = ({ line }: { readonly line: string }): { resetAfterReceivedBytes?: number } =>
        line.includes("?uploads") && line.startsWith("POST") && left-- > 0
          ? { resetAfterReceivedBytes: 0 }
          : {};
      await throughProxy(real, {}, lose, async (storage) => {
        await storage.put("a", streamed(CONTENT));
      });
    },
    without: [
      edit("s3/src/upload/created-upload.ts", "    await removeNameless(store, { operation, key });\n", ""),
    ],
  },
  {
    about: "bodies",
    title: "The SDK's paginator of parts never ends where the last page has a marker (Ceph): the list ends",
    on: ["ceph", "ceph-newest"],
    run: async (real) => {
      let left = 1;
      const lose = ({ line }: { readonly line: string }): { resetAfterReceivedBytes?: number } =>
        line.includes("?uploads") && line.startsWith("POST") && left-- > 0
          ? { resetAfterReceivedBytes: 0 }
          : {};
      await throughProxy(real, {}, lose, async (storage) => {
        await storage.put("a", streamed(CONTENT), { timeoutMs: 5000 });
      });
    },
    without: [
      edit(
        "s3/src/requests/upload-requests.ts",
        "if (page.IsTruncated !== true) return parts;",
        "if (page.NextPartNumberMarker === undefined) return parts;",
      ),
    ],
  },
  {
    about: "bodies",
    title: "R2 wants all parts but the last of one size: they are, however the source is cut",
    run: async (real) => {
      await throughProxy(
        real,
        {},
        () => ({}),
        async (storage, proxy) => {
          async function* uneven(): AsyncGenerator<Uint8Array, void, undefined> {
            for (let from = 0, step = 1; from < CONTENT.byteLength; from += step, step = step * 3 + 1) {
              yield CONTENT.subarray(from, from + step);
            }
          }
          await storage.put("a", uneven());
          const lengths = proxy.heads
            .filter((head) => /partnumber=/.test(head))
            .map((head) => Number(/content-length: (\d+)/.exec(head)?.[1]))
            .toSorted((a, b) => b - a);
          assert.deepEqual(lengths, [5 * MIB, 5 * MIB, 2 * MIB]);
        },
      );
    },
    without: [
      edit(
        "s3/src/upload/parts.ts",
        "Buffer.allocUnsafeSlow(bytes)",
        "Buffer.allocUnsafeSlow(bytes + own.size * 65_536)",
      ),
    ],
  },
  {
    about: "bodies",
    title:
      "The SDK opens a new connection for every body above 2 MiB: 8 parts use no more than are sent at once",
    run: async (real) => {
      await throughProxy(
        real,
        {},
        () => ({}),
        async (storage, proxy) => {
          await storage.put("a", Buffer.alloc(40 * MIB));
          assert.ok(proxy.connections() <= 4, `${proxy.connections()} connections were made`);
        },
      );
    },
    without: [
      edit("s3/src/sdk/load.ts", "    expectContinueHeader: false,\n", ""),
      edit("s3/src/sdk/load.ts", "{ httpAgent, httpsAgent }", "{}"),
    ],
    withoutOwn: [edit("s3/src/wire/exchange.ts", "port, agent, method", "port, agent: false, method")],
  },
];
