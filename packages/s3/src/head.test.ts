import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import {
  createStorage,
  fallback,
  isStorageError,
  memory,
  memoryJournal,
  mirror,
  type StorageError,
} from "@stowage/core";
import { describe, expect, it } from "vitest";
import { bodyOf, mocked, refusal, type Mocked } from "./mocked.test-support.js";
import type { S3Options } from "./s3-options.js";
import { iamPolicy } from "./setup/iam-policy.js";

async function failed(call: Promise<unknown>): Promise<StorageError> {
  return await call.then(
    () => expect.unreachable("the call succeeded"),
    (error: unknown) => error as StorageError,
  );
}

function denied(message?: string): Error {
  const error = refusal("AccessDenied", 403);
  if (message !== undefined) error.message = message;
  return error;
}

/** A server and credentials that may put, get and delete, and not list; nothing is there. */
function withoutListing(options: Partial<S3Options> = {}): Mocked {
  const made = mocked(options);
  made.mock.on(HeadObjectCommand).rejects(refusal("Unknown", 403));
  made.mock.on(GetObjectCommand).rejects(denied());
  made.mock.on(ListObjectsV2Command).rejects(denied());
  made.mock.on(PutObjectCommand).resolves({ ETag: '"e"' });
  return made;
}

describe("without the right to list, what is not there", () => {
  it.each<readonly [string, (made: Mocked) => Promise<unknown>]>([
    ["head", ({ provider }) => createStorage(provider).head("a")],
    ["exists", ({ provider }) => createStorage(provider).exists("a")],
    ["get", ({ provider }) => createStorage(provider).get("a")],
    ["copy", ({ provider }) => createStorage(provider).copy("a", "b")],
  ])("is denied, and the missing permission is named: %s", async (_, call) => {
    const error = await failed(call(withoutListing()));
    expect(error.code).toBe("PermissionDenied");
    expect(error.message).toContain('s3:ListBucket in the bucket "videos"');
    expect(error.message).not.toContain("s3:GetObject");
  });

  it("does not make a storage that works unhealthy", async () => {
    const { provider } = withoutListing();
    expect(await createStorage(provider).health()).toMatchObject({
      ready: true,
      degraded: false,
      reasons: [],
    });
    const { mock, provider: wrong } = withoutListing();
    mock.on(ListObjectsV2Command).rejects(refusal("InvalidAccessKeyId", 403));
    expect(await createStorage(wrong).health()).toMatchObject({ ready: false });
  });

  it.each([[["PermissionDenied"] as const], [[]]])(
    "does not send an upload to another member, with fallbackOn %j",
    async (fallbackOn) => {
      const { mock, provider } = withoutListing();
      const storage = createStorage(
        fallback([provider, memory({ name: "spare" })], { fallbackOn: [...fallbackOn] }),
      );
      expect((await storage.put("a", "x")).provider).toBe("s3");
      expect(mock.commandCalls(PutObjectCommand)[0]?.args[0].input.IfNoneMatch).toBe("*");
    },
  );

  it("is decided by the create-only put", async () => {
    const { mock, provider } = withoutListing();
    mock.on(PutObjectCommand).rejects(refusal("PreconditionFailed", 412));
    const storage = createStorage(fallback([provider, memory()], { fallbackOn: ["PermissionDenied"] }));
    expect((await failed(storage.put("a", "x"))).code).toBe("AlreadyExists");
  });

  it("sends an upload on when the put is denied, too", async () => {
    const { mock, provider } = withoutListing();
    mock.on(PutObjectCommand).rejects(denied());
    const storage = createStorage(fallback([provider, memory()], { fallbackOn: ["PermissionDenied"] }));
    expect((await storage.put("a", "x")).provider).toBe("memory");
  });

  it("does not keep a mirror from writing", async () => {
    const storage = createStorage(mirror([withoutListing().provider, memory()]));
    expect((await storage.put("a", "x")).copies?.map(({ provider }) => provider)).toEqual(["s3", "memory"]);
  });
});

