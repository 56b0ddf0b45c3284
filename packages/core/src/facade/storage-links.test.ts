import { describe, expect, it } from "vitest";
import { createStorage } from "./create-storage.js";
import { isStorageError } from "../contract/errors.js";
import { memory } from "../memory/memory.js";
import type { StorageEvent } from "../contract/event.js";
import type { StorageProvider } from "../contract/provider.js";

const UPLOAD = { method: "PUT", url: "https://example.com", headers: {}, expiresAt: new Date(0) } as const;

/** A provider that signs whatever it is asked for, and remembers what that was. */
function signing(changes: Partial<StorageProvider> = {}): { provider: StorageProvider; asked: unknown[] } {
  const asked: unknown[] = [];
  const inner = memory();
  const provider: StorageProvider = {
    ...inner,
    signedUrl: async (key, options) => (asked.push([key, options]), "https://example.com"),
    signUpload: async (key, options) => (asked.push([key, options]), { key, ...UPLOAD }),
    multipart: {
      create: async (key, options) => (asked.push([key, options]), { uploadId: "u" }),
      signPart: async (key, upload) => (asked.push([key, upload]), { key, ...UPLOAD }),
      listParts: async () => [],
      complete: async (key, upload) => (asked.push([key, upload]), await inner.head(key, {})),
      abort: async (key, upload) => void asked.push([key, upload]),
    },
    ...changes,
  };
  return { provider, asked };
}

async function codeOf(promise: Promise<unknown> | undefined): Promise<unknown> {
  return await Promise.resolve(promise).then(
    () => "resolved",
    (error: unknown) => (isStorageError(error) ? error.code : (error as Error).name),
  );
}

describe("a link", () => {
  it.each([
    [{ expiresInSeconds: 0 }, "InvalidArgument"],
    [{ expiresInSeconds: -1 }, "InvalidArgument"],
    [{ expiresInSeconds: 1.5 }, "InvalidArgument"],
    [{ expiresInSeconds: Number.NaN }, "InvalidArgument"],
    [{ expiresInSeconds: "60" }, "TypeError"],
    [{ stableForSeconds: -1 }, "InvalidArgument"],
    [{ contentDisposition: "a\r\nb" }, "InvalidArgument"],
    [{ contentType: "text" }, "InvalidArgument"],
    [{ contentType: 7 }, "TypeError"],
  ])("with %j is refused: %s", async (options, code) => {
    const { provider, asked } = signing();
    expect(await codeOf(createStorage(provider).signedUrl("a", options as object))).toBe(code);
    expect(asked).toEqual([]);
  });

  it("is asked for as it was", async () => {
    const { provider, asked } = signing();
    const options = { expiresInSeconds: 1, stableForSeconds: 0, contentType: "a/b" };
    await createStorage(provider, { retry: false, timeouts: false }).signedUrl("a", options);
    expect(asked).toMatchObject([["a", options]]);
  });

  it("for everybody is Unsupported where nobody knows one, and says what to do", () => {
    expect(() => createStorage(memory()).publicUrl("a")).toThrow(/public base URL, or use signedUrl/);
  });
});

describe("a signed upload", () => {
  it.each([
    [undefined, "InvalidArgument"],
    [{}, "InvalidArgument"],
    [{ contentLength: -1 }, "InvalidArgument"],
    [{ contentLength: 0.5 }, "InvalidArgument"],
    [{ contentLength: "5" }, "TypeError"],
    [{ maxBytes: 0 }, "InvalidArgument"],
    [{ contentLength: 2, maxBytes: 1 }, "InvalidArgument"],
    [{ contentLength: 1, expiresInSeconds: 0 }, "InvalidArgument"],
    [{ contentLength: 1, metadata: { a: " b" } }, "InvalidArgument"],
    [{ contentLength: 1, ifNoneMatch: "x" }, "TypeError"],
  ])("with %j is refused: %s", async (options, code) => {
    const { provider, asked } = signing();
    expect(await codeOf(createStorage(provider).signUpload("a", options as object))).toBe(code);
    expect(asked).toEqual([]);
  });

  it("of what the provider does not support is Unsupported, or TooLarge", async () => {
    const supports = {
      ...memory().supports,
      ifNoneMatch: false,
      metadata: false,
      emptyObject: false,
      objectBytesMax: 10,
    };
    const storage = createStorage(signing({ supports }).provider);
    const sign = (options: object): Promise<unknown> => codeOf(storage.signUpload("a", options));
    expect(await sign({ contentLength: 1, ifNoneMatch: "*" })).toBe("Unsupported");
    expect(await sign({ contentLength: 1, metadata: { a: "b" } })).toBe("Unsupported");
    expect(await sign({ contentLength: 0 })).toBe("Unsupported");
    expect(await sign({ contentLength: 11 })).toBe("TooLarge");
    expect(await sign({ contentLength: 10 })).toBe("resolved");
  });
});

describe("uploads in parts", () => {
  it("are not there where the provider has none", () => {
    expect(createStorage(memory()).multipart).toBeUndefined();
  });

  it("are checked before the provider is asked", async () => {
    const { provider, asked } = signing();
    const { multipart } = createStorage(provider);
    const uploadId = "u";
    const etag = '"e"';
    const calls: readonly (readonly [Promise<unknown> | undefined, string])[] = [
      [multipart?.create("a//b"), "InvalidKey"],
      [multipart?.create("a", { contentType: "x" }), "InvalidArgument"],
      [multipart?.signPart("a", { uploadId, partNumber: 0 }), "InvalidArgument"],
      [multipart?.signPart("a", { uploadId, partNumber: 10_001 }), "InvalidArgument"],
      [multipart?.signPart("a", { uploadId, partNumber: "1" as never }), "TypeError"],
      [multipart?.signPart("a", { uploadId: "", partNumber: 1 }), "TypeError"],
      [multipart?.signPart("a", { uploadId, partNumber: 1 }, { contentLength: 0 }), "InvalidArgument"],
      [multipart?.listParts("a", {} as never), "TypeError"],
      [multipart?.complete("a", { uploadId, parts: [] }), "InvalidArgument"],
      [multipart?.complete("a", { uploadId, parts: {} as never }), "TypeError"],
      [multipart?.complete("a", { uploadId, parts: [{ partNumber: 1, etag: "" }] }), "InvalidArgument"],
      [
        multipart?.complete("a", { uploadId, parts: [1, 1].map((partNumber) => ({ partNumber, etag })) }),
        "InvalidArgument",
      ],
      [multipart?.abort("a", { uploadId: 7 as never }), "TypeError"],
    ];
    for (const [call, code] of calls) expect(await codeOf(call)).toBe(code);
    expect(asked).toEqual([]);
  });

  it("are reported, and refused by a closed storage", async () => {
    const events: StorageEvent[] = [];
    const storage = createStorage(signing().provider, { onEvent: (event) => void events.push(event) });
    await storage.multipart?.create("a");
    expect(events).toMatchObject([
      { type: "attempt", operation: "multipart", key: "a" },
      { type: "operation", operation: "multipart", key: "a" },
    ]);
    await storage.close();
    expect(await codeOf(storage.multipart?.create("a"))).toBe("Unavailable");
  });
});
