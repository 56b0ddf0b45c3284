import { createStorage, isStorageError } from "@stowage/core";
import { blockPublicAccess } from "@stowage/s3/setup";
import assert from "node:assert/strict";
import { MIB, digestAt, digestOf, patterned, streamed } from "../contents.js";
import { codeOf } from "../outcomes.js";
import { throughProxy } from "./through-proxy.js";
import { edit, type Trap } from "./trap.js";

const HOUR_MS = 3_600_000;

export const ERROR_TRAPS: readonly Trap[] = [
  {
    about: "errors",
    title: "The SDK has no name for an answer without a body: a missing object is NotFound at head too",
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage().head("missing")), "NotFound");
      assert.equal(await storage().exists("missing"), false);
    },
    without: [
      edit(
        "s3/src/server/errors.ts",
        '  if (status === 404) return ["NotFound", "there is no such object"];\n',
        "",
      ),
    ],
  },
  {
    about: "errors",
    title: "HEAD answers alike for a missing object and a missing bucket: the bucket is Misconfigured",
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage({ bucket: "no-such-bucket" }).head("a")), "Misconfigured");
    },
    without: [
      edit(
        "s3/src/head.ts",
        'throw await explainMissing(store, { operation: "head", key, signal, versionId }, error);',
        "void explainMissing; throw error;",
      ),
    ],
  },
  {
    about: "errors",
    title: "HEAD answers alike for missing rights and wrong credentials: these are Unauthenticated",
    run: async ({ storage, server }) => {
      const credentials = { ...server.credentials, secretAccessKey: "wrong" };
      assert.equal(await codeOf(storage({ credentials }).head("a")), "Unauthenticated");
    },
    without: [
      edit(
        "s3/src/head.ts",
        'throw await explainMissing(store, { operation: "head", key, signal, versionId }, error);',
        "void explainMissing; throw error;",
      ),
    ],
  },
  {
    about: "errors",
    title: "Ceph gives no message, and the SDK makes it UnknownError: ours says what, where and why",
    on: ["ceph", "ceph-newest"],
    run: async ({ storage, server }) => {
      const credentials = { ...server.credentials, secretAccessKey: "wrong" };
      const error: unknown = await storage({ credentials })
        .put("a", "x")
        .catch((failure: unknown) => failure);
      assert.ok(isStorageError(error));
      assert.equal(error.message, 'Cannot put "a": the signature does not match: is the secret key right?');
    },
    without: [
      edit(
        "s3/src/server/errors.ts",
        "return new StorageError(code, reason, {",
        "return new StorageError(code, String((failure.cause as Error).message), {",
      ),
    ],
  },
  {
    about: "errors",
    title:
      "A clock that is wrong by an hour is corrected by the SDK only when it retries: the first request succeeds",
    run: async ({ storage }) => {
      const { now } = Date;
      Date.now = () => now() + HOUR_MS;
      try {
        await storage().put("a", "x");
      } finally {
        Date.now = now;
      }
    },
    without: [
      edit(
        "s3/src/connection/failure.ts",
        "clockOffsetMs())) throw error;\n      return await send();",
        "clockOffsetMs())) throw error;\n    throw error;",
      ),
    ],
  },
  {
    about: "errors",
    title:
      "Completing twice is an error 500 on Ceph and 404 elsewhere: when the answer was lost the server is asked what is there",
    run: async (real) => {
      let left = 1;
      const lose = ({ line }: { readonly line: string }): { resetAfterReceivedBytes?: number } =>
        /^POST \S+\?uploadId=/.test(line) && left-- > 0 ? { resetAfterReceivedBytes: 0 } : {};
      const content = patterned(12 * MIB);
      await throughProxy(real, {}, lose, async (storage, proxy) => {
        await storage.put("a", streamed(content));
        assert.equal(await digestAt(storage, "a"), digestOf(content));
        assert.equal(proxy.heads.filter((head) => /^post \S+\?uploadid=/.test(head)).length, 1);
      });
    },
    without: [
      edit(
        "s3/src/upload/complete.ts",
        "const found = await findOwn(store, write, stop.signal, parts);",
        "const found = (await Promise.resolve()) as undefined;",
      ),
    ],
  },
  {
    about: "errors",
    title: "Swift signs for one region alone and says so in words of its own: another one is Misconfigured",
    on: ["swift"],
    run: async ({ storage }) => {
      assert.equal(await codeOf(storage({ region: "eu-west-1" }).get("a")), "Misconfigured");
    },
    without: [edit("s3/src/server/errors.ts", 'code === "AuthorizationHeaderMalformed" ||', "")],
  },
  {
    about: "errors",
    title:
      "The newest Ceph sends more than it announces when public access is not blocked: no request comes after it on that connection",
    on: ["ceph-newest"],
    run: async (real) => {
      await throughProxy(
        real,
        {},
        () => ({}),
        async (_storage, proxy) => {
          const provider = real.provider({ endpoint: proxy.endpoint });
          await blockPublicAccess(provider);
          await createStorage(provider).put("a", "abc");
          const connections = proxy.heads.map((head) => /^connection: (.*)$/m.exec(head)?.[1]);
          assert.deepEqual(connections, ["close", "close", "keep-alive"]);
          await provider.close?.();
        },
      );
    },
    without: [edit("s3/src/sdk/load.ts", 'headers["connection"] = "close";', "void 0;")],
  },
];
