import assert from "node:assert/strict";
import { rejects, rejectsType, sameBytes } from "../expect.js";
import type { Rule } from "../rule.js";

const HOUR_MS = 3_600_000;

/** The rules about conditional reads. Callers that already have a copy of the object use conditional reads. */
export const readConditionRules: readonly Rule[] = [
  {
    title:
      "a read with ifNoneMatch rejects with NotModified if the ETag matches, and otherwise reads the object",
    run: async ({ storage, key, put }) => {
      const { etag } = await put("a.txt", "abc");
      assert.ok(etag !== undefined);
      for (const ifNoneMatch of [etag, `W/${etag}`, "*"]) {
        await rejects("NotModified", storage.get(key("a.txt"), { ifNoneMatch }));
        await rejects("NotModified", storage.head(key("a.txt"), { ifNoneMatch }));
      }
      assert.equal((await storage.head(key("a.txt"), { ifNoneMatch: '"another"' })).etag, etag);
      sameBytes(await (await storage.get(key("a.txt"), { ifNoneMatch: '"another"' })).bytes(), "abc");
    },
  },
  {
    title:
      "a read with ifModifiedSince rejects with NotModified if the object is not newer; if ifNoneMatch is given too, only the ETag counts",
    run: async ({ storage, key, put }) => {
      await put("a.txt", "abc");
      const { lastModified } = await storage.head(key("a.txt"));
      if (lastModified === undefined) return;
      const [before, after] = [-HOUR_MS, HOUR_MS].map((ms) => new Date(lastModified.getTime() + ms));
      for (const ifModifiedSince of [lastModified, after]) {
        await rejects("NotModified", storage.get(key("a.txt"), { ifModifiedSince }));
        await rejects("NotModified", storage.head(key("a.txt"), { ifModifiedSince }));
      }
      await storage.head(key("a.txt"), { ifModifiedSince: before });
      await storage.head(key("a.txt"), { ifModifiedSince: after, ifNoneMatch: '"another"' });
    },
  },
  {
    title: "a conditional read of a missing key rejects with NotFound",
    run: async ({ storage, key }) => {
      await rejects("NotFound", storage.get(key("a.txt"), { ifNoneMatch: "*" }));
      await rejects("NotFound", storage.head(key("a.txt"), { ifModifiedSince: new Date() }));
    },
  },
  {
    title: "a read with an invalid condition rejects with TypeError",
    run: async ({ storage, key, put }) => {
      await put("a.txt", "abc");
      await rejectsType(storage.get(key("a.txt"), { ifNoneMatch: "" }));
      await rejectsType(storage.head(key("a.txt"), { ifModifiedSince: new Date(Number.NaN) }));
      await rejectsType(storage.head(key("a.txt"), { ifModifiedSince: 5 as never }));
    },
  },
];
