import { createStorage, memory, StorageError } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { errorFacts, errorResponse } from "./error-response.js";
import { HttpError } from "./http-error.js";

function errorWith(facts: object): Error {
  return Object.assign(new Error("no"), facts);
}

describe("the answer to an error", () => {
  it.each<[string, Error, number, string]>([
    ["of http-errors that may be shown", errorWith({ status: 413, expose: true }), 413, "BadRequest"],
    ["of Fastify", errorWith({ statusCode: 415, code: "FST_ERR_CTP_INVALID_MEDIA_TYPE" }), 415, "BadRequest"],
    ["of http-errors that is the server's fault", errorWith({ status: 503, expose: true }), 500, "Unknown"],
    ["of a client of another server", errorWith({ status: 404 }), 500, "Unknown"],
    ["of anything else", new Error("no"), 500, "Unknown"],
  ])("%s has its status", async (_, error, status, code) => {
    expect(errorFacts(error)).toMatchObject({ status, code });
    const response = errorResponse(error);
    expect([response.status, await response.text()]).toEqual([status, `${code}\n`]);
  });

  it("of a body that its maker ends is what the maker says", async () => {
    const storage = createStorage(memory());
    const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(3);
      throw new HttpError(413, "QuotaExceeded", "the user has no space left");
    };
    const error = await storage.put("a", body()).catch((thrown: unknown) => thrown);
    expect(errorFacts(error)).toMatchObject({ status: 413, code: "QuotaExceeded" });
    expect(await errorResponse(error).text()).toBe("QuotaExceeded\n");
  });

  it("asks for a retry wherever the store is away, also when all retries are spent", () => {
    const facts = { operation: "put", provider: "s3", retryable: false } as const;
    const away = new StorageError("Unavailable", "it is down", facts);
    expect(errorFacts(away).headers["retry-after"]).toBe("1");
    expect(
      errorFacts(new StorageError("Timeout", "it is slow", facts)).headers["retry-after"],
    ).toBeUndefined();
  });
});
