import { createStorage, isStorageError } from "@stowage/core";
import { generateKeyPairSync, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cloudFrontCookies, cloudFrontUrl } from "./cloudfront.js";
import { s3 } from "../s3.js";
import type { S3Options } from "../s3-options.js";

const { publicKey, privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const CLOUD_FRONT = { keyPairId: "K2JCJMDEHXQW5F", privateKey };
const BASE = "https://d111111abcdef8.cloudfront.net";

function provider(options: Partial<S3Options> = {}): ReturnType<typeof s3> {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  return s3({
    bucket: "videos",
    region: "us-east-1",
    credentials,
    publicBaseUrl: BASE,
    cloudFront: CLOUD_FRONT,
    ...options,
  });
}

/** CloudFront's own alphabet. @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-canned-policy.html */
function decoded(text: string | null | undefined): Buffer {
  return Buffer.from((text ?? "").replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/"), "base64");
}

/** The query of a link, after its signature was verified as CloudFront does it. */
function verified(text: string): Record<string, string> {
  const url = new URL(text);
  const query = Object.fromEntries(url.searchParams);
  for (const name of ["Policy", "Expires", "Signature", "Key-Pair-Id"]) url.searchParams.delete(name);
  const resource = url.href;
  const canned = JSON.stringify({
    Statement: [
      { Resource: resource, Condition: { DateLessThan: { "AWS:EpochTime": Number(query["Expires"]) } } },
    ],
  });
  const policy = query["Policy"] === undefined ? Buffer.from(canned) : decoded(query["Policy"]);
  expect(verify("sha1", policy, publicKey, decoded(query["Signature"]))).toBe(true);
  expect((JSON.parse(policy.toString()) as { Statement: [{ Resource: string }] }).Statement[0].Resource).toBe(
    resource,
  );
  return query;
}

function conditionOf(policy: string | undefined): unknown {
  return (JSON.parse(decoded(policy).toString()) as { Statement: [{ Condition: unknown }] }).Statement[0]
    .Condition;
}

describe("with CloudFront", () => {
  it("a signed URL is one of the distribution's, with a policy that CloudFront knows by its end alone", async () => {
    const before = Math.floor(Date.now() / 1000);
    const url = await createStorage(provider()).signedUrl("a b/é.mp4", { expiresInSeconds: 60 });
    expect(url).toMatch(/^https:\/\/d111111abcdef8\.cloudfront\.net\/a%20b\/%C3%A9\.mp4\?/);
    const query = verified(url);
    expect(query["Key-Pair-Id"]).toBe("K2JCJMDEHXQW5F");
    expect(query["Policy"]).toBeUndefined();
    expect(Number(query["Expires"])).toBeGreaterThanOrEqual(before + 60);
    expect(Number(query["Expires"])).toBeLessThanOrEqual(before + 62);
    expect(provider().locate(url)?.key).toBe("a b/é.mp4");
  });

  it("a signed URL stays the same, and has the answer say what it shall", async () => {
    const storage = createStorage(provider({ keyPrefix: "tenant/" }));
    const options = {
      expiresInSeconds: 86_400,
      stableForSeconds: 86_400,
      contentDisposition: 'attachment; filename="a b.mp4"',
    };
    const url = await storage.signedUrl("a.mp4", options);
    expect(url).toMatch(/\.net\/tenant\/a\.mp4\?/);
    expect(verified(url)["response-content-disposition"]).toBe('attachment; filename="a b.mp4"');
  });

  it("a link may be for some addresses, and from some time on", async () => {
    const startsAt = new Date("2030-01-01T00:00:00Z");
    const limits = { expiresInSeconds: 60, startsAt, ipAddress: "203.0.113.0/24" };
    const query = verified(await cloudFrontUrl(provider({ keyPrefix: "tenant/" }), "a b.mp4", limits));
    const begin = startsAt.getTime() / 1000;
    expect(conditionOf(query["Policy"])).toEqual({
      DateLessThan: { "AWS:EpochTime": begin + 60 },
      DateGreaterThan: { "AWS:EpochTime": begin },
      IpAddress: { "AWS:SourceIp": "203.0.113.0/24" },
    });
  });

  it("an asterisk in a key stands for itself", async () => {
    const query = verified(await cloudFrontUrl(provider(), "videos/*"));
    expect(decoded(query["Policy"]).toString()).toContain(`"Resource":"${BASE}/videos/%2A"`);
    expect(await createStorage(provider()).signedUrl("videos/*")).toContain("/videos/%2A?");
  });

  it("cookies open everything below a prefix", async () => {
    const cookies = await cloudFrontCookies(provider(), "videos/42 é/");
    const policy = decoded(cookies["CloudFront-Policy"]);
    expect(policy.toString()).toContain(`"Resource":"${BASE}/videos/42%20%C3%A9/*"`);
    expect(verify("sha1", policy, publicKey, decoded(cookies["CloudFront-Signature"]))).toBe(true);
    expect(cookies["CloudFront-Key-Pair-Id"]).toBe("K2JCJMDEHXQW5F");
  });

  it.each([
    ["a key that is none", () => cloudFrontUrl(provider(), "a//b"), "InvalidKey"],
    ["a life of nothing", () => cloudFrontUrl(provider(), "a", { expiresInSeconds: 0 }), "InvalidArgument"],
    [
      "a date that is none",
      () => cloudFrontUrl(provider(), "a", { startsAt: new Date("x") }),
      "InvalidArgument",
    ],
    ["half a folder", () => cloudFrontCookies(provider(), "a"), "InvalidArgument"],
    ["no key pair", () => cloudFrontUrl(provider({ cloudFront: undefined }), "a"), "InvalidArgument"],
  ] as const)("%s is refused", async (_title, call, code) => {
    const error: unknown = await call().catch((cause: unknown) => cause);
    expect(isStorageError(error) ? error.code : error).toBe(code);
  });

  it.each([
    [{ cloudFront: { ...CLOUD_FRONT, keyPairId: "" } }, "keyPairId"],
    [{ cloudFront: { ...CLOUD_FRONT, privateKey: "secret" } }, "privateKey"],
    [{ publicBaseUrl: undefined }, "publicBaseUrl"],
  ])("options that are wrong are a TypeError: %#", (options, name) => {
    expect(() => provider(options)).toThrow(name);
  });
});
