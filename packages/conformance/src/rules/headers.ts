import assert from "node:assert/strict";
import { isStorageError, type ObjectInfo } from "@stowage/core";
import { readAll } from "../context.js";
import { rejects } from "../expect.js";
import type { Rule, RuleContext } from "../rule.js";

type HeaderName = "contentType" | "cacheControl" | "contentDisposition";

/** Returns the facts of an object from head and from get. */
async function bothInfos({ head, get }: RuleContext, name: string): Promise<readonly ObjectInfo[]> {
  const result = await get(name);
  await readAll(result);
  return [await head(name), result.info];
}

function keeps(header: HeaderName, value: string): Rule {
  return {
    title: `${header} comes back from put, head and get`,
    run: async (context) => {
      const info = await context.put("a.txt", "abc", { [header]: value });
      for (const found of [info, ...(await bothInfos(context, "a.txt"))]) assert.equal(found[header], value);
    },
  };
}

/** Makes the rule for a header that some providers cannot send. */
function sends(header: "contentEncoding" | "contentLanguage", value: string): Rule {
  return {
    title: `${header} comes back from put, head, get and a copy, or is refused with Unsupported`,
    run: async (context) => {
      const { storage, key, head, lacks } = context;
      const put = storage.put(key("a.txt"), "abc", { [header]: value });
      const info = await put.catch((error: unknown) => {
        if (isStorageError(error, "Unsupported")) return undefined;
        throw error;
      });
      if (info === undefined) return await lacks("a.txt");
      for (const found of [info, ...(await bothInfos(context, "a.txt"))]) assert.equal(found[header], value);
      const object = await storage.get(key("a.txt"));
      assert.equal(object.headers()[SENT[header]], value);
      object.destroy();
      await storage.copy(key("a.txt"), key("b.txt"));
      assert.equal((await head("b.txt"))[header], value);
    },
  };
}

const SENT = { contentEncoding: "content-encoding", contentLanguage: "content-language" } as const;

function derives(extension: string, type: string): Rule {
  return {
    title: `the content type of ${extension} is ${type}`,
    run: async (context) => {
      const name = `folder.d/file${extension}`;
      await context.put(name, "abc");
      for (const info of await bothInfos(context, name)) assert.equal(info.contentType, type);
    },
  };
}

/** The rules about headers that are stored with an object. */
export const headerRules: readonly Rule[] = [
  keeps("contentType", 'text/x-thing; charset="utf-8"'),
  sends("contentEncoding", "gzip"),
  sends("contentLanguage", "de-AT, en"),
  keeps("cacheControl", "public, max-age=31536000, immutable"),
  keeps("contentDisposition", "attachment; filename=\"a b.pdf\"; filename*=UTF-8''na%C3%AFve.pdf"),
  {
    title: "headers that the put did not set are absent",
    run: async (context) => {
      await context.put("a.txt", "abc");
      for (const { cacheControl, contentDisposition } of await bothInfos(context, "a.txt")) {
        assert.deepEqual([cacheControl, contentDisposition], [undefined, undefined]);
      }
    },
  },
  derives(".mp4", "video/mp4"),
  derives(".ts", "video/mp2t"),
  derives(".m3u8", "application/vnd.apple.mpegurl"),
  derives(".mov", "video/quicktime"),
  derives(".JPG", "image/jpeg"),
  derives(".unknown-extension", "application/octet-stream"),
  {
    title: "a key without an extension has the content type application/octet-stream",
    run: async (context) => {
      for (const name of ["plain", "folder.mp4/plain", ".mp4"]) {
        await context.put(name, "abc");
        assert.equal((await context.head(name)).contentType, "application/octet-stream");
      }
    },
  },
  {
    title: "the caller's content type wins over the extension",
    run: async (context) => {
      await context.put("a.mp4", "abc", { contentType: "application/x-own" });
      for (const info of await bothInfos(context, "a.mp4"))
        assert.equal(info.contentType, "application/x-own");
    },
  },
  {
    title:
      "a header with a line break or a non-ASCII character is refused with InvalidArgument, and nothing is written",
    run: async ({ storage, key, lacks }) => {
      for (const value of ["no-cache\r\nset-cookie: a=b", "no\ncache", "žádná", " no-cache", ""]) {
        await rejects("InvalidArgument", storage.put(key("a.txt"), "abc", { cacheControl: value }));
      }
      await lacks("a.txt");
    },
  },
  {
    title: "a content type that is not a media type is refused with InvalidArgument",
    run: async ({ storage, key, lacks }) => {
      for (const contentType of ["video", "/mp4", "video/"]) {
        await rejects("InvalidArgument", storage.put(key("a.txt"), "abc", { contentType }));
      }
      await lacks("a.txt");
    },
  },
];
