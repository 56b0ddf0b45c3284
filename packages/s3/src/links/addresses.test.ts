import { createStorage } from "@stowage/core";
import { describe, expect, it, vi } from "vitest";
import { files, made, regionSignedFor, withoutEnvironment } from "../environment.test-support.js";
import type { S3Options } from "../s3-options.js";

withoutEnvironment();

describe("the region", () => {
  it.each([
    ["https://s3.eu-west-1.amazonaws.com", "eu-west-1"],
    ["https://s3-eu-west-1.amazonaws.com", "eu-west-1"],
    ["https://s3.dualstack.eu-west-1.amazonaws.com", "eu-west-1"],
    ["https://s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["https://s3-fips-us-gov-west-1.amazonaws.com", "us-gov-west-1"],
    ["https://s3-fips.dualstack.us-gov-east-1.amazonaws.com", "us-gov-east-1"],
    ["https://bucket.vpce-1a2b3c4d-5e6f.s3.eu-west-1.vpce.amazonaws.com", "eu-west-1"],
    ["https://bucket.vpce-1a2b-5e6f-us-east-1a.s3.us-east-1.vpce.amazonaws.com", "us-east-1"],
    ["https://bucket.vpce-1a2b.s3.cn-north-1.vpce.amazonaws.com.cn", "cn-north-1"],
    ["https://s3.dualstack.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"],
    ["https://s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
    ["https://s3.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"],
    ["https://s3.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"],
    ["https://s3.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"],
    ["https://s3.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"],
    ["https://s3.eu-central-2.wasabisys.com", "eu-central-2"],
    ["https://acct.eu.r2.cloudflarestorage.com", "auto"],
    ["http://127.0.0.1:9000", "us-east-1"],
  ])("is that in an endpoint's name: %s", async (endpoint, region) => {
    expect(await regionSignedFor({ endpoint })).toBe(region);
    expect(await regionSignedFor({ endpoint, region: "eu-north-1" })).toBe("eu-north-1");
  });

  it("is that of the environment where the endpoint has none", async () => {
    vi.stubEnv("AWS_REGION", "eu-south-1");
    expect(await regionSignedFor({ endpoint: "http://127.0.0.1:9000" })).toBe("eu-south-1");
    expect(await regionSignedFor({ endpoint: "https://s3.eu-west-1.amazonaws.com" })).toBe("eu-west-1");
  });

  it("is that of the profile when the environment says nothing", async () => {
    files("[default]\nregion = eu-south-2\n");
    expect(await regionSignedFor()).toBe("eu-south-2");
    expect(await regionSignedFor({ endpoint: "http://127.0.0.1:9000" })).toBe("eu-south-2");
  });
});

describe("a public link", () => {
  const REGIONS = [
    "us-east-1",
    "eu-west-1",
    "cn-north-1",
    "us-gov-west-1",
    "eusc-de-east-1",
    "us-iso-east-1",
    "us-isob-east-1",
    "eu-isoe-west-1",
    "us-isof-south-1",
  ];
  const BUCKETS = ["videos", "files.example.com", "Old_Bucket", "my-access-point-s3alias"];
  const WHERE: readonly Partial<S3Options>[] = [
    ...REGIONS.map((region) => ({ region })),
    { region: "eu-west-1", dualstack: true },
    { region: "cn-north-1", dualstack: true },
    { region: "eu-west-1", forcePathStyle: true },
    { endpoint: "https://s3.eu-west-1.amazonaws.com" },
    { endpoint: "https://s3.eu-west-1.amazonaws.com", forcePathStyle: false },
    { endpoint: "https://ref.supabase.co/storage/v1/s3" },
    { endpoint: "http://minio.example.com:9000/", forcePathStyle: false },
    { endpoint: "http://127.0.0.1:9000", forcePathStyle: false },
    { endpoint: "http://minio:9000", publicEndpoint: "https://files.example.org/s3" },
    { endpoint: "https://bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com" },
  ];
  const CASES = WHERE.flatMap((where) => BUCKETS.map((bucket) => ({ ...where, bucket })));

  it.each([...CASES, { region: "eu-west-1", accelerate: true, bucket: "videos" }])(
    "is that of a signed one, and located: %j",
    async (options) => {
      const storage = createStorage(made({ ...options, objects: { acl: "public-read" }, dialect: "aws" }));
      const link = await storage.publicUrl("a b/ü.mp4");
      const signedLink = await storage.signedUrl("a b/ü.mp4");
      expect(link).toBe(signedLink.split("?")[0]);
      expect(storage.locate(link)?.key).toBe("a b/ü.mp4");
      expect(storage.locate(signedLink)?.key).toBe("a b/ü.mp4");
    },
  );

  it.each([
    ["AWS_REGION", "eu-south-1", "videos.s3.eu-south-1.amazonaws.com"],
    ["AWS_USE_DUALSTACK_ENDPOINT", "true", "videos.s3.dualstack.eu-west-1.amazonaws.com"],
    ["AWS_USE_FIPS_ENDPOINT", "true", "videos.s3-fips.eu-west-1.amazonaws.com"],
  ])("follows the environment: %s", async (variable, value, host) => {
    vi.stubEnv("AWS_REGION", "eu-west-1");
    vi.stubEnv(variable, value);
    const storage = createStorage(made({ objects: { acl: "public-read" } }));
    expect(new URL(storage.publicUrl("a")).host).toBe(host);
    expect(new URL(await storage.signedUrl("a")).host).toBe(host);
  });
});
