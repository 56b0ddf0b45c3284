import { S3Client } from "@aws-sdk/client-s3";
import { createStorage, fallback, isStorageError, memory, type FileStorage } from "@stowage/core";
import { s3, type S3Options } from "@stowage/s3";
import { setLifecycle } from "@stowage/s3/setup";
import assert from "node:assert/strict";
import process from "node:process";
import { codeOf } from "../outcomes.js";
import { withLittleServer, type LittleCall, type LittleServer } from "./little-server.js";
import { edit, type Trap } from "./trap.js";

const credentials = { accessKeyId: "k", secretAccessKey: "s" };
const NOTHING = (): boolean => false;

function storageAt(options: Partial<S3Options>): FileStorage {
  return createStorage(s3({ bucket: "b", credentials, ...options }), { retry: false });
}

/** Credentials that may put, get and delete, and not list: what is not there is denied. */
function mayNotList({ method, key, fail }: LittleCall, objects: ReadonlyMap<string, string>): boolean {
  const isDenied = key === "" || (["GET", "HEAD"].includes(method) && !objects.has(key));
  if (isDenied) fail(403, "AccessDenied");
  return isDenied;
}

async function refusesOtherEtag(storage: FileStorage, { objects }: LittleServer): Promise<void> {
  objects.set("a", "old");
  const code = await codeOf(storage.delete("a", { ifMatch: '"other"' }));
  await storage.close();
  assert.equal(objects.get("a"), "old");
  assert.equal(code, "Unsupported");
}

/** What servers do whose kind is not known, and what Amazon does that no server here does. */
export const SERVER_TRAPS: readonly Trap[] = [
  {
    about: "servers",
    title:
      "A client of the application's may go to a server that ignores conditions in silence: they are refused before a byte moves",
    mocked: true,
    run: async () => {
      await withLittleServer(NOTHING, async (server) => {
        const { endpoint } = server;
        const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
        await refusesOtherEtag(storageAt({ client }), server);
      });
    },
    without: [
      edit(
        "s3/src/s3.ts",
        "return isKnown ? dialectOf(endpoint) : DIALECTS.generic;",
        "void isKnown; return dialectOf(endpoint);",
      ),
    ],
  },
  {
    about: "servers",
    title: "AWS_ENDPOINT_URL_S3 names a server that ignores conditions in silence: it is not taken for AWS",
    mocked: true,
    run: async () => {
      await withLittleServer(NOTHING, async (server) => {
        process.env["AWS_ENDPOINT_URL_S3"] = server.endpoint;
        const storage = storageAt({ region: "us-east-1" });
        delete process.env["AWS_ENDPOINT_URL_S3"];
        await refusesOtherEtag(storage, server);
      });
    },
    without: [
      edit(
        "s3/src/s3.ts",
        "return isKnown ? dialectOf(endpoint) : DIALECTS.generic;",
        "void [isKnown, endpoint, dialectOf]; return DIALECTS.aws;",
      ),
    ],
  },
  {
    about: "servers",
    title:
      "Amazon's certificates hold for one label: a bucket with dots is in the path of public links as of signed ones",
    mocked: true,
    run: async () => {
      const options = {
        bucket: "files.example.com",
        region: "eu-central-1",
        objects: { acl: "public-read" },
      } as const;
      const storage = storageAt(options);
      const [signed] = (await storage.signedUrl("a.txt")).split("?");
      assert.equal(storage.publicUrl("a.txt"), signed);
    },
    without: [
      edit(
        "s3/src/server/address.ts",
        'return !bucket.includes(".") || protocol === "http:";',
        "void protocol; return true;",
      ),
    ],
  },
  {
    about: "servers",
    title: "Who may not list is denied what is not there: the message names s3:ListBucket",
    mocked: true,
    run: async () => {
      await withLittleServer(mayNotList, async ({ endpoint }) => {
        const error: unknown = await storageAt({ endpoint })
          .head("a")
          .catch((thrown: unknown) => thrown);
        assert.ok(isStorageError(error, "PermissionDenied"));
        assert.match(error.message, /s3:ListBucket\b/);
      });
    },
    without: [
      edit(
        "s3/src/head.ts",
        "if (!canList || missed.versionId !== undefined || !isStorageError(error)) return error;",
        "return error;",
      ),
    ],
  },
  {
    about: "servers",
    title:
      "A wrong key looks at HEAD like a missing object to who may not list: only AccessDenied of a read is NotFound",
    mocked: true,
    run: async () => {
      const codes: unknown[] = [];
      for (const refusal of ["AccessDenied", "InvalidAccessKeyId"]) {
        const hook = ({ fail }: LittleCall): boolean => (fail(403, refusal), true);
        await withLittleServer(hook, async ({ endpoint }) => {
          codes.push(await codeOf(storageAt({ endpoint, canList: false }).head("a")));
        });
      }
      assert.deepEqual(codes, ["NotFound", "Unauthenticated"]);
    },
    without: [
      edit(
        "s3/src/head.ts",
        'status === 403 && code === "AccessDenied" && deniedAction === LIST',
        "status === 403 || code === deniedAction",
      ),
    ],
  },
  {
    about: "servers",
    title: "A refused HEAD says nothing of a put: a chain writes where the put is taken",
    mocked: true,
    run: async () => {
      await withLittleServer(mayNotList, async ({ endpoint }) => {
        const members = [s3({ bucket: "b", endpoint, credentials, dialect: "aws" }), memory()] as const;
        const storage = createStorage(fallback([...members], { fallbackOn: ["PermissionDenied"] }));
        assert.equal((await storage.put("a", "x")).provider, "s3");
        await storage.close();
      });
    },
    without: [
      edit("core/src/compose/stateless/fallback-put.ts", ' && answer.error.code !== "PermissionDenied"', ""),
    ],
  },
  {
    about: "servers",
    title: "Ceph and MinIO answer with a prefix where a filter was sent: the rule is not written again",
    mocked: true,
    run: async () => {
      let kept: string | undefined;
      let writes = 0;
      const hook = ({ method, query, body, answer, fail }: LittleCall): boolean => {
        if (!query.has("lifecycle")) return false;
        if (method === "PUT") {
          writes++;
          kept = body.replaceAll(/<Filter>\s*(<Prefix>.*?<\/Prefix>|<Prefix\/>)\s*<\/Filter>/g, "$1");
          answer(200);
        } else if (kept === undefined) fail(404, "NoSuchLifecycleConfiguration");
        else answer(200, kept);
        return true;
      };
      await withLittleServer(hook, async ({ endpoint }) => {
        const provider = s3({ bucket: "b", endpoint, credentials });
        const rules = [{ name: "old", prefix: "a/", expireAfterDays: 1 }];
        await setLifecycle(provider, rules);
        await setLifecycle(provider, rules);
        assert.equal(writes, 1);
      });
    },
    without: [edit("s3/src/setup/meaning.ts", "Prefix = prefix, ", "Prefix = prefix && undefined, ")],
  },
];
