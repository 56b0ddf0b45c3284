import { createStorage, fallback, memory, off, StorageError } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { logEvents, redacted, type Logger } from "./log-events.js";

type Line = readonly [level: string, message: string, facts: Record<string, unknown>];

function collector(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, facts: Record<string, unknown>): void =>
      void lines.push([level, message, facts]);
  return { logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }, lines };
}

describe("logEvents", () => {
  it("writes a line for each event, the more urgent the more it matters", async () => {
    const { logger, lines } = collector();
    const storage = createStorage(memory(), { onEvent: logEvents(logger) });
    await storage.put("a", "abc");
    await storage.get("b").catch(() => {});
    const operations = lines.filter(([, message]) => message === "storage operation");
    expect(operations.map(([level, , { operation, code }]) => [level, operation, code])).toEqual([
      ["debug", "put", undefined],
      ["debug", "get", "NotFound"],
    ]);
    const { logger: second, lines: more } = collector();
    logEvents(second)({
      type: "operation",
      operation: "put",
      provider: "s3",
      milliseconds: 3,
      error: new StorageError("Unavailable", "it is down", { operation: "put", provider: "s3" }),
    });
    expect(more).toEqual([
      [
        "warn",
        "storage operation",
        {
          operation: "put",
          provider: "s3",
          milliseconds: 3,
          code: "Unavailable",
          error: "Cannot put: it is down",
        },
      ],
    ]);
  });

  it("is quiet about members that are switched off, and links that a store does not have", async () => {
    const { logger, lines } = collector();
    const members = [off(memory({ name: "cloud" }), "it moves"), memory({ name: "disk" })];
    const storage = createStorage(fallback(members), { onEvent: logEvents(logger) });
    await storage.put("a", "abc");
    await createStorage({ ...memory(), signedUrl: undefined }, { onEvent: logEvents(logger) })
      .signedUrl("a")
      .catch(() => {});
    expect(lines.filter(([, message]) => message === "storage fallback").length).toBeGreaterThan(0);
    expect(lines.filter(([level]) => level === "warn" || level === "error")).toEqual([]);
    for (const [, , facts] of lines) expect(Object.values(facts)).not.toContain(undefined);
  });

  it("takes a logger that has every level", () => {
    expect(() => logEvents({ info: () => {} } as unknown as Logger)).toThrow(
      "logEvents: logger.debug must be a function",
    );
  });

  it("writes of an error no more than its code and its message", () => {
    const { logger, lines } = collector();
    const error = Object.assign(new Error("failed"), {
      headers: { authorization: "AWS4-HMAC-SHA256 secret" },
      cause: "secret",
    });
    logEvents(logger)({ type: "repairFailed", provider: "disk", error });
    expect(lines).toEqual([["error", "storage repairFailed", { provider: "disk", error: "failed" }]]);
  });
});

describe("redacted", () => {
  it.each([
    [
      "GET https://b.s3.amazonaws.com/a%20b?X-Amz-Signature=abc&X-Amz-Credential=d failed",
      "GET https://b.s3.amazonaws.com/a%20b?*** failed",
    ],
    ["cloudinary://key:secret@cloud is wrong", "cloudinary://***@cloud is wrong"],
    ["postgres://user:pass@host:5432/db?ssl=1", "postgres://***@host:5432/db?***"],
    ["Authorization: Bearer abc.def", "Authorization: ***"],
    ["cookie: session=abc; other=d", "cookie: ***"],
    ['{"api_secret":"abc"}', '{"api_secret":"***"}'],
    ["password=abc&next=1", "password=***&next=1"],
    ["x-amz-security-token: FwoG/abc==", "x-amz-security-token: ***"],
    ['{"authorization":"Bearer abc"}', '{"authorization":"***"}'],
    ["with Bearer abc.def-1 it failed", "with Bearer *** it failed"],
    ["https://user:p@ss@host/a", "https://***@host/a"],
    ["AccountKey=abc==;x", "AccountKey=***"],
    ["private_key: abc", "private_key: ***"],
    ["nothing to hide: a=b", "nothing to hide: a=b"],
  ])("takes out what could open something: %s", (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });
});
