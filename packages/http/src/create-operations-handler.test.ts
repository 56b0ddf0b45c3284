import { createMetrics, createStorage, memory, StorageError, type StorageProvider } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { createOperationsHandler } from "./create-operations-handler.js";

function request(path: string, method = "GET"): Request {
  return new Request(`http://localhost${path}`, { method });
}

const down: StorageProvider = {
  ...memory({ name: "disk" }),
  head: async (key) => {
    throw new StorageError("Unavailable", "the disk is gone", { operation: "head", provider: "disk", key });
  },
};

describe("createOperationsHandler", () => {
  it("says that the process lives, and whether the storage can be used", async () => {
    const well = createOperationsHandler(createStorage(memory()), { basePath: "/ops" });
    expect((await well(request("/ops/healthz"))).status).toBe(200);
    expect(await (await well(request("/ops/readyz"))).json()).toMatchObject({ ready: true, reasons: [] });
    expect((await well(request("/healthz"))).status).toBe(404);
    const ill = createOperationsHandler(createStorage(down, { retry: false }));
    expect((await ill(request("/healthz"))).status).toBe(200);
    const answer = await ill(request("/readyz"));
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ ready: false, reasons: ["disk: the disk is gone"] });
  });

  it("has the counters of the storage", async () => {
    const metrics = createMetrics();
    const storage = createStorage(memory(), { onEvent: metrics.onEvent });
    await storage.put("secret-name", "abc");
    const handler = createOperationsHandler(storage, { metrics });
    const answer = await handler(request("/metrics"));
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await answer.text();
    expect(text).toContain('stowage_operations_total{operation="put",provider="memory",outcome="ok"} 1');
    expect(text).not.toContain("secret-name");
    expect((await createOperationsHandler(storage)(request("/metrics"))).status).toBe(404);
  });

  it("asks the members once for many clients", async () => {
    let asked = 0;
    const counted: StorageProvider = {
      ...down,
      head: async (key, options) => (asked++, await memory().head(key, options)),
    };
    const handler = createOperationsHandler(createStorage(counted), { reuseMs: 3_600_000 });
    await Promise.all(Array.from({ length: 50 }, () => handler(request("/readyz"))));
    await handler(request("/readyz"));
    expect(asked).toBe(1);
  });

  it("allows GET and HEAD alone", async () => {
    const handler = createOperationsHandler(createStorage(memory()));
    const posted = await handler(request("/readyz", "POST"));
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    const head = await handler(request("/readyz", "HEAD"));
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});
