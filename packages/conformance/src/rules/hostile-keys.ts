import assert from "node:assert/strict";
import { isStorageError } from "@stowage/core";
import { rejects, rejectsType } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";
import { watched } from "../sources.js";

/**
 * Makes the rule for keys that are not allowed. Every verb of the facade must reject with `InvalidKey`, before it uses the
 * source or the store.
 */
function refuses(what: string, ...names: readonly string[]): Rule {
  return {
    title: `${what} is refused with InvalidKey`,
    run: async (context) => {
      for (const name of names) await refusedEverywhere(context, context.prefix + name);
      if (context.provider.supports.list) assert.deepEqual(await context.names(), []);
    },
  };
}

async function refusedEverywhere({ storage, key }: RuleContext, hostile: string): Promise<void> {
  const source = watched();
  const calls = [
    () => storage.put(hostile, source.body),
    () => storage.get(hostile),
    () => storage.head(hostile),
    () => storage.exists(hostile),
    () => storage.delete(hostile),
    () => storage.copy(hostile, key("target.txt")),
    () => storage.copy(key("source.txt"), hostile),
    () => storage.move(hostile, key("target.txt")),
    () => storage.move(key("source.txt"), hostile),
    () => storage.download(hostile, "/nowhere/at/all"),
  ];
  for (const call of calls) {
    const error = await rejects("InvalidKey", call());
    assert.equal(error.applied, "no");
  }
  const { deleted, errors } = await storage.deleteMany([hostile]);
  assert.deepEqual([deleted, isStorageError(errors[0]?.error, "InvalidKey")], [0, true]);
  assert.equal(source.touched(), false);
}

/** The rules about keys that are not allowed. */
export const hostileKeyRules: readonly Rule[] = [
  {
    title: "an empty key is refused with InvalidKey",
    run: (context) => refusedEverywhere(context, ""),
  },
  {
    title: "a key with a leading slash is refused with InvalidKey",
    run: async (context) => {
      await refusedEverywhere(context, "/etc/passwd");
      await refusedEverywhere(context, `/${context.prefix}a.txt`);
    },
  },
  refuses("a key with a trailing slash", "a/", "a/b/"),
  refuses("a key with an empty segment", "a//b.txt", "/b.txt"),
  refuses("a key with a segment of two dots", "../a.txt", "a/../../b.txt", "a/.."),
  refuses("a key with a segment of one dot", "./a.txt", "a/./b.txt", "a/."),
  refuses("a key with a segment of dots and spaces", "...", "a/. ./b.txt", "a/ /b.txt", "a/.. /b.txt"),
  refuses("a key with a NUL", "a\0.txt", "a.txt\0.png"),
  refuses("a key with a control character", "a\nb.txt", "a\rb.txt", "a\tb.txt", "a\u001Bb.txt"),
  refuses("a key with the character DEL", "a\u007Fb.txt"),
  refuses("a key with a C1 control character", "a\u0085b.txt", "a\u0080b.txt", "a\u009Fb.txt"),
  refuses("a key with a noncharacter", "a\uFFFEb.txt", "a\uFFFFb.txt"),
  refuses("a key with a backslash", "a\\b.txt", "..\\a.txt", "a\\..\\b.txt"),
  refuses("a key with a lone surrogate", "a\uD83D.txt", "a\uDE00.txt", "\uDE00\uD83D"),
  {
    title: "a key of 1,025 bytes is refused with InvalidKey",
    run: async (context) => {
      const room = 1025 - Buffer.byteLength(context.prefix);
      await refusedEverywhere(context, context.prefix + "x".repeat(room));
      await refusedEverywhere(context, `${context.prefix}${"é".repeat(Math.ceil(room / 2))}`);
    },
  },
  {
    title: "a key that is not a string is refused with TypeError",
    run: async ({ storage, provider, names }) => {
      for (const wrong of [undefined, null, 42, {}, ["a"], Buffer.from("a")] as readonly unknown[]) {
        const key = wrong as string;
        await rejectsType(storage.put(key, "abc"));
        await rejectsType(storage.get(key));
        await rejectsType(storage.head(key));
        await rejectsType(storage.delete(key));
        await rejectsType(storage.copy(key, key));
      }
      if (provider.supports.list) assert.deepEqual(await names(), []);
    },
  },
  {
    title: "a hostile prefix of a listing is refused with InvalidKey",
    run: async ({ storage }) => {
      for (const prefix of ["../", "/etc", "a//b", "a\0b", "a\\b", "a\uD83D"]) {
        await rejects("InvalidKey", storage.listPage({ prefix }));
      }
    },
  },
];
