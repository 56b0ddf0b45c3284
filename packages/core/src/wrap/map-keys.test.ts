import { describe, expect, it } from "vitest";
import { toBody } from "../body/body.js";
import type { StorageProvider } from "../contract/provider.js";
import { memory } from "../memory/memory.js";
import { fullProvider } from "../testing/full-provider.test-support.js";
import { mapKeys } from "./map-keys.js";

const body = await toBody("abc");

describe("mapKeys", () => {
  it("renames keys on the way in and out, in every verb", async () => {
    const { provider, asked } = await fullProvider();
    const wrapped = mapKeys(
      provider,
      {
        toInner: (key) => `in/${key}`,
        toOuter: (key) => (key.startsWith("in/") ? key.slice(3) : undefined),
        listing: (options) => ({ ...options, prefix: `in/${options.prefix ?? ""}` }),
      },
      { type: "test" },
    );
    expect((await wrapped.put("a", body, {})).key).toBe("a");
    expect((await wrapped.importFrom?.("b", "u", {}))?.key).toBe("b");
    expect((await wrapped.signUpload?.("a", {}))?.key).toBe("a");
    expect((await wrapped.multipart?.complete("c", { uploadId: "u", parts: [] }, {}))?.key).toBe("c");
    expect(await wrapped.signedUrl?.("a", {})).toBe("https://example.org/in/a?signed");
    expect(wrapped.publicUrl?.("a")).toBe("https://example.org/in/a");
    expect((await wrapped.list({})).objects.map(({ key }) => key)).toEqual(["a", "b", "c"]);
    expect(asked).toEqual([["importFrom", "in/b", "u"]]);
  });

  it("gives the keys of failed deletes back as the caller knows them", async () => {
    const error = new Error("x");
    const inner: StorageProvider = {
      ...memory(),
      deleteMany: async (keys) => keys.map((key) => ({ key, error })),
    };
    const keys = {
      toInner: (key: string) => `in/${key}`,
      toOuter: (key: string) => key.slice(3),
      listing: <T>(options: T): T => options,
    };
    expect(await mapKeys(inner, keys, { type: "test" }).deleteMany?.(["a"], {})).toEqual([
      { key: "a", error },
    ]);
  });
});
