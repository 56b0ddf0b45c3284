import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  ERROR_CODES,
  StorageError,
  isStorageError,
  shown,
  toStorageError,
  withErrorFacts,
  type Operation,
  type StorageErrorCode,
} from "./errors.js";

const put = { operation: "put", provider: "disk", key: "a/b" } as const;

/** The table of the contract: what was applied, whether the same call may succeed later, what moves a chain on. */
const TABLE: readonly (readonly [StorageErrorCode, "no" | "yes" | "unknown", boolean, string])[] = [
  ["NotFound", "no", false, "reads"],
  ["AlreadyExists", "no", false, "never"],
  ["PreconditionFailed", "no", false, "never"],
  ["NotModified", "no", false, "never"],
  ["InvalidKey", "no", false, "never"],
  ["InvalidRange", "no", false, "never"],
  ["InvalidArgument", "no", false, "never"],
  ["Unsupported", "no", false, "yes"],
  ["Misconfigured", "no", false, "option"],
  ["Unauthenticated", "no", false, "option"],
  ["PermissionDenied", "no", false, "option"],
  ["TooLarge", "no", false, "yes"],
  ["OutOfSpace", "no", false, "yes"],
  ["RateLimited", "no", true, "yes"],
  ["Unavailable", "no", true, "yes"],
  ["Timeout", "unknown", true, "yes"],
  ["Integrity", "no", true, "yes"],
  ["Archived", "no", false, "never"],
  ["SourceError", "no", false, "never"],
  ["PartialWrite", "yes", false, "yes"],
  ["Conflict", "no", false, "never"],
  ["Unknown", "unknown", false, "yes"],
];

describe("the codes", () => {
  it("are those of the contract", () => {
    expect(Object.keys(ERROR_CODES)).toEqual(TABLE.map(([code]) => code));
  });

  it.each(TABLE)(
    "say of %s that applied is %s, retryable is %s and it moves on: %s",
    (code, applied, retryable, movesOn) => {
      expect(ERROR_CODES[code]).toMatchObject({ applied, retryable, movesOn });
      expect(new StorageError(code, "x", put)).toMatchObject({ code, applied, retryable });
    },
  );
});

describe("a StorageError", () => {
  it("says what could not be done to which key, and why", () => {
    const error = new StorageError("OutOfSpace", "the disk is full", put);
    expect(error.message).toBe('Cannot put "a/b": the disk is full');
    expect(error.reason).toBe("the disk is full");
  });

  it("leaves out the key where there is none", () => {
    const error = new StorageError("Unavailable", "it is down", { operation: "list", provider: "disk" });
    expect(error.message).toBe("Cannot list: it is down");
  });

  it("is an Error with a name, a stack and its facts", () => {
    const cause = new Error("ENOSPC");
    const error = new StorageError("RateLimited", "slow down", {
      ...put,
      retryAfterMs: 1500,
      status: 429,
      requestId: "r-1",
      cause,
    });
    expect(error).toBeInstanceOf(Error);
    expect(error.stack).toContain("errors.test.ts");
    expect(error).toMatchObject({
      name: "StorageError",
      operation: "put",
      provider: "disk",
      key: "a/b",
      retryAfterMs: 1500,
      status: 429,
      requestId: "r-1",
      cause,
    });
  });

  it.each<Operation>(["get", "head", "list", "download", "locate", "publicUrl", "signedUrl"])(
    "of the read %s has applied no, whatever it was given",
    (operation) => {
      for (const [code] of TABLE) {
        expect(new StorageError(code, "x", { operation, provider: "disk", applied: "unknown" }).applied).toBe(
          "no",
        );
      }
    },
  );

  it.each<Operation>([
    "put",
    "delete",
    "copy",
    "move",
    "putMany",
    "deleteMany",
    "deletePrefix",
    "importFrom",
  ])("of the write %s has applied as it was given", (operation) => {
    const facts = { operation, provider: "disk", applied: "unknown" } as const;
    expect(new StorageError("Unavailable", "x", facts).applied).toBe("unknown");
  });

  it("shows no cause where it has none", () => {
    expect(inspect(new StorageError("Timeout", "x", put))).not.toContain("[cause]");
  });

  it.each([
    ["a long key", "k".repeat(1000)],
    ["a key with terminal codes", "\u001b[2Jx"],
    ["a key with a line break", "a\nb"],
    ["a key that is not well-formed", "\ud800"],
  ])("shows %s short, escaped and quoted", (_, key) => {
    const { message } = new StorageError("InvalidKey", "it is wrong", { ...put, key });
    expect(message.length).toBeLessThan(260);
    expect(message).toMatch(/^[^\u0000-\u001f]*$/);
    expect(message.isWellFormed()).toBe(true);
  });

  it("cuts a long key between characters", () => {
    expect(shown(`${"k".repeat(199)}😀😀`).isWellFormed()).toBe(true);
  });

  it("puts nothing of its cause into its message", () => {
    const cause = new Error("https://key:secret@example.org?X-Amz-Signature=abc");
    const error = toStorageError(cause, put);
    expect(error.message).not.toContain("secret");
    expect(error.message).not.toContain("Signature");
  });
});

describe("isStorageError", () => {
  const error = new StorageError("NotFound", "x", put);

  it("knows the errors of this copy, and their codes", () => {
    expect(isStorageError(error)).toBe(true);
    expect(isStorageError(error, "NotFound")).toBe(true);
    expect(isStorageError(error, "Timeout")).toBe(false);
  });

  it("knows the errors of another copy of this package", () => {
    class StorageErrorOfAnotherCopy extends Error {
      override readonly name = "StorageError";
      readonly code = "NotFound";
    }
    expect(isStorageError(new StorageErrorOfAnotherCopy(), "NotFound")).toBe(true);
  });

  it.each([null, undefined, "StorageError", {}, { name: "StorageError", code: "NotFound" }, new Error("x")])(
    "is false for %s",
    (other) => {
      expect(isStorageError(other)).toBe(false);
    },
  );
});

describe("withErrorFacts", () => {
  const cause = new Error("x");
  const error = new StorageError("Unavailable", "it is down", { ...put, status: 503, requestId: "r", cause });

  it("replaces some facts and keeps the others", () => {
    const changed = withErrorFacts(error, { applied: "unknown", retryable: false, provider: "other" });
    expect(changed).toMatchObject({
      code: "Unavailable",
      reason: "it is down",
      message: error.message,
      operation: "put",
      key: "a/b",
      applied: "unknown",
      retryable: false,
      provider: "other",
      status: 503,
      requestId: "r",
      cause,
    });
  });

  it("keeps the stack, and leaves the old error as it was", () => {
    const changed = withErrorFacts(error, { applied: "yes" });
    expect(changed.stack).toBe(error.stack);
    expect(error.applied).toBe("no");
  });

  it("puts a new operation and key into the message", () => {
    expect(withErrorFacts(error, { operation: "move", key: "c" }).message).toBe(
      'Cannot move "c": it is down',
    );
  });
});

describe("toStorageError", () => {
  it("passes a StorageError unchanged", () => {
    const error = new StorageError("NotFound", "x", put);
    expect(toStorageError(error, { operation: "get", provider: "other" })).toBe(error);
  });

  it.each([new Error("boom"), "boom", null, 42])("makes Unknown of anything else: %s", (cause) => {
    expect(toStorageError(cause, put)).toMatchObject({
      code: "Unknown",
      applied: "unknown",
      retryable: false,
      provider: "disk",
      key: "a/b",
      cause,
    });
  });
});
