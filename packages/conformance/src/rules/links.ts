import assert from "node:assert/strict";
import type { FileStorage } from "@stowage/core";
import { rejects } from "../expect.js";
import type { OptionalMember, Rule } from "../rule.js";

const ODD = "a b/100%+ž.txt";

/** Makes the rule for a link verb, such as `signedUrl`, that the provider does not have. */
function refuses(verb: OptionalMember, call: (storage: FileStorage, key: string) => Promise<unknown>): Rule {
  return {
    title: `if the provider has no ${verb}, the facade refuses ${verb} with Unsupported`,
    needs: [`!${verb}`],
    run: async ({ storage, key }) => {
      await rejects("Unsupported", call(storage, key("a.txt")));
    },
  };
}

/** The rules about links. */
export const linkRules: readonly Rule[] = [
  {
    title: "publicUrl gives an absolute URL that is different for each key",
    needs: ["publicUrl"],
    run: async ({ storage, key }) => {
      const url = new URL(await storage.publicUrl(key(ODD)));
      assert.match(url.protocol, /^(https?|file):$/);
      assert.notEqual(await storage.publicUrl(key("a.txt")), url.href);
    },
  },
  {
    title: "locate finds the key in a public URL",
    needs: ["publicUrl"],
    run: async ({ storage, key }) => {
      for (const name of ["a.txt", ODD]) {
        assert.equal(storage.locate(await storage.publicUrl(key(name)))?.key, key(name));
      }
    },
  },
  {
    title: "signedUrl gives an absolute URL that is different for each key",
    needs: ["signedUrl"],
    run: async ({ storage, put, key }) => {
      for (const name of ["a.txt", ODD]) await put(name, "abc");
      const url = new URL(await storage.signedUrl(key(ODD), { expiresInSeconds: 60 }));
      assert.match(url.protocol, /^https?:$/);
      assert.notEqual(await storage.signedUrl(key("a.txt"), { expiresInSeconds: 60 }), url.href);
    },
  },
  {
    title: "signUpload gives a request that expires in the future",
    needs: ["signUpload"],
    run: async ({ storage, key }) => {
      const upload = await storage.signUpload(key("a.txt"), { contentLength: 3, expiresInSeconds: 60 });
      assert.equal(upload.key, key("a.txt"));
      assert.match(upload.method, /^(PUT|POST)$/);
      assert.match(new URL(upload.url).protocol, /^https?:$/);
      assert.ok(upload.expiresAt.getTime() > Date.now(), "it has expired");
    },
  },
  {
    title: "signUpload writes nothing by itself",
    needs: ["signUpload"],
    run: async ({ storage, key, lacks }) => {
      await storage.signUpload(key("a.txt"), { contentLength: 3, expiresInSeconds: 60 });
      await lacks("a.txt");
    },
  },
  {
    title: "signedUrl rejects with InvalidArgument if expiresInSeconds is not a positive whole number",
    needs: ["signedUrl"],
    run: async ({ storage, put, key }) => {
      await put("a.txt", "abc");
      for (const expiresInSeconds of [0, -1, 1.5]) {
        await rejects("InvalidArgument", storage.signedUrl(key("a.txt"), { expiresInSeconds }));
      }
    },
  },
  {
    title:
      "signUpload rejects with InvalidArgument if contentLength and maxBytes are both missing or contradict each other",
    needs: ["signUpload"],
    run: async ({ storage, key }) => {
      await rejects("InvalidArgument", storage.signUpload(key("a.txt"), {}));
      await rejects("InvalidArgument", storage.signUpload(key("a.txt"), { contentLength: 2, maxBytes: 1 }));
    },
  },
  {
    title: "parts that clients upload are numbered from 1 to 10,000",
    needs: ["multipart"],
    run: async ({ storage, key }) => {
      const { multipart } = storage;
      assert.ok(multipart !== undefined);
      const { uploadId } = await multipart.create(key("a.bin"));
      for (const partNumber of [0, 10_001]) {
        await rejects("InvalidArgument", multipart.signPart(key("a.bin"), { uploadId, partNumber }));
      }
      const { key: signed } = await multipart.signPart(key("a.bin"), { uploadId, partNumber: 10_000 });
      await multipart.abort(key("a.bin"), { uploadId });
      assert.equal(signed, key("a.bin"));
    },
  },
  {
    title: "a multipart upload that is aborted creates no object",
    needs: ["multipart"],
    run: async ({ storage, key, lacks }) => {
      const upload = await storage.multipart?.create(key("a.bin"), {});
      assert.match(upload?.uploadId ?? "", /./);
      await lacks("a.bin");
      await storage.multipart?.abort(key("a.bin"), { uploadId: upload?.uploadId ?? "" }, {});
      await lacks("a.bin");
    },
  },
  refuses("publicUrl", async (storage, key) => storage.publicUrl(key)),
  refuses("signedUrl", (storage, key) => storage.signedUrl(key)),
  refuses("signUpload", (storage, key) => storage.signUpload(key, { maxBytes: 1 })),
  refuses("importFrom", (storage, key) => storage.importFrom(key, "https://example.com/a.txt")),
];
