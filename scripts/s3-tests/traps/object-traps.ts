import { createStorage } from "@stowage/core";
import { objectTags, withObjectOptions, type ObjectOptions } from "@stowage/s3";
import assert from "node:assert/strict";
import { MIB, patterned, streamed } from "../contents.js";
import { codeOf } from "../outcomes.js";
import { edit, type Edit, type Trap } from "./trap.js";

const LARGE = patterned(6 * MIB);

/** What a server answers about encryption is not looked at. */
const UNASKED: Edit = edit(
  "s3/src/upload/encrypted.ts",
  "if (wanted === undefined || wanted === encryption) return;",
  "if (wanted !== encryption) return;",
);

const CUSTOMER: ObjectOptions = { encryption: { type: "customer", key: new Uint8Array(32).fill(1) } };

export const OBJECT_TRAPS: readonly Trap[] = [
  {
    about: "objects",
    title: "Ceph 16 ignores AES256 in silence: the put fails before a byte is readable",
    on: ["ceph"],
    run: async ({ storage }) => {
      const files = storage({ dialect: "generic", objects: { encryption: { type: "AES256" } } });
      assert.equal(await codeOf(files.put("a", "abc")), "Unsupported");
      assert.equal(await storage().exists("a"), false);
    },
    without: [UNASKED],
  },
  {
    about: "objects",
    title:
      "Swift ignores a key of one's own in silence, and anybody reads the object without it: the put fails",
    on: ["swift"],
    run: async ({ storage }) => {
      const files = storage({ dialect: "generic", objects: CUSTOMER });
      assert.equal(await codeOf(files.put("a", "abc")), "Unsupported");
      assert.equal(await codeOf(files.put("b", streamed(LARGE))), "Unsupported");
      assert.equal(await storage().exists("a"), false);
    },
    without: [UNASKED],
  },
  {
    about: "objects",
    title:
      "Ceph 16 does not copy what is encrypted with a key of one's own: it is copied through this process",
    on: ["ceph"],
    run: async ({ storage }) => {
      const files = storage({ objects: CUSTOMER });
      await files.put("a", "abc");
      await files.copy("a", "b");
      assert.equal(await (await files.get("b")).text(), "abc");
    },
    without: [
      edit(
        "s3/src/copy.ts",
        'if (isStorageError(error, "Unsupported") && error.status === 501) return undefined;',
        "",
      ),
    ],
  },
  {
    about: "objects",
    title: "Ceph 16 loses the tags that an upload in parts was begun with: they are set again",
    on: ["ceph"],
    run: async ({ provider }) => {
      const own = withObjectOptions(provider(), { tags: { a: "b" } });
      await createStorage(own).put("a", streamed(LARGE));
      assert.deepEqual(await objectTags(own, "a"), { a: "b" });
    },
    without: [
      edit(
        "s3/src/upload/part-upload.ts",
        "if (tags === undefined || store.dialect.tagsOfUploads) return;",
        'if (tags === undefined || store.name !== "") return;',
      ),
    ],
  },
  {
    about: "objects",
    title: "Ceph takes the plus in a tag for a plus: a space is %20",
    on: ["ceph", "ceph-newest"],
    run: async ({ provider }) => {
      const own = withObjectOptions(provider(), { tags: { "a b": "c d" } });
      await createStorage(own).put("a", "abc");
      assert.deepEqual(await objectTags(own, "a"), { "a b": "c d" });
    },
    without: [
      edit(
        "s3/src/requests/object-fields.ts",
        "`${encodeURIComponent(name)}=${encodeURIComponent(value)}`",
        "new URLSearchParams([[name, value]]).toString()",
      ),
    ],
  },
];