describe("canList: false", () => {
  it("has what is not there missing, after a read of one byte", async () => {
    const { mock, provider } = withoutListing({ canList: false });
    const storage = createStorage(provider);
    expect((await failed(storage.head("a"))).code).toBe("NotFound");
    expect((await failed(storage.get("a"))).code).toBe("NotFound");
    expect((await failed(storage.copy("a", "b"))).code).toBe("NotFound");
    expect(await storage.exists("a")).toBe(false);
    const ranges = mock.commandCalls(GetObjectCommand).map(({ args }) => args[0].input.Range);
    expect(ranges.filter((range) => range === "bytes=0-0")).toHaveLength(4);
    expect(mock.commandCalls(ListObjectsV2Command)).toHaveLength(0);
  });

  it.each<readonly [string, Error, string]>([
    ["InvalidAccessKeyId", refusal("InvalidAccessKeyId", 403), "Unauthenticated"],
    ["SignatureDoesNotMatch", refusal("SignatureDoesNotMatch", 403), "Unauthenticated"],
    ["ExpiredToken", refusal("ExpiredToken", 400), "Unauthenticated"],
    ["a code of the key service", refusal("KMS.AccessDeniedException", 403), "PermissionDenied"],
    ["a refusal without a code", refusal("Unknown", 403), "PermissionDenied"],
    [
      "another permission",
      denied("User: x is not authorized to perform: kms:Decrypt on it"),
      "PermissionDenied",
    ],
    [
      "the permission to read",
      denied("x is not authorized to perform: s3:GetObject on y"),
      "PermissionDenied",
    ],
    ["this permission", denied("x is not authorized to perform: s3:ListBucket on y"), "NotFound"],
    ["a missing bucket", refusal("NoSuchBucket", 404), "Misconfigured"],
    ["a missing key", refusal("NoSuchKey", 404), "NotFound"],
  ])("is not taken in by %s", async (_, answer, code) => {
    const { mock, provider } = withoutListing({ canList: false });
    mock.on(GetObjectCommand).rejects(answer);
    expect((await failed(provider.head("a", {}))).code).toBe(code);
  });

  it("has an object that is there and not described forbidden", async () => {
    const { mock, provider } = withoutListing({ canList: false });
    mock.on(GetObjectCommand).resolves({ ETag: '"e"', ContentLength: 1, Body: bodyOf("x") });
    expect((await failed(provider.head("a", {}))).code).toBe("PermissionDenied");
  });

  it("has listings, and what needs them, Unsupported, and nothing is sent", async () => {
    const { mock, provider } = withoutListing({ canList: false });
    const storage = createStorage(provider);
    expect(provider.supports.list).toBe(false);
    for (const call of [() => storage.listPage(), () => storage.deletePrefix("a/")]) {
      expect(isStorageError(await failed(call()), "Unsupported")).toBe(true);
    }
    expect(mock.calls()).toHaveLength(0);
    expect(provider.describe?.().limits?.join()).toContain("cannot be listed");
  });

  it("has no need of s3:ListBucket in the policy", () => {
    const actions = (canList: boolean) =>
      iamPolicy(mocked({ canList }).provider, ["put", "get"]).Statement.flatMap(({ Action }) => Action);
    expect(actions(true)).toContain("s3:ListBucket");
    expect(actions(false)).not.toContain("s3:ListBucket");
  });

  it("is a switch", () => {
    expect(() => mocked({ canList: "no" as never })).toThrow("canList");
  });

  it("is taken by a composer with a journal only while that is whole, which says so", async () => {
    const { mock, provider } = withoutListing({ canList: false });
    const journal = memoryJournal();
    const made = mirror([provider, memory()], { journal });
    const storage = createStorage(made);
    expect(made.describe?.().limits?.join()).toContain("cannot be listed");
    for (const call of [() => storage.put("a", "x"), () => storage.delete("a")]) {
      const error = await failed(call());
      expect(error.code).toBe("Misconfigured");
      expect(error.message).toContain("cannot be listed");
    }
    expect(mock.commandCalls(PutObjectCommand)).toHaveLength(0);
    await storage.close();
  });
});

describe("a copy", () => {
  it("of what is not there is NotFound, not the server's refusal", async () => {
    const { mock, provider } = withoutListing();
    mock.on(ListObjectsV2Command).resolves({ IsTruncated: false });
    expect((await failed(createStorage(provider).copy("a", "b"))).code).toBe("NotFound");
    expect(mock.commandCalls(CopyObjectCommand)).toHaveLength(0);
  });
});
