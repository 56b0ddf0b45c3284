import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import type { BodyInput } from "@stowage/core";
import { rejectsWith } from "../expect.js";
import type { Need, Rule, RuleContext } from "../rule.js";
import { gated, nodeStream, pattern } from "../sources.js";

const REFUSED = new Error("another process has the key");
const SMALL = pattern(3000);
const LARGE = pattern(200_001);
/** A size for a large body. By default, no provider sends a body of this size in one piece. */
const HUGE_BYTES = 12 * 1024 * 1024 + 1;

function refuse(): never {
  throw REFUSED;
}

const streamed = (bytes: Uint8Array): Readable => nodeStream(bytes, 60_000);

/** Makes the rule for a put that `beforeCommit` refuses. */
function refusesPut(what: string, body: () => BodyInput, largest?: number): Rule {
  return {
    title: `if beforeCommit throws during a put of ${what}, the put rejects with that error, and the old object stays`,
    needs: ["beforeCommit", "overwrite"],
    largest,
    run: async ({ put, holds }) => {
      await put("a.bin", "old");
      await rejectsWith(REFUSED, put("a.bin", body(), { beforeCommit: refuse }));
      await holds("a.bin", "old");
    },
  };
}

/** Makes the rule for a delete, a copy or a move that is refused at its last moment. Both objects must stay unchanged. */
function refuses(
  verb: "delete" | "copy" | "move",
  call: (context: RuleContext, from: string, to: string) => Promise<unknown>,
  needs: readonly Need[] = [],
): Rule {
  return {
    title: `if beforeCommit throws during a ${verb}, the ${verb} rejects with that error, and nothing is changed`,
    needs: ["beforeCommit", ...needs],
    run: async (context) => {
      const { put, holds, lacks, key } = context;
      await put("a.bin", "old");
      await rejectsWith(REFUSED, call(context, key("a.bin"), key("b.bin")));
      await holds("a.bin", "old");
      await lacks("b.bin");
    },
  };
}

/** The rules about `beforeCommit`. With `beforeCommit`, a caller can stop a change up to its last moment. */
export const beforeCommitRules: readonly Rule[] = [
  refusesPut("bytes", () => SMALL),
  refusesPut("200,001 bytes", () => LARGE),
  refusesPut("a stream", () => streamed(LARGE)),
  refusesPut("a stream that is sent in parts", () => streamed(pattern(HUGE_BYTES)), HUGE_BYTES),
  refuses("delete", ({ provider }, from) => provider.delete(from, { beforeCommit: refuse })),
  refuses("copy", async ({ provider }, from, to) => provider.copy?.(from, to, { beforeCommit: refuse }), [
    "copy",
  ]),
  refuses("move", async ({ provider }, from, to) => provider.move?.(from, to, { beforeCommit: refuse }), [
    "move",
  ]),
  {
    title: "after beforeCommit has refused a put, the key can be written at once",
    needs: ["beforeCommit"],
    run: async ({ put, holds, lacks }) => {
      await rejectsWith(REFUSED, put("a.bin", streamed(LARGE), { beforeCommit: refuse }));
      await lacks("a.bin");
      await put("a.bin", LARGE);
      await holds("a.bin", LARGE);
    },
  },
  {
    title: "each write or delete calls beforeCommit before it resolves",
    needs: ["beforeCommit"],
    run: async ({ provider, key, put, remove, holds, lacks }) => {
      const calls: string[] = [];
      const noted = (what: string) => (): void => void calls.push(what);
      await put("a.bin", SMALL, { beforeCommit: noted("put") });
      await put("b.bin", streamed(LARGE), { beforeCommit: noted("stream") });
      await holds("b.bin", LARGE);
      await provider.copy?.(key("a.bin"), key("c.bin"), { beforeCommit: noted("copy") });
      await provider.move?.(key("b.bin"), key("d.bin"), { beforeCommit: noted("move") });
      await remove("a.bin", { beforeCommit: noted("delete") });
      await lacks("a.bin");
      const called = [...new Set(calls)];
      const copied = provider.copy === undefined ? [] : ["copy"];
      const moved = provider.move === undefined ? [] : ["move"];
      assert.deepEqual(called, ["put", "stream", ...copied, ...moved, "delete"]);
    },
  },
  {
    title: "a put does not call beforeCommit before the source has given all its bytes",
    needs: ["beforeCommit"],
    run: async ({ put, holds }) => {
      const source = gated(LARGE);
      let isOpen = false;
      const seen: boolean[] = [];
      const stored = put("a.bin", source.stream, { beforeCommit: () => void seen.push(isOpen) });
      await source.begun;
      isOpen = true;
      source.open();
      await stored;
      await holds("a.bin", LARGE);
      assert.ok(
        seen.length > 0 && seen.every(Boolean),
        `beforeCommit must be called after the source has opened; was the source open at the calls? [${seen.join(", ")}]`,
      );
    },
  },
];
