import { GetObjectCommand, HeadObjectCommand, NoSuchKey, NotFound, S3Client } from "@aws-sdk/client-s3";
import { createStorage, type StorageError } from "@stowage/core";
import { mockClient } from "aws-sdk-client-mock";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mocked, refusal } from "../mocked.test-support.js";
import { s3 } from "../s3.js";
import { smallServer, type SmallServer } from "../small-server.test-support.js";
import { credentialsFailure } from "./credentials.js";

async function failed(call: Promise<unknown>): Promise<StorageError> {
  return await call.then(
    () => expect.unreachable("the call succeeded"),
    (error: unknown) => error as StorageError,
  );
}

let server: SmallServer;

beforeEach(async () => {
  server = await smallServer(({ send }) => send(200, { etag: '"e"' }));
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

describe("credentials that no request can be signed with", () => {
  const GOOD = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

  it.each([
    ["accessKeyId", { ...GOOD, accessKeyId: "AKIDEXAMPLE\n" }],
    ["secretAccessKey", { ...GOOD, secretAccessKey: "secret\r\n" }],
    ["sessionToken", { ...GOOD, sessionToken: "token\n" }],
    ["accessKeyId", { ...GOOD, accessKeyId: "" }],
    ["secretAccessKey", { ...GOOD, secretAccessKey: "" }],
    ["accessKeyId", async () => ({ ...GOOD, accessKeyId: " AKIDEXAMPLE" })],
  ])("are named, and nothing is sent: %s", async (name, credentials) => {
    const storage = createStorage(s3({ ...server.options, credentials }));
    const error = await failed(storage.put("a", "x"));
    expect(error).toMatchObject({ code: "Unauthenticated", applied: "no" });
    expect(error.message).toContain(name);
    expect(server.seen).toEqual([]);
    expect((await failed(storage.signedUrl("a"))).code).toBe("Unauthenticated");
  });

  it("are named for a client of one's own", async () => {
    const { endpoint } = server.options;
    const credentials = { ...GOOD, accessKeyId: "AKIDEXAMPLE\n" };
    const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
    const error = await failed(createStorage(s3({ bucket: "b", client })).put("a", "x"));
    expect(error).toMatchObject({ code: "Unauthenticated", applied: "no" });
    expect(server.seen).toEqual([]);
  });
});

describe("a source of credentials", () => {
  const sourceOf =
    (error: unknown): (() => Promise<never>) =>
    () =>
      Promise.reject(error);

  it.each([
    ["is down", Object.assign(new Error("connect"), { code: "ECONNREFUSED" }), "Unavailable"],
    [
      "cannot be connected to",
      Object.assign(new Error("connect"), { code: "ECONNREFUSED", syscall: "connect" }),
      "Unavailable",
    ],
    ["does not work", new Error("vault is sealed"), "Unavailable"],
    ["answers 503", refusal("ServiceUnavailable", 503), "Unavailable"],
    ["throttles", refusal("ThrottlingException", 400), "Unavailable"],
    ["refuses", refusal("AccessDenied", 403), "Unauthenticated"],
    ["finds its token expired", refusal("ExpiredTokenException", 400), "Unauthenticated"],
  ] as const)("that %s is named, and no right of the bucket", async (_title, cause, code) => {
    const provider = s3({ ...server.options, credentials: sourceOf(cause) });
    const error = await failed(createStorage(provider, { retry: false }).put("a", "x"));
    expect(error).toMatchObject({ code, applied: "no" });
    expect(error.message).not.toContain("s3:");
    expect(error.message).toContain("the source of the credentials");
    expect(server.seen).toEqual([]);
  });

  it.each([
    ["Server responded with status: 503", "CredentialsUnavailable"],
    ["Error: connect ECONNREFUSED 169.254.170.2:80", "CredentialsUnavailable"],
    ["Server responded with status: 403", "CredentialsRefused"],
    ["The SSO session associated with this profile has expired", "CredentialsRefused"],
    ["Could not load credentials from any providers", "CredentialsProviderError"],
  ])("is understood by the words of the SDK: %s", (message, code) => {
    const error = Object.assign(new Error(message), { name: "CredentialsProviderError" });
    expect(credentialsFailure(error).code).toBe(code);
  });

  it("does not hold up an abort", async () => {
    const provider = s3({ ...server.options, credentials: () => new Promise<never>(() => {}) });
    const reason = new Error("stop");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await expect(provider.head("a", { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("the SDK's client, mocked", () => {
  it("names the command that answers nothing", async () => {
    const mock = mockClient(S3Client);
    const error = await failed(createStorage(mocked().provider).head("a"));
    expect(error.code).toBe("Misconfigured");
    expect(error.message).toContain("HeadObjectCommand returned no answer: is the client mocked?");
    mock.restore();
  });

  it.each([NotFound, NoSuchKey])(
    "rejects with an error of the SDK that has no status: %o",
    async (Missing) => {
      const { mock, provider } = mocked();
      const error = new Missing({ $metadata: {}, message: "x" });
      mock.on(HeadObjectCommand).rejects(error).on(GetObjectCommand).rejects(error);
      const storage = createStorage(provider);
      expect(await storage.exists("a")).toBe(false);
      await expect(storage.head("a")).rejects.toMatchObject({ code: "NotFound" });
      await expect(storage.get("a")).rejects.toMatchObject({ code: "NotFound" });
      await expect(storage.copy("a", "b")).rejects.toMatchObject({ code: "NotFound" });
      mock.restore();
    },
  );
});

describe("a printed error", () => {
  it("shows nothing of what was signed, and nothing of the answer's body", async () => {
    const secrets = "AKIDSECRET TOKENSECRET <CanonicalRequest>SECRET</CanonicalRequest>";
    const events: unknown[] = [];
    await using refusing = await smallServer(({ send, method }) =>
      send(
        method === "PUT" ? 503 : 403,
        { "content-type": "application/xml" },
        `<Error><Code>Odd${method === "PUT" ? "" : secrets}</Code><Message>${secrets}</Message></Error>`,
      ),
    );
    const credentials = { accessKeyId: "AKIDSECRET", secretAccessKey: "SECRET", sessionToken: "TOKENSECRET" };
    const storage = createStorage(s3({ ...refusing.options, credentials }), {
      retry: { baseMs: 1 },
      onEvent: (event) => events.push(event),
    });
    const errors = [
      await failed(storage.put("a", "x")),
      await failed(storage.get("a")),
      await failed(storage.listPage()),
      await failed(storage.delete("a")),
    ];
    expect(inspect([errors, events], { depth: 20, showHidden: true })).not.toContain("SECRET");
    expect(errors[0]).toMatchObject({ requestId: "R1", status: 503 });
  });
});
