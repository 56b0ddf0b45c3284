import { PutObjectCommand } from "@aws-sdk/client-s3";
import { createStorage } from "@stowage/core";
import { toBody } from "@stowage/core/provider";
import assert from "node:assert/strict";
import { mocked, refusal } from "../../../packages/s3/src/mocked.test-support.js";
import { MIB, patterned } from "../contents.js";
import { codeOf } from "../outcomes.js";
import { throughProxy } from "./through-proxy.js";
import { edit, type Trap } from "./trap.js";

export const CONDITION_TRAPS: readonly Trap[] = [
  {
    about: "conditions",
    title:
      "Ceph 16 refuses the right ETag in If-Match with its quotes: a conditional put succeeds with it, and fails with another",
    on: ["ceph"],
    run: async ({ storage, provider }) => {
      const { etag = "" } = await storage().put("a", "first");
      const own = provider();
      assert.equal(
        await codeOf(own.put("a", await toBody("other"), { ifMatch: '"0"' })),
        "PreconditionFailed",
      );
      await own.put("a", await toBody("second"), { ifMatch: etag });
      assert.equal(await (await storage().get("a")).text(), "second");
    },
    without: [edit("s3/src/store.ts", "dialect.bareIfMatch ?", "dialect.bareIfMatch && false ?")],
  },
  {
    about: "conditions",
    title:
      "Ceph 16 overwrites in silence when an upload in parts is create-only: it is refused before a byte moves",
    on: ["ceph"],
    run: async ({ storage }) => {
      await storage().put("a", "first");
      const large = patterned(6 * MIB);
      assert.equal(await codeOf(storage().put("a", large, { ifNoneMatch: "*" })), "Unsupported");
      assert.equal(await (await storage().get("a")).text(), "first");
    },
    without: [
      edit(
        "s3/src/upload/begin.ts",
        "  if (dialect.conditionalComplete) return;\n",
        "  if (dialect !== undefined) return;\n",
      ),
    ],
  },
  {
    about: "conditions",
    title: "Ceph of every version ignores that a copy is create-only: it is kept all the same",
    on: ["ceph", "ceph-newest"],
    run: async ({ storage }) => {
      await storage().put("a", "new");
      await storage().put("b", "old");
      assert.equal(await codeOf(storage().copy("a", "b", { ifNoneMatch: "*" })), "AlreadyExists");
      assert.equal(await (await storage().get("b")).text(), "old");
      await storage().copy("a", "c", { ifNoneMatch: "*" });
      assert.equal(await (await storage().get("c")).text(), "new");
    },
    without: [
      edit(
        "s3/src/copy.ts",
        "ifNoneMatch !== undefined && !store.dialect.conditionalCopy",
        "store.bucket === undefined",
      ),
    ],
  },
  {
    about: "conditions",
    title: "Ceph 16 ignores the condition of a delete: it is refused, and the object stays",
    on: ["ceph"],
    run: async ({ storage }) => {
      await storage().put("a", "x");
      assert.equal(await codeOf(storage().delete("a", { ifMatch: '"0"' })), "Unsupported");
      assert.equal(await storage().exists("a"), true);
    },
    without: [
      edit("s3/src/s3.ts", "conditionalDelete: dialect.conditionalDelete", "conditionalDelete: true"),
    ],
  },
  {
    about: "conditions",
    title: "Swift answers 501 to conditional puts: they are refused before a byte moves",
    on: ["swift"],
    run: async (real) => {
      await throughProxy(
        real,
        {},
        () => ({}),
        async (storage, proxy) => {
          assert.equal(await codeOf(storage.put("a", "x", { ifNoneMatch: "*" })), "Unsupported");
          assert.deepEqual(proxy.heads, []);
        },
      );
    },
    without: [edit("s3/src/s3.ts", "ifNoneMatch: dialect.conditionalPut", "ifNoneMatch: true")],
  },
  {
    about: "conditions",
    title:
      "Amazon answers 409 besides 412 when two conditional writes meet: the write is sent again, and the next answer decides",
    mocked: true,
    run: async () => {
      const { mock, provider } = mocked();
      const storage = createStorage(provider, { retry: { baseMs: 1 } });
      const conflict = refusal("ConditionalRequestConflict", 409);
      mock.on(PutObjectCommand).rejectsOnce(conflict).resolvesOnce({ ETag: '"e"' });
      await storage.put("free", "x", { ifNoneMatch: "*" });
      mock.on(PutObjectCommand).rejectsOnce(conflict).rejects(refusal("PreconditionFailed", 412));
      const code = await codeOf(storage.put("taken", "x", { ifNoneMatch: "*" }));
      mock.restore();
      assert.equal(code, "AlreadyExists");
    },
    without: [edit("s3/src/server/codes.ts", "  ConditionalRequestConflict: BUSY_KEY,\n", "")],
  },
];
