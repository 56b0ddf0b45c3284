import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createStorage, isStorageError } from "@stowage/core";
import { mockClient } from "aws-sdk-client-mock";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { copyBetween } from "../copy-between.js";
import {
  CREDENTIALS,
  ELSEWHERE,
  files,
  made,
  signed,
  withoutEnvironment,
} from "../environment.test-support.js";
import { s3 } from "../s3.js";
import type { S3Options } from "../s3-options.js";

withoutEnvironment();

const limits = (provider: ReturnType<typeof s3>): unknown => provider.describe?.().limits;
const keeps = (dialect: string): readonly string[] => [
  `only the features of the dialect "${dialect}" are used`,
];

const SERVICES = `[default]\nservices = local\n\n[services local]\ns3 =\n  endpoint_url = ${ELSEWHERE}\nsqs =\n  endpoint_url = http://other.example.com\n`;

const NAMED: readonly (readonly [string, () => void])[] = [
  ["AWS_ENDPOINT_URL_S3", () => vi.stubEnv("AWS_ENDPOINT_URL_S3", ELSEWHERE)],
  ["AWS_ENDPOINT_URL", () => vi.stubEnv("AWS_ENDPOINT_URL", ELSEWHERE)],
  ["the default profile", () => files(`[default]\nendpoint_url = ${ELSEWHERE} ; comment\n`)],
  ["the credentials file", () => files("", `[default]\nendpoint_url=${ELSEWHERE}\n`)],
  ["a services section", () => files(SERVICES)],
  [
    "AWS_PROFILE",
    () => {
      files(`[profile "dev"]\r\nendpoint_url = ${ELSEWHERE}\r\n[default]\r\nregion = eu-west-1\r\n`);
      vi.stubEnv("AWS_PROFILE", "dev");
    },
  ],
];

