import { createStorage } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { cloudinary } from "./cloudinary.js";
import { codeOf, failed, faked, optionsFor } from "./fake.test-support.js";

describe("an answer of Cloudinary's", () => {
  it.each([
    [400, "Invalid image file", "Unsupported", "no", false],
    [400, "File size too large. Got 20. Maximum is 10. Upgrade your plan", "TooLarge", "no", false],
    [400, "All parts except EOF-chunk must be larger than 5mb", "Unknown", "no", false],
    [400, "public_id (a?b) is invalid", "Unsupported", "no", false],
    [401, "Invalid Signature abc. String to sign - 'x'.", "Unauthenticated", "no", false],
    [401, "Unknown API key 1", "Unauthenticated", "no", false],
    [401, "Invalid cloud_name demo", "Misconfigured", "no", false],
    [401, "cloud_name is disabled", "PermissionDenied", "no", false],
    [403, "Your plan's usage limit is reached", "OutOfSpace", "no", false],
    [403, "deny or ACL failure", "PermissionDenied", "no", false],
    [404, "Resource not found - a", "NotFound", "no", false],
    [404, "Resource not found - my quota is disabled, empty, and not allowed", "NotFound", "no", false],
    [409, "conflict", "AlreadyExists", "no", false],
    [413, "", "TooLarge", "no", false],
    [420, "Rate Limit Exceeded. Limit of 500 api operations reached.", "RateLimited", "no", true],
    [423, "Resource is locked", "Unavailable", "no", true],
    [429, "Too many requests", "RateLimited", "no", true],
    [499, "Request Timeout", "Unavailable", "unknown", true],
    [500, "General Error", "Unavailable", "unknown", true],
    [502, "", "Unavailable", "unknown", true],
    [503, "", "Unavailable", "unknown", true],
    [504, "", "Unavailable", "unknown", true],
    [418, "short and stout", "Unknown", "no", false],
  ] as const)("%i %s is %s", async (status, message, code, applied, retryable) => {
    const { fake, storage } = await faked();
    fake.fail({ fault: { type: "status", status, message } });
    const error = await failed(storage.put("a.txt", "abc"));
    expect([error.code, error.applied, error.retryable, error.status]).toEqual([
      code,
      applied,
      retryable,
      status,
    ]);
    const early = { type: "status", status, message, early: true } as const;
    fake.heal();
    fake.fail({ fault: early });
    expect((await failed(storage.put("a.txt", Buffer.alloc(4_000_000, 1)))).code).toBe(code);
  });

  it.each([
    ["a page of HTML", { type: "html", status: 200 }],
    ["an answer that is cut", { type: "truncated", afterBytes: 20 }],
    ["a connection that is reset", { type: "reset" }],
    ["an answer that never arrives", { type: "lost" }],
  ] as const)("%s is Unavailable, and the outcome unknown", async (_, fault) => {
    const { fake, storage } = await faked();
    fake.fail({ fault });
    const error = await failed(storage.put("a.txt", "abc"));
    expect([error.code, error.applied]).toEqual(["Unavailable", "unknown"]);
    expect((await failed(storage.head("a.txt"))).applied).toBe("no");
  });

  it("says when to come again, in a header or in words", async () => {
    const now = Date.UTC(2026, 10, 26, 12);
    const { fake, storage } = await faked({}, { now: () => now });
    const message =
      "Rate Limit Exceeded. Limit of 500 api operations reached. Try again on 2026-11-26 12:34:56 UTC";
    fake.fail({ fault: { type: "status", status: 420, message }, times: 1 });
    expect((await failed(storage.listPage())).retryAfterMs).toBe((34 * 60 + 56) * 1000);
    fake.fail({ fault: { type: "status", status: 429, headers: { "retry-after": "7" } } });
    expect((await failed(storage.head("a"))).retryAfterMs).toBe(7000);
  });

  it("comes in pieces that cut characters, and is read right", async () => {
    const { fake, storage } = await faked();
    await storage.put("ünï/日本.txt", "abc", { metadata: { title: "Über 🎬" } });
    fake.fail({ fault: { type: "slow" } });
    expect(await storage.head("ünï/日本.txt")).toMatchObject({ metadata: { title: "Über 🎬" } });
  });
});

