import { createStorage, memory } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { createHandler } from "../create-handler.js";
import { cors, type CorsOptions } from "./cors.js";
import type { HttpHandler } from "./handler.js";

const APP = "https://app.example.com";

async function handler(origins: readonly string[]): Promise<HttpHandler> {
  const storage = createStorage(memory());
  await storage.put("a", "hello");
  return cors(createHandler(storage, { authorize: (_, { key }) => key === "a" }), { origins });
}

function request(method: string, headers: Record<string, string>, path = "/a"): Request {
  return new Request(`http://localhost${path}`, { method, headers });
}

describe("cors", () => {
  it("answers the preflight of an origin that is named, and of no other", async () => {
    const handle = await handler([APP]);
    const asked = {
      "access-control-request-method": "PUT",
      "access-control-request-headers": "content-type",
    };
    const answer = await handle(request("OPTIONS", { origin: APP, ...asked }));
    expect([answer.status, Object.fromEntries(answer.headers)]).toEqual([
      204,
      {
        "access-control-allow-credentials": "true",
        "access-control-allow-headers": "content-type",
        "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
        "access-control-allow-origin": APP,
        "access-control-expose-headers": expect.stringContaining("ETag") as string,
        "access-control-max-age": "600",
        vary: "Origin, Access-Control-Request-Headers",
      },
    ]);
    for (const origin of ["https://evil.example.com", "null", `${APP}.evil.com`]) {
      const refused = await handle(request("OPTIONS", { origin, ...asked }));
      expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([405, null]);
    }
  });

  it("lets pages of that origin read answers, refusals too", async () => {
    const handle = await handler([APP]);
    const answer = await handle(request("GET", { origin: APP }));
    expect([answer.status, await answer.text(), answer.headers.get("access-control-allow-origin")]).toEqual([
      200,
      "hello",
      APP,
    ]);
    const refused = await handle(request("GET", { origin: APP }, "/b"));
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([403, APP]);
    const other = await handle(request("GET", { origin: "https://other.example.com" }));
    expect([other.headers.get("access-control-allow-origin"), other.headers.get("vary")]).toEqual([
      null,
      "Origin",
    ]);
  });

  it("permits every page, without cookies", async () => {
    const { headers } = await (await handler(["*"]))(request("GET", { origin: APP }));
    expect([
      headers.get("access-control-allow-origin"),
      headers.get("access-control-allow-credentials"),
    ]).toEqual(["*", null]);
  });

  it.each([
    [{}, "array"],
    [{ origins: ["app.example.com"] }, "scheme and a host"],
    [{ origins: [`${APP}/`] }, "scheme and a host"],
    [{ origins: [APP], maxAge: 5 }, "maxAgeSeconds"],
  ])("says what is wrong with its options: %j", (options, text) => {
    const handle = createHandler(createStorage(memory()), { authorize: () => true });
    expect(() => cors(handle, options as CorsOptions)).toThrow(text);
    expect(() => cors((() => {}) as unknown as HttpHandler, { origins: [APP] })).toThrow(
      "must come from createHandler",
    );
  });
});
