import { DeleteObjectCommand, DeleteObjectsCommand } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { mocked, refusal } from "../../../packages/s3/src/mocked.test-support.js";
import { throughProxy } from "./through-proxy.js";
import { edit, type Trap } from "./trap.js";

export const DELETE_TRAPS: readonly Trap[] = [
  {
    about: "batch deletes",
    title:
      "Swift and older servers insist on Content-MD5 for batch deletes, for which the SDK has no option: it is sent",
    on: ["swift"],
    run: async ({ storage, provider }) => {
      await storage().put("a", "x");
      assert.deepEqual(await provider().deleteMany?.(["a", "missing"], {}), []);
      assert.equal(await storage().exists("a"), false);
    },
    without: [edit("s3/src/sdk/load.ts", "dialect.deletesWithMd5", "false")],
    withoutOwn: [edit("s3/src/wire/commands.ts", "if (deletesWithMd5) {", "if (!deletesWithMd5) {")],
  },
  {
    about: "batch deletes",
    title: "A request takes at most 1,000 keys: more go in several",
    run: async ({ storage, provider }) => {
      const keys = Array.from({ length: 1001 }, (_, index) => `k/${index}`);
      await storage().put("k/1000", "x");
      assert.deepEqual(await provider().deleteMany?.(keys, {}), []);
      assert.equal(await storage().exists("k/1000"), false);
    },
    without: [edit("s3/src/delete.ts", "const KEYS_MAX = 1000;", "const KEYS_MAX = 100_000;")],
  },
  {
    about: "batch deletes",
    title: "A request without keys is an error of the server: none is sent",
    on: ["swift", "ceph-newest"],
    run: async ({ provider }) => {
      assert.deepEqual(await provider().deleteMany?.([], {}), []);
    },
    without: [edit("s3/src/delete.ts", "done < keys.length", "done <= keys.length")],
  },
  {
    about: "batch deletes",
    title: "Failures of single keys come with status 200: each is told",
    mocked: true,
    run: async () => {
      const { mock, provider } = mocked();
      mock.on(DeleteObjectsCommand).resolves({
        Deleted: [{ Key: "a" }],
        Errors: [{ Key: "b", Code: "AccessDenied" }],
      });
      const failures = await provider.deleteMany?.(["a", "b"], {});
      mock.restore();
      assert.deepEqual(
        failures?.map(({ key }) => key),
        ["b"],
      );
    },
    without: [
      edit("s3/src/requests/bucket-requests.ts", ".filter((key) => !gone.has(key))", ".filter(() => false)"),
    ],
  },
  {
    about: "batch deletes",
    title: "Where batches are not implemented keys are deleted one by one",
    mocked: true,
    run: async () => {
      const { mock, provider } = mocked();
      mock.on(DeleteObjectsCommand).rejects(refusal("NotImplemented", 501));
      mock.on(DeleteObjectCommand).resolves({ $metadata: { httpStatusCode: 204 } });
      const failures = await provider.deleteMany?.(["a", "b"], {});
      const calls = mock.commandCalls(DeleteObjectCommand);
      mock.restore();
      assert.deepEqual(failures, []);
      assert.equal(calls.length, 2);
    },
    without: [edit("s3/src/delete.ts", 'if (isStorageError(error, "Unsupported")) return undefined;', "")],
  },
  {
    about: "batch deletes",
    title:
      "A server that does not know the word after the question mark takes DELETE /bucket?word for DeleteBucket: no such request is ever sent",
    run: async (real) => {
      await throughProxy(
        real,
        {},
        () => ({}),
        async (storage, proxy) => {
          await storage.put("a", "x");
          await storage.delete("a");
          await storage.deleteMany(["a"]);
          const deletes = proxy.heads.filter((head) => head.startsWith("delete "));
          assert.ok(deletes.length > 0);
          for (const head of deletes) assert.match(head, new RegExp(`^delete /${real.bucket}/[^? ]+[? ]`));
        },
      );
    },
    without: [
      edit(
        "s3/src/requests/object-requests.ts",
        'send("DeleteObject", { Bucket, Key, VersionId, IfMatch })',
        'send("DeleteObject", { Bucket } as never)',
      ),
    ],
  },
];