describe("wrong credentials", () => {
  it.each([
    ["cloud", { cloudName: "other" }, "Misconfigured"],
    ["key", { apiKey: "1" }, "Unauthenticated"],
    ["secret", { apiSecret: "wrong" }, "Unauthenticated"],
    ["signature algorithm", { signatureAlgorithm: "sha256" as const }, "Unauthenticated"],
  ])("a wrong %s is told as what it is, by every verb", async (_, wrong, code) => {
    const { storage } = await faked(wrong);
    expect(await codeOf(storage.put("a", "abc"))).toBe(code);
    expect(await codeOf(storage.head("a"))).toBe(code);
    expect(await codeOf(storage.get("a"))).toBe(code);
    expect(await codeOf(storage.delete("a"))).toBe(code);
    if (!("signatureAlgorithm" in wrong)) expect(await codeOf(storage.listPage())).toBe(code);
  });

  it("SHA-256 works where the account has it", async () => {
    const { storage } = await faked({ signatureAlgorithm: "sha256" }, { signatureAlgorithm: "sha256" });
    await storage.put("a", "abc");
    expect(await (await storage.get("a", { range: { offset: 1 } })).text()).toBe("bc");
  });
});

describe("a clock that is wrong", () => {
  it.each([-2, 2])("by %i hours is corrected once, and from then on", async (hours) => {
    const { fake, storage } = await faked({}, { now: () => Date.now() + hours * 3_600_000 });
    await storage.put("a", "abc");
    const before = fake.requests.length;
    await storage.head("a");
    expect(fake.requests).toHaveLength(before + 1);
  });
});

describe("a server that does not answer", () => {
  it("is given up after firstByteMs", async () => {
    const { fake, storage } = await faked({ firstByteMs: 50 });
    fake.fail({ fault: { type: "silent" } });
    const error = await failed(storage.put("a", "abc"));
    expect([error.code, error.applied]).toEqual(["Timeout", "unknown"]);
    expect((await failed(storage.head("a"))).code).toBe("Timeout");
  });

  it("is Unavailable when nobody is there", async () => {
    const { fake } = await faked();
    const options = optionsFor(fake);
    await fake.close();
    const storage = createStorage(cloudinary(options), { retry: false });
    const error = await failed(storage.put("a", "abc"));
    expect([error.code, error.applied]).toEqual(["Unavailable", "no"]);
  });
});

describe("200 requests in a row that fail", () => {
  it("leave no socket open but those that are kept for the next", async () => {
    const { fake, storage, provider } = await faked();
    const faults = [
      { type: "status", status: 503 },
      { type: "status", status: 403 },
      { type: "status", status: 400, early: true },
      { type: "reset" },
      { type: "truncated", afterBytes: 5 },
      { type: "html", status: 200 },
    ] as const;
    for (let index = 0; index < 200; index++) {
      fake.heal();
      fake.fail({ fault: faults[index % faults.length] ?? faults[0] });
      await failed(index % 2 === 0 ? storage.put("a", Buffer.alloc(300_000)) : storage.head("a"));
    }
    expect(fake.openSockets()).toBeLessThanOrEqual(1);
    await provider.close?.();
    await expect.poll(() => fake.openSockets()).toBe(0);
  });
});

describe("the secret", () => {
  it("is in no error, no event and no line of a log, whatever fails", async () => {
    const printed: unknown[] = [];
    const { fake, provider } = await faked();
    const storage = createStorage(provider, {
      retry: { attempts: 2 },
      onEvent: (event) => void printed.push(event),
    });
    const secrets = [fake.apiSecret, Buffer.from(`${fake.apiKey}:${fake.apiSecret}`).toString("base64")];
    for (const status of [400, 401, 403, 404, 409, 413, 420, 500, 503]) {
      fake.heal();
      fake.fail({ fault: { type: "status", status, message: `leak ${fake.apiSecret} of ${secrets[1]}` } });
      const calls = [
        storage.put("a", "abc"),
        storage.get("a"),
        storage.head("a"),
        storage.delete("a"),
        storage.copy("a", "b"),
        storage.listPage(),
      ];
      printed.push(await Promise.allSettled(calls));
    }
    const { inspect } = await import("node:util");
    const text = inspect(printed, { depth: 20, showHidden: true });
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/[0-9a-f]{40}/);
  });
});
