import assert from "node:assert/strict";
import { sameBytes } from "../expect.js";
import type { Rule } from "../rule.js";
import { pattern } from "../sources.js";

const BYTES = pattern(300_000);

/** The rules about the object that the facade's get returns. */
export const storedObjectRules: readonly Rule[] = [
  {
    title: "an object can be read as text with Unicode characters",
    run: async ({ storage, put, key }) => {
      await put("a.txt", "žluť 😀");
      assert.equal(await (await storage.get(key("a.txt"))).text(), "žluť 😀");
    },
  },
  {
    title: "an object can be read as JSON",
    run: async ({ storage, put, key }) => {
      await put("a.json", '{"a":[1,"ž"]}');
      assert.deepEqual(await (await storage.get(key("a.json"))).json(), { a: [1, "ž"] });
    },
  },
  {
    title: "an object can be read as a Web stream",
    needs: ["byteExact"],
    run: async ({ storage, put, key }) => {
      await put("a.bin", BYTES);
      const object = await storage.get(key("a.bin"));
      sameBytes(new Uint8Array(await new Response(object.body).arrayBuffer()), BYTES);
    },
  },
  {
    title: "an object can be read as a Node stream",
    needs: ["byteExact"],
    run: async ({ storage, put, key }) => {
      await put("a.bin", BYTES);
      const object = await storage.get(key("a.bin"));
      sameBytes(Buffer.concat(await object.readable().toArray()), BYTES);
    },
  },
  {
    title: "an object can be read with for await",
    needs: ["byteExact"],
    run: async ({ storage, put, key }) => {
      await put("a.bin", BYTES);
      const chunks: Uint8Array[] = [];
      for await (const chunk of await storage.get(key("a.bin"))) chunks.push(chunk);
      sameBytes(Buffer.concat(chunks), BYTES);
    },
  },
  {
    title: "an object from get can be destroyed twice, and also after it was read",
    run: async ({ storage, put, key, holds }) => {
      await put("a.bin", BYTES);
      const dropped = await storage.get(key("a.bin"));
      dropped.destroy();
      dropped.destroy();
      const object = await storage.get(key("a.bin"));
      await object.bytes();
      object.destroy();
      await holds("a.bin", BYTES);
    },
  },
  {
    title: "an object from get gives the headers of an HTTP response",
    run: async ({ storage, put, key }) => {
      const { etag } = await put("a.txt", "abc", { contentType: "text/x-own", cacheControl: "no-cache" });
      const object = await storage.get(key("a.txt"));
      object.destroy();
      const headers = object.headers();
      assert.equal(headers["content-type"], "text/x-own");
      assert.equal(headers["cache-control"], "no-cache");
      assert.equal(headers["content-length"], "3");
      assert.equal(headers["etag"], etag);
    },
  },
  {
    title: "the headers of a range say which bytes the range has",
    needs: ["range", "byteExact"],
    run: async ({ storage, put, key }) => {
      await put("a.txt", "0123456789");
      const object = await storage.get(key("a.txt"), { range: { offset: 2, length: 3 } });
      object.destroy();
      const headers = object.headers();
      assert.deepEqual([headers["content-range"], headers["content-length"]], ["bytes 2-4/10", "3"]);
    },
  },
  {
    title: "if a body ends early, the read fails and never looks complete",
    needs: ["byteExact"],
    run: async ({ provider, createStorage, put, key }) => {
      await put("a.bin", BYTES);
      const get: typeof provider.get = async (name, options) => {
        const result = await provider.get(name, options);
        if (!(result.body instanceof Uint8Array)) result.body.destroy();
        return { ...result, body: BYTES.subarray(0, 1000) };
      };
      const storage = createStorage({ ...provider, get });
      const reading = async (): Promise<Uint8Array> => (await storage.get(key("a.bin"))).bytes();
      await assert.rejects(reading(), { code: "Integrity" });
    },
  },
];