describe("a server that is named outside of the application", () => {
  it.each(NAMED)("is not taken for AWS: %s", async (_, name) => {
    name();
    const provider = made({ region: "us-east-1" });
    expect(limits(provider)).toEqual(keeps("generic"));
    expect(provider.supports).toMatchObject({ conditionalDelete: false, ifMatch: false });
    expect((await signed({ region: "us-east-1" })).href).toContain(`${ELSEWHERE}/videos/a.mp4?`);
  });

  it.each(NAMED)("is the one that the SDK goes to: %s", async (_, name) => {
    name();
    const client = new S3Client({ region: "us-east-1", credentials: CREDENTIALS });
    const own = (await signed({ client })).host;
    expect(own).toBe(`videos.${new URL(ELSEWHERE).host}`);
    expect((await signed({ region: "us-east-1", forcePathStyle: false })).host).toBe(own);
  });

  it.each([
    ["by the environment", () => vi.stubEnv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
    ["by the profile", () => files("[default]\nignore_configured_endpoint_urls = true\n")],
  ])("is ignored when it is said so: %s", async (_, ignore) => {
    vi.stubEnv("AWS_ENDPOINT_URL", ELSEWHERE);
    ignore();
    expect(limits(made({ region: "eu-west-1" }))).toEqual(keeps("aws"));
    expect((await signed({ region: "eu-west-1" })).host).toBe("videos.s3.eu-west-1.amazonaws.com");
  });

  it("stays the same when the environment changes later", async () => {
    const storage = createStorage(made({ region: "eu-west-1" }));
    vi.stubEnv("AWS_ENDPOINT_URL_S3", ELSEWHERE);
    expect(await storage.signedUrl("a.mp4")).toContain("https://videos.s3.eu-west-1.amazonaws.com/");
  });

  it("counts less than the endpoint among the options", () => {
    files("[default]\nservices = missing\n");
    vi.stubEnv("AWS_ENDPOINT_URL_S3", "no address");
    expect(limits(made({ endpoint: "https://s3.eu-west-1.amazonaws.com" }))).toEqual(keeps("aws"));
  });

  it.each([
    ["AWS_ENDPOINT_URL_S3 must be a URL", () => vi.stubEnv("AWS_ENDPOINT_URL_S3", "minio:9000")],
    ['names the services "x"', () => files("[default]\nservices = x\n")],
    ["contains a bucket", () => vi.stubEnv("AWS_ENDPOINT_URL", `${ELSEWHERE}/videos`)],
  ])("and is wrong is a TypeError: %s", (words, name) => {
    name();
    expect(() => made()).toThrow(TypeError);
    expect(() => made()).toThrow(words);
  });

  it("has bodies signed where they travel in the clear", async () => {
    const sent: unknown[] = [];
    const server = createServer((request, response) => {
      sent.push(request.headers["x-amz-content-sha256"]);
      request.resume().on("end", () => response.writeHead(200, { etag: '"e"' }).end());
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    vi.stubEnv("AWS_ENDPOINT_URL_S3", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await createStorage(made()).put("a", "x");
    server.closeAllConnections();
    server.close();
    expect(sent).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });
});

describe("a client of the application's", () => {
  it("whose server is not known keeps no condition, and nothing is sent", async () => {
    const client = new S3Client({ endpoint: ELSEWHERE, region: "us-east-1", credentials: CREDENTIALS });
    const mock = mockClient(client);
    const storage = createStorage(s3({ bucket: "videos", client }));
    for (const call of [
      () => storage.delete("a", { ifMatch: '"other"' }),
      () => storage.put("a", "x", { ifNoneMatch: "*" }),
      () => storage.put("a", "x", { ifMatch: '"other"' }),
    ]) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      expect(isStorageError(error, "Unsupported")).toBe(true);
    }
    expect(mock.commandCalls(DeleteObjectCommand)).toHaveLength(0);
    expect(mock.commandCalls(PutObjectCommand)).toHaveLength(0);
  });

  it.each<readonly [string, Partial<S3Options>, string]>([
    ["without an endpoint is one for AWS", { client: new S3Client({ region: "eu-west-1" }) }, "aws"],
    [
      "is what it is said to be",
      { client: new S3Client({ endpoint: ELSEWHERE }), dialect: "minio" },
      "minio",
    ],
    ["of another make is not known", { client: { send: () => {} } as never }, "generic"],
  ])("%s", (_, options, dialect) => {
    expect(limits(made(options))).toEqual(keeps(dialect));
  });

  it("goes where the environment says, and so does what is known of it", () => {
    vi.stubEnv("AWS_ENDPOINT_URL_S3", ELSEWHERE);
    expect(limits(made({ client: new S3Client({ region: "eu-west-1" }) }))).toEqual(keeps("generic"));
    const client = new S3Client({ region: "eu-west-1", ignoreConfiguredEndpointUrls: true });
    expect(limits(made({ client }))).toEqual(keeps("aws"));
  });

  it("has links that are located, and public ones like the signed", async () => {
    const client = new S3Client({
      endpoint: `${ELSEWHERE}/s3`,
      region: "eu-west-1",
      credentials: CREDENTIALS,
    });
    const storage = createStorage(made({ client, objects: { acl: "public-read" }, dialect: "ceph" }));
    const link = await storage.signedUrl("a b.mp4");
    expect(storage.locate(link)?.key).toBe("a b.mp4");
    expect(storage.publicUrl("a b.mp4")).toBe(link.split("?")[0]);
  });

  it("has no public link before it has said where it goes", () => {
    const client = new S3Client({ endpoint: ELSEWHERE, region: "eu-west-1" });
    const storage = createStorage(made({ client, objects: { acl: "public-read" } }));
    expect(() => storage.publicUrl("a")).toThrow("not known yet");
  });

  it.each([
    ["another endpoint than was given", { endpoint: "https://s3.eu-west-1.amazonaws.com" }, ELSEWHERE],
    ["a bucket in its endpoint", {}, `${ELSEWHERE}/videos`],
  ])("with %s is a mistake, and nothing is sent", async (_, options, endpoint) => {
    const client = new S3Client({ endpoint, region: "us-east-1", credentials: CREDENTIALS });
    const mock = mockClient(client);
    const provider = made({ client, ...options });
    await expect(provider.delete("a", {})).rejects.toThrow(TypeError);
    expect(mock.calls()).toHaveLength(0);
  });

  it("is not the same server as one of another address: a copy goes through this process", async () => {
    const at = (endpoint: string) => {
      const client = new S3Client({ endpoint, region: "us-east-1", credentials: CREDENTIALS });
      return { mock: mockClient(client), provider: s3({ bucket: "videos", client }) };
    };
    const [from, to] = [at("http://a.example.com"), at("http://b.example.com")];
    from.mock.on(GetObjectCommand).rejects(new Error("asked here"));
    await expect(copyBetween({ ...from, key: "a" }, { ...to, key: "a" })).rejects.toThrow('Cannot get "a"');
    expect(from.mock.commandCalls(GetObjectCommand)).not.toHaveLength(0);
    expect(to.mock.calls()).toHaveLength(0);
  });
});
