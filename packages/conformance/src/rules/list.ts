import assert from "node:assert/strict";
import { compareKeys } from "@stowage/core/provider";
import { pages } from "../context.js";
import type { Rule, RuleContext } from "../rule.js";

/** Puts small objects under these names, all at the same time. */
export async function fill({ put }: Pick<RuleContext, "put">, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => put(name, `content of ${name}`)));
}

/** The rules about listings without a delimiter. */
export const listRules: readonly Rule[] = [
  {
    title: "a listing shows every object once, including objects in folders",
    run: async (context) => {
      const names = ["a.txt", "b/c.txt", "b/d/e.txt", "b.txt", "z/y/x/w/v.txt"];
      await fill(context, names);
      assert.deepEqual((await context.names()).toSorted(compareKeys), names.toSorted(compareKeys));
    },
  },
  {
    title: "a listing is in UTF-8 byte order, also across folders",
    needs: ["orderedList"],
    run: async (context) => {
      const names = ["a", "a!", "a-b/c", "a.b", "a0", "b", "b/b", "b0", "B", "Z/a", "_", "ä", "z"].map(
        (name) => `${name}.x`,
      );
      await fill(context, names);
      assert.deepEqual(await context.names(), names.toSorted(compareKeys));
    },
  },
  {
    title: "a folder is sorted by its name with the slash, not by the name alone",
    needs: ["orderedList"],
    run: async (context) => {
      await fill(context, ["a/x", "a-x", "a.x", "a0x"]);
      assert.deepEqual(await context.names(), ["a-x", "a.x", "a/x", "a0x"]);
    },
  },
  {
    title: "characters above U+FFFF come after all other characters, as in UTF-8 byte order",
    needs: ["orderedList"],
    run: async (context) => {
      const names = ["x\u{1F600}.txt", "x\uFF21.txt", "x\u00E9.txt", "xz.txt"];
      await fill(context, names);
      assert.deepEqual(await context.names(), ["xz.txt", "x\u00E9.txt", "x\uFF21.txt", "x\u{1F600}.txt"]);
    },
  },
  {
    title: "a prefix is a plain string prefix",
    run: async (context) => {
      await fill(context, ["a/b.txt", "a/bc/d.txt", "a/c.txt", "ab.txt", "b/a/b.txt"]);
      assert.deepEqual(await context.names({ prefix: "a/b" }), ["a/b.txt", "a/bc/d.txt"]);
      assert.deepEqual(await context.names({ prefix: "a" }), ["a/b.txt", "a/bc/d.txt", "a/c.txt", "ab.txt"]);
    },
  },
  {
    title: "a listing whose prefix ends with a slash shows only the objects in that folder",
    run: async (context) => {
      await fill(context, ["a/b.txt", "a/c/d.txt", "ab.txt", "a-b.txt"]);
      assert.deepEqual(await context.names({ prefix: "a/" }), ["a/b.txt", "a/c/d.txt"]);
    },
  },
  {
    title: "a listing whose prefix is a whole key shows the object with that key",
    run: async (context) => {
      await fill(context, ["a.txt", "a.txt.bak", "b.txt"]);
      assert.deepEqual(await context.names({ prefix: "a.txt" }), ["a.txt", "a.txt.bak"]);
    },
  },
  {
    title: "special characters in a prefix stand for themselves",
    run: async (context) => {
      const odd = ["100%_a.txt", "[ab].txt", "q&a=1.txt", "x.y.txt"];
      await fill(context, [...odd, "100x_a.txt", "a.txt", "xzy.txt"]);
      for (const name of odd) assert.deepEqual(await context.names({ prefix: name.slice(0, 4) }), [name]);
    },
  },
  {
    title: "a prefix is case-sensitive",
    run: async (context) => {
      await fill(context, ["photos/a.txt", "photos-b.txt"]);
      assert.deepEqual(await context.names({ prefix: "Photos" }), []);
    },
  },
  {
    title: "a prefix that matches no key gives an empty page without a cursor",
    run: async (context) => {
      await fill(context, ["a.txt"]);
      const page = await context.list({ prefix: "nothing/here" });
      assert.deepEqual([page.objects, page.prefixes, page.cursor], [[], [], undefined]);
    },
  },
  {
    title: "a listing that fits on one page has no cursor",
    run: async (context) => {
      await fill(context, ["a.txt", "b.txt"]);
      assert.equal((await context.list()).cursor, undefined);
      assert.equal((await context.list({ limit: 3 })).cursor, undefined);
    },
  },
  {
    title: "without a delimiter there are no common prefixes",
    run: async (context) => {
      await fill(context, ["a/b.txt", "c.txt"]);
      for await (const page of pages(context.provider, { prefix: context.prefix })) {
        assert.deepEqual(page.prefixes, []);
      }
    },
  },
  {
    title: "a listing gives the same key, size, provider and ref as head",
    run: async (context) => {
      await fill(context, ["a.txt", "b/c.txt"]);
      for (const info of (await context.list()).objects) {
        const { key, size, provider, ref } = await context.provider.head(info.key, {});
        assert.deepEqual([info.key, info.size, info.provider, info.ref], [key, size, provider, ref]);
      }
    },
  },
  {
    title: "a listing gives the etag that head gives",
    run: async (context) => {
      await fill(context, ["a.txt", "b/c.txt"]);
      for (const info of (await context.list()).objects) {
        assert.equal(info.etag, (await context.provider.head(info.key, {})).etag);
      }
    },
  },
  {
    title: "a listing shows the new facts of a replaced object",
    needs: ["overwrite"],
    run: async ({ put, list }) => {
      await put("a.txt", "a first text");
      await list();
      const { size, etag } = await put("a.txt", "short");
      const [info] = (await list()).objects;
      assert.deepEqual([info?.size, info?.etag], [size, etag]);
    },
  },
  {
    title: "a failed put is not listed",
    run: async ({ put, names }) => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("abc");
        throw new Error("lost");
      }
      await put("a.txt", broken()).catch(() => {});
      assert.deepEqual(await names(), []);
    },
  },
];
