import assert from "node:assert/strict";
import { compareKeys } from "@stowage/core/provider";
import { type ListPage } from "@stowage/core";
import { pages } from "../context.js";
import { rejects } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";
import { fill } from "./list.js";

const NAMES = Array.from({ length: 9 }, (_, index) => `${index < 5 ? "a" : "b/c"}/${index}.txt`);

/** Returns the first page of a listing. Throws if the page has no cursor, because more pages must follow. */
async function firstPage(
  { list }: RuleContext,
  limit: number,
): Promise<ListPage & { readonly cursor: string }> {
  const page = await list({ limit });
  assert.ok(page.cursor !== undefined, "the first page has no cursor, although more pages must follow");
  return { ...page, cursor: page.cursor };
}

function namesOf({ prefix }: RuleContext, page: ListPage): string[] {
  return page.objects.map(({ key }) => key.slice(prefix.length));
}

/** The rules about limits and cursors. */
export const cursorRules: readonly Rule[] = [
  {
    title: "no page has more objects than the limit",
    run: async (context) => {
      await fill(context, NAMES);
      for await (const page of pages(context.provider, { prefix: context.prefix, limit: 4 })) {
        assert.ok(page.objects.length <= 4, `a page with limit 4 has ${page.objects.length} objects`);
      }
    },
  },
  {
    title: "the pages of a listing together give every key once, for every limit",
    run: async (context) => {
      await fill(context, NAMES);
      for (const limit of [1, 2, 4, 8, 9, 10]) {
        assert.deepEqual((await context.names({ limit })).toSorted(compareKeys), NAMES);
      }
    },
  },
  {
    title: "the pages of a listing together are in UTF-8 byte order",
    needs: ["orderedList"],
    run: async (context) => {
      await fill(context, NAMES);
      assert.deepEqual(await context.names({ limit: 2 }), NAMES);
    },
  },
  {
    title: "a listing continues even if the last key before its cursor is deleted",
    run: async (context) => {
      await fill(context, NAMES);
      const page = await firstPage(context, 3);
      const seen = namesOf(context, page);
      for (const name of seen) await context.remove(name);
      const rest = await context.names({ cursor: page.cursor });
      assert.deepEqual([...seen, ...rest].toSorted(compareKeys), NAMES);
    },
  },
  {
    title: "a key that is added during a listing does not hide or repeat other keys",
    run: async (context) => {
      await fill(context, NAMES);
      const page = await firstPage(context, 3);
      await fill(context, ["a/00.txt", "b/c/99.txt"]);
      const rest = await context.names({ cursor: page.cursor });
      const all = [...namesOf(context, page), ...rest];
      assert.deepEqual(all.filter((name) => NAMES.includes(name)).toSorted(compareKeys), NAMES);
    },
  },
  {
    title: "a listing shows a new key if the key sorts after the cursor",
    needs: ["orderedList"],
    run: async (context) => {
      await fill(context, NAMES);
      const { cursor } = await firstPage(context, 3);
      await fill(context, ["a/00.txt", "b/c/99.txt"]);
      const rest = await context.names({ cursor });
      assert.deepEqual(rest, [...NAMES.slice(3), "b/c/99.txt"]);
    },
  },
  {
    title: "a cursor can be used twice",
    run: async (context) => {
      await fill(context, NAMES);
      const { cursor } = await firstPage(context, 3);
      const once = await context.names({ cursor });
      assert.deepEqual(await context.names({ cursor }), once);
    },
  },
  {
    title: "a cursor can be used with a different limit",
    run: async (context) => {
      await fill(context, NAMES);
      const page = await firstPage(context, 3);
      const rest = await context.names({ cursor: page.cursor, limit: 1 });
      assert.deepEqual([...namesOf(context, page), ...rest].toSorted(compareKeys), NAMES);
    },
  },
  {
    title: "a cursor is printable ASCII text that can be sent in a URL",
    run: async (context) => {
      await fill(context, ["a ü&/1.txt", "a ü&/2.txt", "a ü&/3.txt"]);
      const { cursor } = await firstPage(context, 1);
      assert.match(cursor, /^[\x21-\x7e]+$/);
      const sent = new URLSearchParams(new URLSearchParams({ cursor }).toString()).get("cursor") ?? "";
      assert.equal((await context.names({ cursor: sent })).length, 2);
    },
  },
  {
    title: "a cursor from a listing with another prefix is refused with InvalidArgument",
    run: async (context) => {
      await fill(context, NAMES);
      const { cursor } = await firstPage(context, 3);
      await rejects("InvalidArgument", context.list({ prefix: "b/", cursor }));
    },
  },
  {
    title:
      "a cursor that was made without the delimiter is refused with InvalidArgument when it is used with the delimiter",
    run: async (context) => {
      await fill(context, NAMES);
      const { cursor } = await firstPage(context, 3);
      await rejects("InvalidArgument", context.list({ delimiter: "/", cursor }));
    },
  },
  {
    title: "an invalid cursor rejects with InvalidArgument",
    run: async (context) => {
      await fill(context, NAMES);
      for (const cursor of ["garbage", "a/1.txt", "😀", Buffer.from("[1,2,3]").toString("base64url")]) {
        await rejects("InvalidArgument", context.list({ cursor }));
      }
    },
  },
  {
    title: "an empty cursor rejects with InvalidArgument, and does not restart the listing",
    run: async (context) => {
      await fill(context, NAMES);
      await rejects("InvalidArgument", context.list({ cursor: "" }));
    },
  },
  {
    title: "a listing can start directly after any key, even after a key that no object has",
    needs: ["orderedList"],
    run: async (context) => {
      await fill(context, NAMES);
      for (const [after, first] of [
        ["a/1.txt", 2],
        ["a/10.txt", 2],
        ["a/4.txt", 5],
        ["a", 0],
      ] as const) {
        const page = await context.list({ after: context.key(after), limit: 3 });
        assert.deepEqual(namesOf(context, page), NAMES.slice(first, first + 3), `after ${after}`);
      }
    },
  },
  {
    title: "a listing that starts after a key can have several pages, and gives each later key once",
    needs: ["orderedList"],
    run: async (context) => {
      await fill(context, NAMES);
      assert.deepEqual(await context.names({ after: context.key("a/1.txt"), limit: 2 }), NAMES.slice(2));
    },
  },
  {
    title: "with the delimiter, a listing that starts after a common prefix skips the whole folder",
    needs: ["orderedList"],
    run: async (context) => {
      await fill(context, [...NAMES, "b.txt", "d/1.txt"]);
      for (const after of ["b/", "b/c/6.txt"]) {
        const page = await context.list({ after: context.key(after), delimiter: "/" });
        assert.deepEqual(
          [namesOf(context, page), page.prefixes],
          [[], [context.key("d/")]],
          `after ${after}`,
        );
      }
    },
  },
];
