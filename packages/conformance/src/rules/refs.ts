import assert from "node:assert/strict";
import { rejects } from "../expect.js";
import type { Rule } from "../rule.js";

const ODD = [
  "a b.txt",
  "100%.txt",
  "%2F.txt",
  "a+b&c=d.txt",
  "a?b#c.txt",
  "ž😀/日本.txt",
  "a'b\"c.txt",
  "__proto__",
];
const GARBAGE = [
  "",
  " ",
  "/",
  "://",
  "%",
  "%zz",
  "\0",
  "\uD83D",
  "https://",
  "file://",
  "x".repeat(10_000),
  "[object Object]",
];

/** The rules about refs. */
export const refRules: readonly Rule[] = [
  {
    title: "a ref begins with a scheme, and has no spaces or control characters",
    run: async ({ provider, key }) => {
      for (const name of ODD) assert.match(provider.ref(key(name)), /^[a-z][a-z0-9+.-]*:[^\s\p{Cc}]+$/u);
    },
  },
  {
    title: "locate returns the key of every ref",
    run: async ({ provider, key }) => {
      for (const name of ODD) assert.equal(provider.locate(provider.ref(key(name)))?.key, key(name));
    },
  },
  {
    title: "locate returns the same ref",
    run: async ({ provider, key }) => {
      for (const name of ODD) {
        const ref = provider.ref(key(name));
        assert.equal(provider.locate(ref)?.ref, ref);
      }
    },
  },
  {
    title: "different keys have different refs",
    run: async ({ provider, key }) => {
      const names = [...ODD, "a%20b.txt", "a b.txt/", "%252F.txt", "100%25.txt"].filter(
        (name) => !name.endsWith("/"),
      );
      assert.equal(new Set(names.map((name) => provider.ref(key(name)))).size, names.length);
    },
  },
  {
    title: "locate finds the key and the provider in info.ref",
    run: async ({ provider, put, key }) => {
      const info = await put("a b/ž.txt", "abc");
      const located = provider.locate(info.ref);
      assert.deepEqual([located?.key, located?.provider], [key("a b/ž.txt"), info.provider]);
    },
  },
  {
    title: "info.ref is the ref of the key",
    needs: ["leaf", "list"],
    run: async ({ provider, put, head, list, key }) => {
      const ref = provider.ref(key("a.txt"));
      const infos = [await put("a.txt", "abc"), await head("a.txt"), ...(await list()).objects];
      for (const info of infos) assert.equal(info.ref, ref);
    },
  },
  {
    title: "a query string after a ref is ignored",
    run: async ({ provider, key }) => {
      const located = provider.locate(`${provider.ref(key("a.txt"))}?token=abc&expires=1`);
      assert.equal(located?.key, key("a.txt"));
    },
  },
  {
    title: "locate returns undefined for a text that is not a ref of this provider",
    run: async ({ provider }) => {
      for (const text of [
        "s3://someone-elses-bucket/a.txt",
        "https://example.com/a.txt",
        "nothing://here/a.txt",
      ]) {
        assert.equal(provider.locate(text), undefined);
      }
    },
  },
  {
    title: "locate never throws on garbage",
    run: async ({ provider }) => {
      for (const text of GARBAGE) provider.locate(text);
    },
  },
  {
    title: "locate never returns an invalid key",
    run: async ({ provider, key, storage }) => {
      const ref = provider.ref(key("a.txt"));
      for (const tail of ["/../b.txt", "/%2e%2e/b.txt", "%00", "/", "//b", "%5Cb"]) {
        const located = provider.locate(ref + tail);
        if (located !== undefined) await storage.exists(located.key);
      }
    },
  },
  {
    title: "locate finds the key in a ref even if the object does not exist",
    run: async ({ provider, key, lacks }) => {
      assert.equal(provider.locate(provider.ref(key("missing.txt")))?.key, key("missing.txt"));
      await lacks("missing.txt");
    },
  },
  {
    title: "storage.at reads, writes and deletes the object of a ref",
    needs: ["overwrite"],
    run: async ({ storage, put, key, holds, lacks }) => {
      const { ref } = await put("a.txt", "abc");
      const place = storage.at(ref);
      assert.equal(place.key, key("a.txt"));
      assert.equal(await (await place.get()).text(), "abc");
      assert.equal((await place.head()).size, 3);
      await place.put("new");
      await holds("a.txt", "new");
      await place.delete();
      assert.equal(await place.exists(), false);
      await lacks("a.txt");
    },
  },
  {
    title: "storage.at reads the object of a ref",
    run: async ({ storage, put }) => {
      const { ref } = await put("a.txt", "abc");
      assert.equal((await (await storage.at(ref).get()).bytes()).byteLength, 3);
      assert.equal(await storage.at(ref).exists(), true);
    },
  },
  {
    title: "storage.at refuses a foreign ref with InvalidArgument",
    run: async ({ storage }) => {
      const foreign = async (): Promise<unknown> => storage.at("s3://someone-elses-bucket/a.txt");
      await rejects("InvalidArgument", foreign());
    },
  },
];
