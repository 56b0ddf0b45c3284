import { createStorage } from "@stowage/core";
import assert from "node:assert/strict";
import { codeOf } from "../outcomes.js";
import { CHECKSUMS_STAY } from "./link-traps.js";
import { edit, type Trap } from "./trap.js";

const KEYS = ["q/%3F", "q/+2", "q/a b", "q/é 1", "q/～", "q/😀"];

export const KEY_TRAPS: readonly Trap[] = [
  {
    about: "keys and facts",
    title:
      "Keys of a listing come encoded, and the SDK does not decode them: they are the keys that were put",
    run: async ({ storage }) => {
      for (const key of KEYS) await storage().put(key, "x");
      const { objects } = await storage().listPage({ prefix: "q/" });
      assert.deepEqual(
        objects.map(({ key }) => key),
        KEYS,
      );
    },
    without: [
      edit(
        "s3/src/requests/convert.ts",
        'return decodeURIComponent(text.replaceAll("+", " "));',
        "return text;",
      ),
    ],
  },
  {
    about: "keys and facts",
    title: "A listing of nothing has no list: it is an empty page",
    run: async ({ storage }) => {
      assert.deepEqual((await storage().listPage({ prefix: "none/" })).objects, []);
    },
    without: [
      edit(
        "s3/src/requests/bucket-requests.ts",
        "(answer.Contents ?? [])",
        "(answer.Contents as NonNullable<typeof answer.Contents>)",
      ),
    ],
  },
  {
    about: "keys and facts",
    title: "The source of a copy is not encoded by the SDK, and the signature breaks: every key is copied",
    run: async ({ storage }) => {
      for (const key of KEYS) {
        await storage().put(key, key);
        await storage().copy(key, "copy");
        assert.equal(await (await storage().get("copy")).text(), key);
      }
    },
    without: [edit("s3/src/requests/convert.ts", "${encodeKeyPath(key)}${version}", "${key}${version}")],
  },
  {
    about: "keys and facts",
    title: "A copy onto itself is refused unless something is replaced: it succeeds and changes nothing",
    run: async ({ storage }) => {
      await storage().put("a", "abc", { metadata: { a: "b" } });
      await storage().copy("a", "a");
      assert.deepEqual((await storage().head("a")).metadata, { a: "b" });
    },
    without: [
      edit("s3/src/requests/copy-requests.ts", 'MetadataDirective: "REPLACE"', 'MetadataDirective: "COPY"'),
    ],
  },
  {
    about: "keys and facts",
    title: "Ceph 16 gives an empty ETag when an upload in parts is completed: info.etag is the object's",
    on: ["ceph"],
    run: async ({ storage }) => {
      const { etag } = await storage().put("a", Buffer.alloc(6 * 1024 * 1024));
      assert.equal(etag, (await storage().head("a")).etag);
      assert.match(etag ?? "", /^"[0-9a-f]{32}-2"$/);
    },
    without: [
      edit(
        "s3/src/upload/complete.ts",
        "if (bareEtag(answer.etag) !== undefined) return answer;",
        "if (answer !== undefined) return answer;",
      ),
    ],
  },
  {
    about: "keys and facts",
    title: "Ceph 16 leaves the quotes out of the ETag of a copy: it is the one that a head gives",
    on: ["ceph"],
    run: async ({ storage }) => {
      await storage().put("a", "abc");
      const { etag } = await storage().copy("a", "b");
      assert.equal(etag, (await storage().head("b")).etag);
    },
    without: [
      edit("s3/src/server/etag.ts", 'return bare === undefined ? undefined : `"${bare}"`;', "return text;"),
    ],
  },
  {
    about: "keys and facts",
    title:
      "Names of metadata lose underscores and values everything that is not ASCII: they come back as they were",
    run: async ({ storage }) => {
      const metadata = { under_score: "1", "with-dash": "2", title: "日本 é", spaces: "a  b", empty: "" };
      await storage().put("a", "x", { metadata });
      assert.deepEqual((await storage().head("a")).metadata, metadata);
    },
    without: [
      edit(
        "s3/src/server/facts.ts",
        "if (isPlain) headers[name] = value;",
        "if (isPlain || value !== undefined) headers[name] = value;",
      ),
    ],
  },
  {
    about: "keys and facts",
    title: "Swift takes values of 256 bytes: longer metadata comes back as it was",
    on: ["swift"],
    run: async ({ storage }) => {
      const metadata = { note: "n".repeat(1200) };
      await storage().put("a", "x", { metadata });
      assert.deepEqual((await storage().head("a")).metadata, metadata);
    },
    without: [
      edit("s3/src/server/facts.ts", "const VALUE_BYTES_MAX = 256;", "const VALUE_BYTES_MAX = 256_000;"),
    ],
  },
  {
    about: "keys and facts",
    title:
      "Headers with characters beyond ASCII are mangled or throw: they are refused before anything is sent",
    run: async ({ storage }) => {
      const contentDisposition = 'attachment; filename="é.txt"';
      assert.equal(await codeOf(storage().put("a", "x", { contentDisposition })), "InvalidArgument");
      assert.equal(await storage().exists("a"), false);
    },
    without: [
      edit(
        "core/src/contract/metadata.ts",
        "if (!HEADER.test(value)) return",
        "if (value === undefined) return",
      ),
    ],
  },
  {
    about: "keys and facts",
    title: "A range of an empty object is an error 416: it is InvalidRange",
    run: async ({ storage }) => {
      await storage().put("a", "");
      assert.equal(await codeOf(storage().get("a", { range: { offset: 0 } })), "InvalidRange");
    },
    without: [
      edit(
        "s3/src/server/codes.ts",
        '  InvalidRange: ["InvalidRange", "the range lies outside the object"],\n',
        "",
      ),
      edit(
        "s3/src/server/errors.ts",
        '  if (status === 416) return ["InvalidRange", "the range lies outside the object"];\n',
        "",
      ),
    ],
  },
  {
    about: "links",
    title: "Clients take segments of dots out of URLs, encoded or not: such keys are refused",
    run: async ({ storage }) => {
      for (const key of ["a/../b", "a/./b", ".."]) {
        assert.equal(await codeOf(storage().put(key, "x")), "InvalidKey");
        assert.equal(await codeOf(storage().signedUrl(key)), "InvalidKey");
      }
    },
    without: [
      edit(
        "core/src/contract/key.ts",
        'if (/^[. ]*$/.test(segment)) return "a segment of the key contains only dots or spaces";',
        "",
      ),
    ],
  },
  {
    about: "links",
    title:
      "A link for reading carries what the SDK would like to verify, and lives for a week at most: it carries nothing more, and works for every key",
    run: async ({ provider, storage }) => {
      for (const key of KEYS) {
        await storage().put(key, key);
        const url = await storage().signedUrl(key, { expiresInSeconds: 60 });
        assert.doesNotMatch(url, /checksum/i);
        assert.equal(await (await fetch(url)).text(), key);
      }
      const bare = createStorage(provider());
      assert.equal(await codeOf(bare.signedUrl("a", { expiresInSeconds: 700_000 })), "InvalidArgument");
      await bare.close();
    },
    without: [
      CHECKSUMS_STAY,
      edit(
        "s3/src/sdk/load.ts",
        'responseChecksumValidation: "WHEN_REQUIRED"',
        'responseChecksumValidation: "WHEN_SUPPORTED"',
      ),
    ],
  },
];
