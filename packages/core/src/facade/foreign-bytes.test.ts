import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { mirror } from "../compose/mirror.js";
import type { StorageProvider } from "../contract/provider.js";
import { memory } from "../memory/memory.js";
import { retry } from "../wrap/retry.js";
import { createStorage } from "./create-storage.js";

/** Makes a provider that reads bytes of another realm, as Node's do in tests with jsdom. */
function foreign(): StorageProvider {
  const provider = memory();
  return {
    ...provider,
    get: async (key, options) => {
      const result = await provider.get(key, options);
      const body = runInNewContext("new Uint8Array([97, 98, 99])") as Uint8Array;
      return { ...result, body };
    },
  };
}

describe("bytes of another realm", () => {
  it.each([
    ["alone", () => foreign()],
    ["under a wrapper", () => retry(foreign())],
    ["in a composer", () => mirror([foreign(), memory({ name: "second" })])],
  ])("are read %s", async (_, make) => {
    const storage = createStorage(make());
    await storage.put("a", "abc");
    const object = await storage.get("a");
    expect(object.info.size).toBe(3);
    expect(await object.text()).toBe("abc");
    const chunks = [];
    for await (const chunk of await storage.get("a")) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("abc");
  });
});
