import { createStorage, fallback, isStorageError, memory, type StorageProvider } from "@stowage/core";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { cloudinary } from "./cloudinary.js";
import {
  FAILURE_MODES,
  contentOf,
  isUpload,
  keyOf,
  unknownLength,
  type FailureMode,
} from "./failure-modes.test-support.js";
import { codeOf, faked, optionsFor } from "./fake.test-support.js";

const CHUNK = 6 * 1024 * 1024;

const ROOMY = { rawBytesMax: 2 ** 30 };

async function accountOf({ account }: FailureMode) {
  return await faked({ chunkBytes: CHUNK }, { ...account, limits: { ...ROOMY, ...account?.limits } });
}

describe("a chain of Cloudinary and two others", () => {
  it("stores at Cloudinary as long as that works", async () => {
    const { fake, provider } = await accountOf({ title: "" });
    const storage = createStorage(fallback([provider, memory({ name: "second" })]));
    const info = await storage.put("a.bin", unknownLength(contentOf({ title: "" })));
    expect([info.provider, fake.assets()]).toMatchObject(["cloudinary", [{ publicId: "a.bin" }]]);
  });

  it.each(FAILURE_MODES)("goes on, and leaves nothing at Cloudinary, when $title", async (mode) => {
    const { fake, provider } = await accountOf(mode);
    const others = [memory({ name: "second" }), memory({ name: "third" })];
    const storage = createStorage(fallback([provider, ...others]));
    mode.fail?.(fake);
    const content = contentOf(mode);
    const info = await storage.put(keyOf(mode), unknownLength(content));
    expect([info.provider, info.size]).toEqual(["second", content.byteLength]);
    fake.heal();
    expect(fake.assets()).toHaveLength(0);
    expect(Buffer.from(await (await storage.get(keyOf(mode))).bytes()).equals(content)).toBe(true);
    expect((await storage.listPage()).objects.map(({ key }) => key)).toEqual([keyOf(mode)]);
    await storage.delete(keyOf(mode));
    expect(await storage.exists(keyOf(mode))).toBe(false);
  });

  it("goes on to the third when the second fails as well", async () => {
    const { fake, provider } = await accountOf({ title: "" });
    const dead: StorageProvider = {
      ...memory({ name: "second" }),
      put: async () => await Promise.reject(new Error("dead")),
    };
    const storage = createStorage(fallback([provider, dead, memory({ name: "third" })]));
    fake.fail({ fault: { type: "status", status: 503 }, matches: isUpload });
    expect((await storage.put("a.bin", unknownLength(contentOf({ title: "" })))).provider).toBe("third");
  });

  it("does not hide wrong credentials, unless it is told to", async () => {
    const { fake } = await accountOf({ title: "" });
    const wrong = cloudinary({ ...optionsFor(fake), apiSecret: "wrong" });
    const members = [wrong, memory({ name: "second" })];
    expect(await codeOf(createStorage(fallback(members)).put("a.bin", "abc"))).toBe("Unauthenticated");
    const hiding = createStorage(fallback(members, { fallbackOn: ["Unauthenticated"] }));
    expect((await hiding.put("a.bin", "abc")).provider).toBe("second");
  });

  it("knows an upload again whose answer was lost", async () => {
    const { fake, provider } = await accountOf({ title: "" });
    const storage = createStorage(fallback([provider, memory({ name: "second" })]));
    fake.fail({ fault: { type: "lost" }, matches: isUpload, times: 1 });
    const info = await storage.put("a.bin", unknownLength(Buffer.from("abc")));
    expect(info.provider).toBe("cloudinary");
    expect(fake.assets()).toHaveLength(1);
  });
});

describe("a Cloudinary that hangs", () => {
  afterEach(() => void vi.useRealTimers());

  it("is left after 15 seconds without an answer, by the clock of the test", async () => {
    const { fake, provider } = await accountOf({ title: "" });
    const storage = createStorage(fallback([provider, memory({ name: "second" })]));
    fake.fail({ fault: { type: "silent" }, matches: isUpload });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const put = storage.put("a.bin", unknownLength(Buffer.from("abc")));
    const isWaiting = async (): Promise<void> => {
      while (!fake.requests.some(isUpload)) await new Promise(setImmediate);
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    };
    await isWaiting();
    await vi.advanceTimersByTimeAsync(14_900);
    let settled = false;
    void put.finally(() => (settled = true));
    await new Promise(setImmediate);
    expect(settled).toBe(false);
    const ticking = setInterval(() => vi.advanceTimersByTime(100), 1);
    const info = await put.finally(() => clearInterval(ticking));
    expect(info.provider).toBe("second");
  });

  it("is left after 3 seconds without a connection, by the clock of the test", async () => {
    // Takes connections, and never says hello.
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const sockets = new Set<{ destroy: () => unknown }>();
    server.on("connection", (socket) => sockets.add(socket));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const account = {
      cloudName: "demo",
      apiKey: "1",
      apiSecret: "2",
      uploadPrefix: `https://127.0.0.1:${port}`,
    };
    const provider = cloudinary(account);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const head = provider.head("a", {}).catch((error: unknown) => error);
    while (sockets.size === 0) await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(3000);
    const error = await head;
    expect(isStorageError(error, "Timeout") && error.message).toBe(
      'Cannot head "a": no connection was made within 3000 ms',
    );
  });
});
