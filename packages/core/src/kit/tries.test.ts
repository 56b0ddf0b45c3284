import { describe, expect, it } from "vitest";
import { StorageError } from "../contract/errors.js";
import { withTries } from "./tries.js";

function busy(retryAfterMs?: number): StorageError {
  return new StorageError("RateLimited", "slow down", { operation: "put", provider: "a", retryAfterMs });
}

describe("a part", () => {
  it("is tried three times in all", async () => {
    let tries = 0;
    const error = busy();
    const sent = withTries(undefined, async () => {
      tries++;
      throw error;
    });
    await expect(sent).rejects.toBe(error);
    expect(tries).toBe(3);
  });

  it("is given up at once when the server asks for a pause that nobody would wait for", async () => {
    let tries = 0;
    const sent = withTries(undefined, async () => {
      tries++;
      throw busy(3_600_000);
    });
    await expect(sent).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
    expect(tries).toBe(1);
  });

  it("is tried as often as the caller wants, and is then given up for good", async () => {
    let tries = 0;
    const limits = { attempts: 5, baseMs: 1, rateLimitedBaseMs: 2, maxDelayMs: 5 };
    const sent = withTries(
      undefined,
      async () => {
        tries++;
        throw busy();
      },
      { tries: limits },
    );
    await expect(sent).rejects.toMatchObject({ code: "RateLimited", retryable: false });
    expect(tries).toBe(5);
  });

  it("shows during a pause that it is alive", async () => {
    let signs = 0;
    let tries = 0;
    const limits = { attempts: 2, baseMs: 1, rateLimitedBaseMs: 1, maxDelayMs: 2000 };
    const send = async (): Promise<void> => {
      if (tries++ === 0) throw busy(1200);
    };
    await withTries(undefined, send, { tries: limits, onPause: () => void signs++ });
    expect(signs).toBe(2);
  });

  it("is not tried again when the failure will not pass", async () => {
    let tries = 0;
    const sent = withTries(undefined, async () => {
      tries++;
      throw new StorageError("TooLarge", "too large", { operation: "put", provider: "a" });
    });
    await expect(sent).rejects.toMatchObject({ code: "TooLarge" });
    expect(tries).toBe(1);
  });
});
