import assert from "node:assert/strict";
import { compareKeys, type ListOptions } from "@stowage/core/provider";
import { pages } from "../context.js";
import type { Rule, RuleContext } from "../rule.js";
import { fill } from "./list.js";

/** The objects and common prefixes of a listing with the delimiter, relative to the rule's prefix. */
interface Shown {
  readonly objects: string[];
  readonly prefixes: string[];
}

async function shown({ provider, prefix }: RuleContext, options: ListOptions = {}): Promise<Shown> {
  const objects: string[] = [];
  const prefixes: string[] = [];
  const listing = { ...options, delimiter: "/", prefix: prefix + (options.prefix ?? "") } as const;
  for await (const page of pages(provider, listing)) {
    objects.push(...page.objects.map(({ key }) => key.slice(prefix.length)));
    prefixes.push(...page.prefixes.map((name) => name.slice(prefix.length)));
  }
  if (provider.supports.orderedList) return { objects, prefixes };
  return { objects: objects.sort(compareKeys), prefixes: prefixes.sort(compareKeys) };
}

const TREE = ["a.txt", "b/1.txt", "b/2.txt", "b/c/3.txt", "b-x.txt", "d/e/f/4.txt", "z.txt"];

/** The rules about listings with the delimiter. */
export const delimiterRules: readonly Rule[] = [
  {
    title: "with the delimiter, each folder is shown once, as a common prefix",
    run: async (context) => {
      await fill(context, TREE);
      const expected = { objects: ["a.txt", "b-x.txt", "z.txt"], prefixes: ["b/", "d/"] };
      assert.deepEqual(await shown(context), expected);
    },
  },
  {
    title: "with the delimiter, a listing of a folder shows only the folder's own level",
    run: async (context) => {
      await fill(context, TREE);
      const expected = { objects: ["b/1.txt", "b/2.txt"], prefixes: ["b/c/"] };
      assert.deepEqual(await shown(context, { prefix: "b/" }), expected);
    },
  },
  {
    title: "the delimiter works with a prefix that ends inside a segment",
    run: async (context) => {
      await fill(context, TREE);
      assert.deepEqual(await shown(context, { prefix: "b" }), { objects: ["b-x.txt"], prefixes: ["b/"] });
      assert.deepEqual(await shown(context, { prefix: "d/e/f" }), { objects: [], prefixes: ["d/e/f/"] });
    },
  },
  {
    title:
      "with the delimiter, a listing of a folder's name without the slash shows the common prefix, not the folder's content",
    run: async (context) => {
      await fill(context, TREE);
      assert.deepEqual(await shown(context, { prefix: "b/c" }), { objects: [], prefixes: ["b/c/"] });
    },
  },
  {
    title: "a folder has no common prefix after its last object has been deleted",
    run: async (context) => {
      await fill(context, ["a/b/c.txt", "a/d.txt"]);
      await context.remove("a/b/c.txt");
      assert.deepEqual(await shown(context, { prefix: "a/" }), { objects: ["a/d.txt"], prefixes: [] });
      await context.remove("a/d.txt");
      assert.deepEqual(await shown(context), { objects: [], prefixes: [] });
    },
  },
  {
    title: "a failed put leaves no common prefix",
    run: async (context) => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.from("abc");
        throw new Error("lost");
      }
      await context.put("a/b/c.txt", broken()).catch(() => {});
      assert.deepEqual(await shown(context), { objects: [], prefixes: [] });
    },
  },
  {
    title: "objects and common prefixes count together against the limit",
    run: async (context) => {
      await fill(context, TREE);
      const listing = { delimiter: "/", limit: 2, prefix: context.prefix } as const;
      for await (const page of pages(context.provider, listing)) {
        const entries = page.objects.length + page.prefixes.length;
        assert.ok(entries <= 2, `a page with limit 2 has ${entries} entries`);
      }
    },
  },
  {
    title: "with the delimiter, a listing in pages gives the same result as a listing in one page",
    run: async (context) => {
      await fill(context, TREE);
      const expected = { objects: ["a.txt", "b-x.txt", "z.txt"], prefixes: ["b/", "d/"] };
      for (const limit of [1, 2, 3, 4]) assert.deepEqual(await shown(context, { limit }), expected);
    },
  },
  {
    title: "after a page that ends with a common prefix, the next page begins after the whole folder",
    run: async (context) => {
      await fill(context, ["b/1.txt", "b/2.txt", "b/3.txt", "b/4.txt", "c.txt"]);
      assert.deepEqual(await shown(context, { limit: 1 }), { objects: ["c.txt"], prefixes: ["b/"] });
    },
  },
  {
    title: "common prefixes are in UTF-8 byte order",
    needs: ["orderedList"],
    run: async (context) => {
      const folders = ["\u{1F600}", "\uFF21", "a-", "a", "é"];
      await fill(
        context,
        folders.map((name) => `${name}/x.txt`),
      );
      assert.deepEqual((await shown(context)).prefixes, ["a-/", "a/", "é/", "\uFF21/", "\u{1F600}/"]);
    },
  },
];
