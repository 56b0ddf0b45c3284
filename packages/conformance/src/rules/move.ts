import assert from "node:assert/strict";
import { isStorageError, type ObjectInfo, type StorageProvider } from "@stowage/core";
import type { CopyOptions } from "@stowage/core/provider";
import { rejects } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";

const ROUNDS = 20;

/** Moves an object with the provider's own `move`. */
async function move(
  { provider, key }: Pick<RuleContext, "provider" | "key">,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<ObjectInfo> {
  const info = await provider.move?.(key(from), key(to), options);
  assert.ok(info, "the provider has no move");
  return info;
}

async function look(provider: StorageProvider, key: string): Promise<ObjectInfo | undefined> {
  try {
    return await provider.head(key, {});
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Looks for the object again and again until a move has ended. Throws if neither key has the object. */
async function watch(
  { provider, key }: RuleContext,
  [from, to]: readonly [string, string],
  isMoving: () => boolean,
): Promise<void> {
  do {
    const found = (await look(provider, key(from))) ?? (await look(provider, key(to)));
    assert.ok(found, "the object is neither under its old key nor under its new key");
    if (provider.supports.metadata) assert.deepEqual(found.metadata, { author: "ada" });
  } while (isMoving());
}

/** The rules about `move`, for providers that have one. */
export const moveRules: readonly Rule[] = [
  {
    title: "the provider's own move gives the object its new key, and keeps the bytes, headers and metadata",
    needs: ["move"],
    run: async (context) => {
      const { put, head, holds, lacks, provider } = context;
      const metadata = provider.supports.metadata ? { author: "ada" } : undefined;
      await put("a.txt", "abc", { contentType: "text/x-own", cacheControl: "no-cache", metadata });
      await move(context, "a.txt", "new/b.md");
      await holds("new/b.md", "abc");
      const found = await head("new/b.md");
      const facts = [found.contentType, found.cacheControl, found.metadata];
      assert.deepEqual(facts, ["text/x-own", "no-cache", metadata]);
      await lacks("a.txt");
    },
  },
  {
    title: "the provider's own move returns the facts of the object under its new key",
    needs: ["move"],
    run: async (context) => {
      await context.put("a.txt", "abc");
      const info = await move(context, "a.txt", "b.txt");
      const { key, etag, ref } = await context.head("b.txt");
      assert.deepEqual([info.key, info.etag, info.ref], [key, etag, ref]);
    },
  },
  {
    title: "the provider's own move replaces the whole target",
    needs: ["move", "overwrite"],
    run: async (context) => {
      const { put, head, holds } = context;
      await put("a.txt", "abc");
      await put("b.txt", "a longer text", { cacheControl: "no-cache", contentType: "text/x-old" });
      await move(context, "a.txt", "b.txt");
      await holds("b.txt", "abc");
      const { cacheControl, contentType } = await head("b.txt");
      assert.deepEqual([cacheControl, contentType], [undefined, "text/plain"]);
    },
  },
  {
    title:
      "the provider's own move with a wrong sourceIfMatch rejects with PreconditionFailed and moves nothing",
    needs: ["move"],
    run: async (context) => {
      const { put, holds, lacks } = context;
      const { etag } = await put("a.txt", "first");
      await put("a.txt", "second");
      await rejects("PreconditionFailed", move(context, "a.txt", "b.txt", { sourceIfMatch: etag }));
      await holds("a.txt", "second");
      await lacks("b.txt");
    },
  },
  {
    title:
      "the provider's own create-only move onto an existing object rejects with AlreadyExists and leaves both objects unchanged",
    needs: ["move", "ifNoneMatch"],
    run: async (context) => {
      const { put, holds } = context;
      await put("a.txt", "abc");
      await put("b.txt", "taken");
      await rejects("AlreadyExists", move(context, "a.txt", "b.txt", { ifNoneMatch: "*" }));
      await holds("a.txt", "abc");
      await holds("b.txt", "taken");
    },
  },
  {
    title: "the provider's own create-only move to a free key moves the object",
    needs: ["move", "ifNoneMatch"],
    run: async (context) => {
      await context.put("a.txt", "abc");
      await move(context, "a.txt", "b.txt", { ifNoneMatch: "*" });
      await context.holds("b.txt", "abc");
      await context.lacks("a.txt");
    },
  },
  {
    title:
      "the provider's own move of a missing object rejects with NotFound and leaves the target unchanged",
    needs: ["move"],
    run: async (context) => {
      await context.put("b.txt", "abc");
      await rejects("NotFound", move(context, "missing.txt", "b.txt"));
      await context.holds("b.txt", "abc");
    },
  },
  {
    title: "a moved object has the write id of the move, and never the old write id",
    needs: ["move", "metadata"],
    run: async (context) => {
      await context.put("a.txt", "abc", { writeId: "write-1" });
      await move(context, "a.txt", "b.txt");
      assert.equal((await context.head("b.txt")).writeId, undefined);
      await move(context, "b.txt", "c.txt", { writeId: "write-2" });
      assert.equal((await context.head("c.txt")).writeId, "write-2");
    },
  },
  {
    title: "during a move, the object can be found at every moment, with its metadata",
    needs: ["move"],
    run: async (context) => {
      const metadata = context.provider.supports.metadata ? { author: "ada" } : undefined;
      for (let round = 0; round < ROUNDS; round++) {
        const names = [`a${round}.txt`, `b${round}.txt`] as const;
        await context.put(names[0], "abc", { metadata });
        let isMoving = true;
        const moved = move(context, ...names).finally(() => (isMoving = false));
        await Promise.all([moved, watch(context, names, () => isMoving)]);
      }
    },
  },
  {
    title: "an object that is written during a move is not lost",
    needs: ["move"],
    run: async (context) => {
      const { provider, key, put, read } = context;
      for (let round = 0; round < ROUNDS; round++) {
        const names = [`a${round}.txt`, `b${round}.txt`] as const;
        await put(names[0], "first");
        await Promise.all([put(names[0], "second"), move(context, ...names)]);
        const kept = [];
        for (const name of names) {
          if ((await look(provider, key(name))) !== undefined)
            kept.push(String(Buffer.from(await read(name))));
        }
        assert.ok(kept.includes("second"), `kept: ${kept.join(", ")}`);
      }
    },
  },
];
