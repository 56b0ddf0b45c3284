import { createStorage, isStorageError, type StorageProvider } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { s3 } from "../s3.js";
import { smallServer, type Seen } from "../small-server.test-support.js";

const KEYS = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" };
const MIB = 1024 * 1024;

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.useRealTimers();
});

function ok({ method, response, send }: Seen): void {
  // Node keeps its own date for a second, also when the clock is faked.
  if (!response.hasHeader("date")) response.setHeader("date", new Date().toUTCString());
  send(200, { etag: '"e"', "content-length": method === "PUT" ? "0" : "3" }, method === "PUT" ? "" : "abc");
}

async function failed(call: Promise<unknown> | undefined): Promise<unknown> {
  return await call?.then(
    () => expect.unreachable("the call succeeded"),
    (error: unknown) => error,
  );
}

describe("a connection that the server has closed meanwhile", () => {
  /** A server that answers the first request of each connection, and resets the connection with the second. */
  async function resettingServer(): Promise<{ provider: StorageProvider; lines: string[] }> {
    const lines: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      let count = 0;
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        const [line = ""] = chunk.toString("latin1").split("\r\n");
        if (!/^[A-Z]+ \//.test(line)) return;
        lines.push(line.replace(/ HTTP.*$/, ""));
        if (++count > 1) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nx-amz-request-id: R\r\netag: "e"\r\ncontent-length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = s3({ bucket: "b", endpoint, credentials: KEYS, dialect: "aws", wire: "own" });
    closers.push(() => {
      void provider.close?.();
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { provider, lines };
  }

  it("is replaced for a read, a delete, and a put without a condition", async () => {
    const { provider, lines } = await resettingServer();
    const body = await toBody("");
    for (const call of [
      () => provider.head("a", {}),
      () => provider.get("a", {}),
      () => provider.put("a", body, {}),
      () => provider.delete("a", {}),
    ]) {
      await call();
      await call();
    }
    // The first call uses a new connection; every later one finds it used, is reset, and is sent once more.
    expect(lines).toHaveLength(1 + 2 * 7);
  });

  it("is a failure for a put with a condition, which may have taken effect", async () => {
    const { provider, lines } = await resettingServer();
    const body = await toBody("");
    await provider.head("a", {});
    const error = await failed(provider.put("a", body, { ifMatch: '"e"' }));
    expect(error).toMatchObject({ code: "Unavailable", applied: "unknown" });
    expect(lines.filter((line) => line.startsWith("PUT"))).toHaveLength(1);
  });
});

describe("a request that is sent a second time", () => {
  /** A server that carries out the second put of its only connection, resets the connection, and then answers `next`. */
  async function world(next: "nothing" | "403"): Promise<{ provider: StorageProvider; puts: () => number }> {
    let puts = 0;
    const server = await smallServer((seen) => {
      if (seen.method === "PUT") puts++;
      if (seen.method !== "PUT" || puts === 1) return ok(seen);
      if (puts === 2) {
        if (next === "nothing") server.stop();
        return void seen.response.socket?.resetAndDestroy();
      }
      seen.fail(403, "AccessDenied");
    });
    const provider = s3({ ...server.options, wire: "own" });
    closers.push(
      () => void provider.close?.(),
      () => void server[Symbol.asyncDispose](),
    );
    await provider.put("a", await toBody("abc"), {});
    return { provider, puts: () => puts };
  }

  it.each(["nothing", "403"] as const)(
    "may have taken effect the first time, whatever the second answer says: %s",
    async (next) => {
      const { provider } = await world(next);
      const error = await failed(provider.put("a", await toBody("abc"), {}));
      expect(error).toMatchObject({ applied: "unknown" });
    },
  );

  it("is not taken back by a caller that refuses the second sending", async () => {
    const { provider } = await world("403");
    let asked = 0;
    const beforeCommit = (): void => {
      if (++asked > 1) throw new Error("refused");
    };
    const error = await failed(provider.put("a", await toBody("abc"), { beforeCommit }));
    expect(error).toMatchObject({ code: "Unavailable", applied: "unknown" });
  });
});

describe("a request that waits for a connection", () => {
  it("ends at once when it is aborted", async () => {
    const controller = new AbortController();
    await using server = await smallServer(() => {});
    const provider = s3({ ...server.options, wire: "own" });
    const busy = Array.from({ length: 256 }, () => failed(provider.head("a", { signal: controller.signal })));
    const own = new AbortController();
    const waiting = failed(provider.head("b", { signal: own.signal }));
    own.abort("stop");
    expect(await waiting).toBe("stop");
    controller.abort("stop");
    await Promise.all(busy);
    await provider.close?.();
  });
});

describe("a region that is no name", () => {
  it.each(["attacker.example/", " us-east-1", "*", "a.b"])(
    "is Misconfigured, and nothing is sent: %s",
    async (region) => {
      await using server = await smallServer(ok);
      const provider = s3({ ...server.options, wire: "own", region });
      expect(await failed(provider.head("a", {}))).toMatchObject({ code: "Misconfigured", applied: "no" });
      expect(server.seen).toEqual([]);
    },
  );
});

describe("a function that returns no keys", () => {
  it.each([undefined, null, {}, "AKIA", { secretAccessKey: "secret" }, { accessKeyId: "AKIA" }])(
    "sends nothing: %j",
    async (keys) => {
      await using server = await smallServer(ok);
      const provider = s3({ ...server.options, wire: "own", credentials: (async () => keys) as never });
      expect(await failed(provider.put("a", await toBody("x"), {}))).toMatchObject({ applied: "no" });
      expect(server.seen).toEqual([]);
    },
  );
});

describe("a request whose connection breaks", () => {
  it("in the middle of its body was not carried out", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      // The server takes a few bytes, and then no more.
      socket.once("data", () => {
        socket.pause();
        setImmediate(() => socket.resetAndDestroy());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = s3({ bucket: "b", endpoint, credentials: KEYS, wire: "own", partSizeBytes: 64 * MIB });
    closers.push(() => void provider.close?.());
    const error = await failed(provider.put("a", await toBody(Buffer.alloc(32 * MIB)), {}));
    expect(error).toMatchObject({ code: "Unavailable", applied: "no" });
  });

  it("after its last byte may have been carried out", async () => {
    await using server = await smallServer(({ response }) => void response.destroy());
    const provider = s3({ ...server.options, wire: "own" });
    const error = await failed(provider.put("a", await toBody("abc"), {}));
    expect(error).toMatchObject({ code: "Unavailable", applied: "unknown" });
    await provider.close?.();
  });
});

describe("keys that end", () => {
  const HOUR_MS = 3_600_000;

  function source(lifetimeMs: number): { asked: () => number; credentials: () => Promise<object> } {
    let asked = 0;
    return {
      asked: () => asked,
      credentials: async () => {
        asked++;
        return { ...KEYS, sessionToken: `t${asked}`, expiration: new Date(Date.now() + lifetimeMs) };
      },
    };
  }

  it("are asked for once by many requests, and sent and signed with their token", async () => {
    await using server = await smallServer(ok);
    const { asked, credentials } = source(HOUR_MS);
    const storage = createStorage(s3({ ...server.options, wire: "own", credentials: credentials as never }));
    await Promise.all(Array.from({ length: 20 }, () => storage.head("a")));
    expect(asked()).toBe(1);
    for (const { headers } of server.seen) {
      expect(headers["x-amz-security-token"]).toBe("t1");
      expect(headers.authorization).toContain("x-amz-security-token");
    }
    await storage.close();
  });

  it("are renewed before they end", async () => {
    await using server = await smallServer(ok);
    const { asked, credentials } = source(HOUR_MS);
    vi.useFakeTimers({ toFake: ["Date"] });
    const storage = createStorage(s3({ ...server.options, wire: "own", credentials: credentials as never }));
    await storage.head("a");
    vi.setSystemTime(Date.now() + HOUR_MS - 4 * 60_000);
    await storage.head("a");
    expect(asked()).toBe(2);
    expect(server.seen.at(-1)?.headers["x-amz-security-token"]).toBe("t2");
    await storage.close();
  });

  it("are used until their end when they cannot be renewed", async () => {
    await using server = await smallServer(ok);
    const { credentials } = source(HOUR_MS);
    let isDown = false;
    const given = async (): Promise<object> => {
      if (isDown) throw new Error("the vault is sealed");
      return await credentials();
    };
    vi.useFakeTimers({ toFake: ["Date"] });
    const storage = createStorage(s3({ ...server.options, wire: "own", credentials: given as never }), {
      retry: false,
    });
    await storage.head("a");
    isDown = true;
    vi.setSystemTime(Date.now() + HOUR_MS - 60_000);
    expect((await storage.head("a")).size).toBe(3);
    vi.setSystemTime(Date.now() + 2 * 60_000);
    expect(await failed(storage.head("a"))).toMatchObject({ code: "Unavailable", applied: "no" });
    isDown = false;
    expect((await storage.head("a")).size).toBe(3);
    await storage.close();
  });

  it("are asked for anew after the server has found their token expired", async () => {
    await using server = await smallServer((seen) => {
      if (seen.headers["x-amz-security-token"] === "t1") seen.fail(400, "ExpiredToken");
      else ok(seen);
    });
    const { credentials } = source(HOUR_MS);
    const storage = createStorage(s3({ ...server.options, wire: "own", credentials: credentials as never }));
    expect(await failed(storage.get("a"))).toMatchObject({ code: "Unauthenticated" });
    expect(await (await storage.get("a")).text()).toBe("abc");
    await storage.close();
  });

  it("are asked for once after many requests found their token expired", async () => {
    await using server = await smallServer((seen) => {
      if (seen.headers["x-amz-security-token"] === "t1") seen.fail(400, "ExpiredToken");
      else ok(seen);
    });
    const { asked, credentials } = source(HOUR_MS);
    const provider = s3({ ...server.options, wire: "own", credentials: credentials as never });
    await Promise.all(Array.from({ length: 20 }, () => failed(provider.get("a", {}))));
    await provider.head("a", {});
    expect(asked()).toBe(2);
    await provider.close?.();
  });

  it("that never come do not hold up an abort", async () => {
    await using server = await smallServer(ok);
    const credentials = (): Promise<never> => new Promise(() => {});
    const storage = createStorage(s3({ ...server.options, wire: "own", credentials }));
    const controller = new AbortController();
    const call = failed(storage.head("a", { signal: controller.signal }));
    controller.abort("stop");
    expect(await call).toBe("stop");
    expect(server.seen).toEqual([]);
  });
});

describe("a bucket in a different region", () => {
  it.each([
    [
      "by a header",
      { "x-amz-bucket-region": "eu-west-1" },
      "<Error><Code>PermanentRedirect</Code></Error>",
      301,
    ],
    [
      "by a document",
      {},
      "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
      400,
    ],
    ["by a header of the answer to a HEAD", { "x-amz-bucket-region": "eu-west-1" }, "", 400],
  ])("is named: %s", async (_title, headers, body, status) => {
    await using server = await smallServer(({ send }) =>
      send(status, headers as Record<string, string>, body),
    );
    const storage = createStorage(s3({ ...server.options, wire: "own" }));
    const error = await failed(body === "" ? storage.head("a") : storage.get("a"));
    expect(error).toMatchObject({ code: "Misconfigured" });
    expect(isStorageError(error) && error.message).toContain('"eu-west-1"');
    await storage.close();
  });
});

describe("links", () => {
  it("are signed with the server's time, which the own wire has learned", async () => {
    const AHEAD_MS = 3_600_000;
    await using server = await smallServer((seen) => {
      seen.response.setHeader("date", new Date(Date.now() + AHEAD_MS).toUTCString());
      ok(seen);
    });
    const storage = createStorage(s3({ ...server.options, wire: "own" }));
    await storage.head("a");
    const url = new URL(await storage.signedUrl("a"));
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(url.searchParams.get("X-Amz-Date") ?? "") ?? [];
    const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    expect(Math.abs(signedAt - Date.now() - AHEAD_MS)).toBeLessThan(120_000);
    await storage.close();
  });
});
