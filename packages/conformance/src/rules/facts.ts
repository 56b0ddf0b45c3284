import assert from "node:assert/strict";
import type { GetResult } from "@stowage/core/provider";
import type { ObjectInfo } from "@stowage/core";
import type { Rule } from "../rule.js";

/** The maximum allowed difference between the provider's clock and this machine's clock, in milliseconds. */
const CLOCK_SKEW_MS = 15 * 60 * 1000;

/** The rules about etags, times, names and write ids. */
export const factsRules: readonly Rule[] = [
  {
    title: "the results of put, head, get and list all have an etag",
    needs: ["list"],
    run: async ({ put, head, get, list }) => {
      const infos = [await put("a.txt", "abc"), await head("a.txt"), await infoOf(get("a.txt"))];
      for (const { etag } of [...infos, ...(await list()).objects]) assert.match(etag ?? "", /./);
    },
  },
  {
    title: "head and get return the same etag as put",
    run: async ({ put, head, get }) => {
      const { etag } = await put("a.txt", "abc");
      assert.deepEqual([(await head("a.txt")).etag, (await infoOf(get("a.txt"))).etag], [etag, etag]);
    },
  },
  {
    title: "reading does not change an etag",
    needs: ["list"],
    run: async ({ put, head, read, list }) => {
      await put("a.txt", "abc");
      const before = (await head("a.txt")).etag;
      await read("a.txt");
      await list();
      assert.equal((await head("a.txt")).etag, before);
    },
  },
  {
    title: "50 puts of the same size in quick succession give 50 different etags",
    needs: ["overwrite"],
    run: async ({ put }) => {
      const etags = new Set<string | undefined>();
      for (let round = 10; round < 60; round++) etags.add((await put("a.txt", `round ${round}`)).etag);
      assert.equal(etags.size, 50);
    },
  },
  {
    title: "lastModified is the time of the put",
    needs: ["list"],
    run: async ({ put, head, list }) => {
      await put("a.txt", "abc");
      const infos = [await head("a.txt"), ...(await list()).objects];
      for (const { lastModified } of infos) {
        assert.ok(lastModified instanceof Date, "lastModified is no Date");
        const skewMs = Math.abs(lastModified.getTime() - Date.now());
        assert.ok(skewMs < CLOCK_SKEW_MS, `lastModified is off by ${skewMs} ms`);
      }
    },
  },
  {
    title: "info.key is the requested key",
    run: async ({ put, head, get, key }) => {
      const infos = [await put("a b.txt", "abc"), await head("a b.txt"), await infoOf(get("a b.txt"))];
      for (const info of infos) assert.equal(info.key, key("a b.txt"));
    },
  },
  {
    title: "info.provider is the name of the provider",
    needs: ["leaf", "list"],
    run: async ({ put, head, get, list, provider }) => {
      const infos = [await put("a.txt", "abc"), await head("a.txt"), await infoOf(get("a.txt"))];
      for (const info of [...infos, ...(await list()).objects]) assert.equal(info.provider, provider.name);
    },
  },
  {
    title: "every verb names the same provider for an object",
    needs: ["list"],
    run: async ({ put, head, get, list }) => {
      const { provider } = await put("a.txt", "abc");
      const infos = [await head("a.txt"), await infoOf(get("a.txt")), ...(await list()).objects];
      assert.notEqual(provider, "");
      for (const info of infos) assert.equal(info.provider, provider);
    },
  },
  {
    title: "a write id comes back from put, head and get",
    needs: ["metadata"],
    run: async ({ put, head, get }) => {
      const writeId = "W-1_2.3:4";
      const infos = [await put("a.txt", "abc", { writeId }), await head("a.txt"), await infoOf(get("a.txt"))];
      for (const info of infos) assert.equal(info.writeId, writeId);
    },
  },
  {
    title: "a write id is not part of the metadata",
    needs: ["metadata"],
    run: async ({ put, head }) => {
      await put("a.txt", "abc", { writeId: "w1", metadata: { author: "ada" } });
      assert.deepEqual({ ...(await head("a.txt")).metadata }, { author: "ada" });
    },
  },
  {
    title: "a put without a write id does not keep the write id of the old object",
    needs: ["metadata", "overwrite"],
    run: async ({ put, head }) => {
      await put("a.txt", "abc", { writeId: "first" });
      await put("a.txt", "abc");
      assert.notEqual((await head("a.txt")).writeId, "first");
    },
  },
];

async function infoOf(result: Promise<GetResult>): Promise<ObjectInfo> {
  const { info, body } = await result;
  if (!(body instanceof Uint8Array)) body.destroy();
  return info;
}
