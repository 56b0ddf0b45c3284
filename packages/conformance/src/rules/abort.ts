import assert from "node:assert/strict";
import { isStorageError } from "@stowage/core";
import { handled, rejects, rejectsWith, sameBytes } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";
import { gated, pattern, watched } from "../sources.js";

const REASON = new Error("the user has left");

/** Makes the rule for a call with a signal that was aborted before the call. */
function refusesAborted(
  verb: string,
  call: (context: RuleContext, signal: AbortSignal) => Promise<unknown>,
  needs: Rule["needs"] = [],
): Rule {
  return {
    needs,
    title: `${verb} with an aborted signal rejects with the signal's reason, unchanged`,
    run: async (context) => {
      await context.put("a.txt", "abc");
      await rejectsWith(REASON, call(context, AbortSignal.abort(REASON)));
      await context.holds("a.txt", "abc");
    },
  };
}

/**
 * Starts a put of a source that stops in the middle, and aborts the put. Then checks that the put rejects with the reason of
 * the abort. Returns the source.
 */
async function abortHalfway({ put }: RuleContext, reason: unknown): Promise<ReturnType<typeof gated>> {
  const source = gated(pattern(200_000));
  const controller = new AbortController();
  const done = put("a.bin", source.stream, { signal: controller.signal });
  const expected = handled(rejectsWith(reason, done));
  await Promise.race([source.begun, expected]);
  controller.abort(reason);
  await expected;
  return source;
}

/** The rules about aborts. */
export const abortRules: readonly Rule[] = [
  {
    title: "a put with an aborted signal rejects with the signal's reason, reads nothing and writes nothing",
    run: async ({ put, lacks }) => {
      const source = watched();
      await rejectsWith(REASON, put("a.txt", source.body, { signal: AbortSignal.abort(REASON) }));
      assert.equal(source.touched(), false);
      await lacks("a.txt");
    },
  },
  refusesAborted("get", ({ get }, signal) => get("a.txt", { signal })),
  refusesAborted("head", ({ head }, signal) => head("a.txt", { signal })),
  refusesAborted("list", ({ list }, signal) => list({ signal }), ["list"]),
  refusesAborted("delete", ({ remove }, signal) => remove("a.txt", { signal })),
  refusesAborted("copy", ({ storage, key }, signal) => storage.copy(key("a.txt"), key("b.txt"), { signal })),
  {
    title: "a put that is aborted in the middle rejects with the reason and writes nothing",
    run: async (context) => {
      const source = await abortHalfway(context, REASON);
      source.open();
      await context.lacks("a.bin");
    },
  },
  {
    title: "a put that is aborted in the middle closes its source",
    run: async (context) => {
      const source = await abortHalfway(context, REASON);
      assert.ok(source.stream.destroyed, "the source is still open");
      source.open();
    },
  },
  {
    title: "a put that is aborted in the middle leaves the old object unchanged",
    needs: ["overwrite"],
    run: async (context) => {
      const { etag } = await context.put("a.bin", "the old one");
      (await abortHalfway(context, REASON)).open();
      await context.holds("a.bin", "the old one");
      assert.equal((await context.head("a.bin")).etag, etag);
    },
  },
  {
    title: "an abort reason that is not an Error is passed on unchanged",
    run: async (context) => {
      (await abortHalfway(context, "just because")).open();
      const signal = AbortSignal.abort(42);
      await rejectsWith(42, context.head("a.bin", { signal }));
      await context.lacks("a.bin");
    },
  },
  {
    title: "the facade passes on the reason of an abort unchanged",
    run: async ({ storage, key, lacks }) => {
      const source = gated(pattern(200_000));
      const controller = new AbortController();
      const { signal } = controller;
      const done = handled(rejectsWith(REASON, storage.put(key("a.bin"), source.stream, { signal })));
      await Promise.race([source.begun, done]);
      controller.abort(REASON);
      await done;
      source.open();
      await lacks("a.bin");
    },
  },
  {
    title: "the key can be written after an abort",
    run: async (context) => {
      (await abortHalfway(context, REASON)).open();
      await context.put("a.bin", "second try");
      await context.holds("a.bin", "second try");
    },
  },
  {
    title: "an abort has no effect after the put has resolved",
    run: async ({ put, holds }) => {
      const controller = new AbortController();
      await put("a.txt", "abc", { signal: controller.signal });
      controller.abort(REASON);
      await holds("a.txt", "abc");
    },
  },
  {
    title: "an aborted read never returns a truncated body as if it were complete",
    run: async ({ storage, put, key, provider }) => {
      const bytes = pattern(2 * 1024 * 1024);
      await put("a.bin", bytes);
      const controller = new AbortController();
      const object = await storage.get(key("a.bin"), { signal: controller.signal });
      controller.abort(REASON);
      const found = await object.bytes().catch((error: unknown) => {
        assert.ok(error === REASON || isStorageError(error), `failed with ${String(error)}`);
      });
      if (found !== undefined && provider.supports.byteExact) sameBytes(found, bytes);
    },
  },
  {
    title: "a signal that is never aborted changes nothing",
    needs: ["list"],
    run: async ({ put, read, head, list, remove, lacks }) => {
      const { signal } = new AbortController();
      await put("a.txt", "abc", { signal });
      assert.equal((await read("a.txt", { signal })).byteLength, 3);
      assert.equal((await head("a.txt", { signal })).size, 3);
      assert.equal((await list({ signal })).objects.length, 1);
      await remove("a.txt", { signal });
      await lacks("a.txt");
    },
  },
  {
    title:
      "if the source of a put stops giving bytes, timeoutMs ends the put with Timeout, and nothing is written",
    run: async ({ storage, key, lacks }) => {
      const source = gated(pattern(200_000));
      await rejects("Timeout", storage.put(key("a.bin"), source.stream, { timeoutMs: 30 }));
      source.open();
      await lacks("a.bin");
    },
  },
];
