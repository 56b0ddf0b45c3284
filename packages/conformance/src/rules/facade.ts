import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as tick } from "node:timers/promises";
import { StorageError, type StorageEvent } from "@stowage/core";
import { handled, rejects } from "../expect.js";
import type { Rule } from "../rule.js";
import { gated, inChunks, pattern } from "../sources.js";

const WRITTEN = pattern(100_001);

/** The rules about the facade that belong to no other group. */
export const facadeRules: readonly Rule[] = [
  {
    title: "find returns the facts of an object, and undefined for a missing object",
    run: async ({ storage, key, put }) => {
      const { etag } = await put("a.txt", "abc");
      assert.equal((await storage.find(key("a.txt")))?.etag, etag);
      assert.equal(await storage.find(key("b.txt")), undefined);
    },
  },
  {
    title: "when the stream of a writer has finished, the written bytes are stored as an object",
    run: async ({ storage, key, holds }) => {
      const { stream, done } = storage.writer(key("a.bin"));
      await pipeline(Readable.from(inChunks(WRITTEN, 9000)), stream);
      await holds("a.bin", WRITTEN);
      assert.equal((await done).size, WRITTEN.byteLength);
    },
  },
  {
    title: "a writer that is destroyed stores nothing",
    run: async ({ storage, key, lacks }) => {
      const { stream, done } = storage.writer(key("a.bin"));
      stream.write(WRITTEN);
      stream.destroy();
      await rejects("SourceError", done);
      await lacks("a.bin");
    },
  },
  {
    title: "exists is true for an object and false for a missing object",
    run: async ({ storage, put, key }) => {
      await put("a.txt", "abc");
      assert.equal(await storage.exists(key("a.txt")), true);
      assert.equal(await storage.exists(key("missing.txt")), false);
    },
  },
  {
    title: "exists rejects when the provider cannot answer",
    run: async ({ provider, createStorage, key }) => {
      const down = new StorageError("Unavailable", "it is down", {
        operation: "head",
        provider: provider.name,
      });
      const storage = createStorage({ ...provider, head: () => Promise.reject(down) });
      await rejects("Unavailable", storage.exists(key("a.txt")));
    },
  },
  {
    title: "list gives every object, across all pages",
    needs: ["list"],
    run: async ({ provider, createStorage, put, key, prefix }) => {
      const names = ["a.txt", "b/c.txt", "b/d.txt", "e.txt", "f.txt"];
      for (const name of names) await put(name, "abc");
      const short = createStorage({
        ...provider,
        list: (options) => provider.list({ ...options, limit: 2 }),
      });
      const found: string[] = [];
      for await (const info of short.list({ prefix })) found.push(info.key);
      assert.deepEqual(found.sort(), names.map(key).sort());
    },
  },
  {
    title: "list asks for a page only when the page is needed",
    needs: ["list"],
    run: async ({ provider, createStorage, put, prefix }) => {
      for (const name of ["a.txt", "b.txt", "c.txt"]) await put(name, "abc");
      let asked = 0;
      const list: typeof provider.list = (options) => (asked++, provider.list({ ...options, limit: 1 }));
      for await (const info of createStorage({ ...provider, list }).list({ prefix })) {
        assert.equal(info.size, 3);
        break;
      }
      assert.equal(asked, 1);
    },
  },
  {
    title: "listPage gives objects, common prefixes and a cursor",
    needs: ["list"],
    run: async ({ storage, put, prefix, key }) => {
      for (const name of ["a.txt", "b/c.txt", "d.txt"]) await put(name, "abc");
      const page = await storage.listPage({ prefix, delimiter: "/" });
      assert.deepEqual(page.prefixes, [key("b/")]);
      assert.deepEqual(page.objects.map((info) => info.key).sort(), [key("a.txt"), key("d.txt")]);
      assert.notEqual((await storage.listPage({ prefix, limit: 1 })).cursor, undefined);
    },
  },
  {
    title: "each call causes one event with the operation, key, size and milliseconds",
    run: async ({ provider, createStorage, key }) => {
      const events: StorageEvent[] = [];
      const storage = createStorage(provider, { onEvent: (event) => void events.push(event) });
      await storage.put(key("a.txt"), "abc");
      const [event, ...others] = events.filter(({ type }) => type === "operation");
      assert.ok(
        event?.type === "operation" && event.milliseconds >= 0,
        "the put emitted no event with a duration",
      );
      assert.deepEqual([event.operation, event.key, event.size], ["put", key("a.txt"), 3]);
      assert.equal(others.length, 0);
    },
  },
  {
    title: "the event of a failed call carries the call's error",
    run: async ({ provider, createStorage, key }) => {
      const events: StorageEvent[] = [];
      const storage = createStorage(provider, { onEvent: (event) => void events.push(event) });
      const error = await rejects("NotFound", storage.head(key("missing.txt")));
      const failed = events.some((event) => event.type === "operation" && event.error === error);
      assert.equal(failed, true);
    },
  },
  {
    title: "an event listener that throws does not affect the call",
    run: async ({ provider, createStorage, key, holds }) => {
      const onEvent = (): never => {
        throw new Error("a bug in the listener");
      };
      await createStorage(provider, { onEvent }).put(key("a.txt"), "abc");
      await holds("a.txt", "abc");
    },
  },
  {
    title: "describe returns the kind, the type and the name of the storage",
    run: async ({ storage, provider }) => {
      const { kind, type, name } = storage.describe();
      assert.match(kind, /^(provider|wrapper|composer)$/);
      assert.deepEqual([typeof type, name], ["string", provider.name]);
    },
  },
  {
    title: "a closed storage refuses every call with Unavailable",
    own: true,
    run: async ({ storage, key: keyOf }) => {
      await storage.close();
      const key = keyOf("a.txt");
      await rejects("Unavailable", storage.put(key, "abc"));
      await rejects("Unavailable", storage.get(key));
      await rejects("Unavailable", storage.head(key));
      await rejects("Unavailable", storage.exists(key));
      await rejects("Unavailable", storage.delete(key));
      await rejects("Unavailable", storage.listPage());
    },
  },
  {
    title: "close waits for calls that are under way",
    own: true,
    run: async ({ storage, key }) => {
      const source = gated(pattern(20_000));
      const done = handled(storage.put(key("a.bin"), source.stream));
      await Promise.race([source.begun, done]);
      const closed = storage.close();
      const early = await Promise.race([closed.then(() => true), tick(false)]);
      source.open();
      assert.equal(early, false);
      assert.equal((await done).size, 20_000);
      await closed;
    },
  },
  {
    title: "close aborts calls that are still under way after graceMs",
    own: true,
    run: async ({ storage, key }) => {
      const source = gated(pattern(20_000));
      const done = handled(rejects("Unavailable", storage.put(key("a.bin"), source.stream)));
      await Promise.race([source.begun, done]);
      await storage.close({ graceMs: 1 });
      await done;
      source.open();
    },
  },
  {
    title: "closing a storage twice is harmless",
    own: true,
    run: async ({ storage }) => {
      await storage.close();
      await storage.close();
    },
  },
  {
    title: "a provider can be closed twice",
    needs: ["close"],
    own: true,
    run: async ({ provider, put }) => {
      await put("a.txt", "abc");
      await provider.close?.();
      await provider.close?.();
    },
  },
];
