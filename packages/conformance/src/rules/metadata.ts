import assert from "node:assert/strict";
import type { Metadata } from "@stowage/core";
import { readAll } from "../context.js";
import { rejects, rejectsType } from "../expect.js";
import type { Rule } from "../rule.js";

/** Makes the rule for metadata that put, head and get must return unchanged. */
function keeps(what: string, make: () => Metadata): Rule {
  return {
    title: `${what} comes back from put, head and get`,
    needs: ["metadata"],
    run: async ({ put, head, get }) => {
      const metadata = make();
      const info = await put("a.txt", "abc", { metadata });
      const result = await get("a.txt");
      await readAll(result);
      for (const found of [info, await head("a.txt"), result.info]) {
        assert.deepEqual(sortedEntries(found.metadata ?? {}), sortedEntries(metadata));
      }
    },
  };
}

/**
 * Returns the entries of metadata as sorted texts. Texts are compared, because most ways to compare objects lose the name
 * `__proto__`.
 */
function sortedEntries(metadata: Metadata): readonly string[] {
  return Object.entries(metadata)
    .map(([name, value]) => `${name}: ${value}`)
    .sort();
}

function refuses(what: string, metadata: Metadata): Rule {
  return {
    title: `${what} is refused with InvalidArgument, and nothing is written`,
    needs: ["metadata"],
    run: async ({ storage, key, lacks }) => {
      await rejects("InvalidArgument", storage.put(key("a.txt"), "abc", { metadata }));
      await lacks("a.txt");
    },
  };
}

/** The rules about metadata. */
export const metadataRules: readonly Rule[] = [
  keeps("metadata", () => ({ author: "ada", "video-id": "42", "a.b_c": "x=y; z" })),
  keeps("metadata in Unicode", () => ({
    title: "Žluťoučký kůň 😀",
    "title-ja": "日本語",
    mixed: "a=?utf-8?B?eA==?=",
  })),
  keeps("a metadata value that looks encoded", () => ({
    a: "%41%2F",
    b: "=?utf-8?q?x?=",
    c: '"quoted"',
    d: "a, b",
  })),
  keeps("an empty metadata value", () => ({ nothing: "", something: "x" })),
  keeps("a metadata name that JavaScript itself uses", () =>
    Object.fromEntries([
      ["__proto__", "a"],
      ["constructor", "b"],
      ["tostring", "c"],
    ]),
  ),
  keeps("metadata of 2,048 bytes", () => ({ long: "x".repeat(2044) })),
  {
    title: "an object that was put without metadata has no metadata",
    run: async ({ put, head }) => {
      await put("a.txt", "abc");
      assert.deepEqual({ ...(await head("a.txt")).metadata }, {});
    },
  },
  {
    title: "the metadata of an object that was put as a stream is kept",
    needs: ["metadata"],
    run: async ({ put, head }) => {
      async function* stream(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("abc");
      }
      await put("a.txt", stream(), { metadata: { author: "ada" } });
      assert.deepEqual({ ...(await head("a.txt")).metadata }, { author: "ada" });
    },
  },
  refuses("a metadata value with a line break", { a: "b\r\nset-cookie: c=d" }),
  refuses("a metadata value with a space at its end", { a: "b " }),
  refuses("a metadata value that is not well-formed Unicode", { a: "\uD83D" }),
  refuses("a metadata name in upper case or with a space", { "Bad Name": "x" }),
  refuses("metadata of more than 2,048 bytes", { long: "x".repeat(2045) }),
  {
    title: "a metadata value that is not a string is refused with TypeError",
    needs: ["metadata"],
    run: async ({ storage, key, lacks }) => {
      for (const metadata of [{ a: 1 }, { a: undefined }, { a: null }, ["a"], "a"] as readonly unknown[]) {
        await rejectsType(storage.put(key("a.txt"), "abc", { metadata: metadata as Metadata }));
      }
      await lacks("a.txt");
    },
  },
];
