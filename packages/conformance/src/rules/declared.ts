import assert from "node:assert/strict";
import type { StoragePutOptions } from "@stowage/core";
import { rejects } from "../expect.js";
import type { Rule } from "../rule.js";
import { watched } from "../sources.js";

/** Makes the rule for an option of put that the provider does not support. */
function refuses(
  title: string,
  flag: "ifNoneMatch" | "ifMatch" | "metadata",
  options: StoragePutOptions,
): Rule {
  return {
    title,
    needs: [`!${flag}`],
    run: async ({ storage, key, lacks }) => {
      const source = watched();
      await rejects("Unsupported", storage.put(key("a.txt"), source.body, options));
      assert.equal(source.touched(), false);
      await lacks("a.txt");
    },
  };
}

/**
 * The rules about the declarations of a provider. If a call needs a feature that the provider does not support, the provider
 * must refuse the call.
 */
export const declaredRules: readonly Rule[] = [
  refuses(
    "if the provider has no create-only writes, ifNoneMatch is refused with Unsupported before the source is read",
    "ifNoneMatch",
    { ifNoneMatch: "*" },
  ),
  refuses(
    "if the provider has no conditional writes, ifMatch is refused with Unsupported before the source is read",
    "ifMatch",
    {
      ifMatch: '"abc"',
    },
  ),
  refuses(
    "if the provider keeps no metadata, a put with metadata is refused with Unsupported before the source is read",
    "metadata",
    {
      metadata: { author: "ada" },
    },
  ),
  {
    title: "if the provider has no create-only writes, a create-only copy is refused with Unsupported",
    needs: ["!ifNoneMatch"],
    run: async ({ storage, put, key, lacks }) => {
      await put("a.txt", "abc");
      await rejects("Unsupported", storage.copy(key("a.txt"), key("b.txt"), { ifNoneMatch: "*" }));
      await lacks("b.txt");
    },
  },
  {
    title: "if the provider has no range reads, a get with a range is refused with Unsupported",
    needs: ["!range"],
    run: async ({ storage, put, key }) => {
      await put("a.txt", "0123456789");
      await rejects("Unsupported", storage.get(key("a.txt"), { range: { offset: 2 } }));
    },
  },
  {
    title:
      "if the provider has no conditional deletes, a delete with ifMatch is refused with Unsupported, and the object stays",
    needs: ["!conditionalDelete"],
    run: async ({ storage, put, key, holds }) => {
      const { etag } = await put("a.txt", "abc");
      await rejects("Unsupported", storage.delete(key("a.txt"), { ifMatch: etag }));
      await holds("a.txt", "abc");
    },
  },
  {
    title: "if the provider cannot store empty objects, a body of zero bytes is refused with Unsupported",
    needs: ["!emptyObject"],
    run: async ({ storage, key, lacks }) => {
      await rejects("Unsupported", storage.put(key("a.txt"), ""));
      await lacks("a.txt");
    },
  },
  {
    title:
      "if the provider cannot overwrite, a put of a taken key rejects with AlreadyExists and leaves the old object unchanged",
    needs: ["!overwrite"],
    run: async ({ put, head, holds }) => {
      const { etag } = await put("a.txt", "first");
      await rejects("AlreadyExists", put("a.txt", "second"));
      await holds("a.txt", "first");
      assert.equal((await head("a.txt")).etag, etag);
    },
  },
  {
    title:
      "if the provider cannot overwrite, a copy onto a taken key rejects with AlreadyExists and leaves the old object unchanged",
    needs: ["!overwrite"],
    run: async ({ storage, put, key, holds }) => {
      await put("a.txt", "abc");
      await put("b.txt", "taken");
      await rejects("AlreadyExists", storage.copy(key("a.txt"), key("b.txt")));
      await holds("b.txt", "taken");
    },
  },
  {
    title: "if the provider has no ordered listings, a listing still shows every object once",
    needs: ["!orderedList", "list"],
    run: async ({ put, names }) => {
      for (const name of ["c.txt", "a.txt", "b/d.txt"]) await put(name, "abc");
      for (const limit of [1, 2, 5]) assert.deepEqual(await names({ limit }), ["a.txt", "b/d.txt", "c.txt"]);
    },
  },
  {
    title:
      "list, listPage and deletePrefix are refused with Unsupported if the provider has no listings, and nothing is deleted",
    needs: ["!list"],
    run: async ({ storage, put, prefix, list, holds }) => {
      await put("a.txt", "abc");
      await rejects("Unsupported", list());
      await rejects("Unsupported", storage.listPage({ prefix }));
      await rejects("Unsupported", storage.list({ prefix })[Symbol.asyncIterator]().next());
      await rejects("Unsupported", storage.deletePrefix(prefix));
      await holds("a.txt", "abc");
    },
  },
  {
    title: "if the provider may change bytes, an object can still be read and is not empty",
    needs: ["!byteExact"],
    run: async ({ put, read }) => {
      await put("a.txt", "something");
      assert.notEqual((await read("a.txt")).byteLength, 0);
    },
  },
  {
    title: "a body larger than objectBytesMax is refused with TooLarge before the source is read",
    needs: ["objectLimit"],
    run: async ({ storage, provider, key, lacks }) => {
      const source = watched();
      const size = provider.supports.objectBytesMax + 1;
      await rejects("TooLarge", storage.put(key("a.bin"), source.body, { size }));
      assert.equal(source.touched(), false);
      await lacks("a.bin");
    },
  },
];
