import assert from "node:assert/strict";
import { ERROR_CODES, StorageError, isStorageError } from "@stowage/core";
import { rejects } from "../expect.js";
import type { Rule } from "../rule.js";

/** The rules about errors. */
export const errorRules: readonly Rule[] = [
  {
    title: "an error carries the operation",
    run: async ({ get, head, storage, key }) => {
      assert.equal((await rejects("NotFound", get("missing.txt"))).operation, "get");
      assert.equal((await rejects("NotFound", head("missing.txt"))).operation, "head");
      const copying = await rejects("NotFound", storage.copy(key("missing.txt"), key("b.txt")));
      assert.match(copying.operation, /^(copy|get|head)$/);
    },
  },
  {
    title: "an error carries the key",
    run: async ({ get, head, key }) => {
      for (const call of [get, head]) {
        assert.equal((await rejects("NotFound", call("missing.txt"))).key, key("missing.txt"));
      }
    },
  },
  {
    title: "an error carries the name of the provider",
    run: async ({ provider, get }) => {
      assert.equal((await rejects("NotFound", get("missing.txt"))).provider, provider.name);
    },
  },
  {
    title: "an error of a read says that nothing was applied",
    run: async ({ get, head }) => {
      for (const call of [get, head]) {
        assert.equal((await rejects("NotFound", call("missing.txt"))).applied, "no");
      }
    },
  },
  {
    title: "the error for a missing object is not retryable",
    run: async ({ get, head }) => {
      for (const call of [get, head]) {
        assert.equal((await rejects("NotFound", call("missing.txt"))).retryable, false);
      }
    },
  },
  {
    title: "an error is a StorageError with a known code",
    run: async ({ get, list }) => {
      for (const call of [() => get("missing.txt"), () => list({ cursor: "garbage" })]) {
        const error: unknown = await call().catch((reason: unknown) => reason);
        assert.ok(error instanceof Error && isStorageError(error), `${String(error)} is no StorageError`);
        assert.notEqual(ERROR_CODES[error.code], undefined);
      }
    },
  },
  {
    title: "the message of an error names the operation and the key",
    run: async ({ get, key }) => {
      const { message } = await rejects("NotFound", get('odd "key".txt'));
      const start = `Cannot get ${JSON.stringify(key('odd "key".txt'))}: `;
      assert.equal(message.slice(0, start.length), start);
    },
  },
  {
    title: "the facade passes on a StorageError unchanged",
    run: async ({ provider, createStorage, key }) => {
      const error = new StorageError("Archived", "the object must be restored first", {
        operation: "get",
        provider: provider.name,
        key: key("a.txt"),
      });
      const storage = createStorage({ ...provider, get: () => Promise.reject(error) });
      assert.equal(await rejects("Archived", storage.get(key("a.txt"))), error);
    },
  },
  {
    title: "the facade turns any other error into Unknown, with that error as its cause",
    run: async ({ provider, createStorage, key }) => {
      const foreign = new RangeError("not one of ours");
      const storage = createStorage({ ...provider, head: () => Promise.reject(foreign) });
      const error = await rejects("Unknown", storage.head(key("a.txt")));
      assert.deepEqual([error.cause, error.operation, error.key], [foreign, "head", key("a.txt")]);
    },
  },
];
