import { describe, expect, it } from "vitest";
import { createStorage } from "@stowage/core";
import { mocked } from "../mocked.test-support.js";
import { setAccessLog } from "../setup/bucket.js";
import { dialectOf } from "./vendors.js";

function refusalOf(options: Parameters<typeof mocked>[0]): string {
  try {
    mocked({ region: undefined, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return String(error);
  }
  return expect.unreachable("it is taken");
}

describe("a bucket in the endpoint is a TypeError that says what to write", () => {
  it.each([
    ["https://acct.r2.cloudflarestorage.com/files", "https://acct.r2.cloudflarestorage.com"],
    ["https://acct.eu.r2.cloudflarestorage.com/files/", "https://acct.eu.r2.cloudflarestorage.com"],
    ["https://files.acct.r2.cloudflarestorage.com", "https://acct.r2.cloudflarestorage.com"],
    ["https://files.nyc3.digitaloceanspaces.com", "https://nyc3.digitaloceanspaces.com"],
    ["https://files.s3.eu-west-1.amazonaws.com", "https://s3.eu-west-1.amazonaws.com"],
    ["https://files.s3.amazonaws.com", "https://s3.amazonaws.com"],
    ["https://s3.eu-west-1.amazonaws.com/files", "https://s3.eu-west-1.amazonaws.com"],
    ["https://files.s3.us-west-004.backblazeb2.com", "https://s3.us-west-004.backblazeb2.com"],
    ["https://files.s3.wasabisys.com", "https://s3.wasabisys.com"],
    ["https://files.storage.googleapis.com", "https://storage.googleapis.com"],
    ["https://storage.googleapis.com/files", "https://storage.googleapis.com"],
    ["https://files.s3.fr-par.scw.cloud", "https://s3.fr-par.scw.cloud"],
    ["https://files.fsn1.your-objectstorage.com", "https://fsn1.your-objectstorage.com"],
    ["http://minio.example.com:9000/files", "http://minio.example.com:9000"],
    ["http://minio.example.com:9000/s3/files/", "http://minio.example.com:9000/s3"],
    ["https://ref.supabase.co/storage/v1/s3/files", "https://ref.supabase.co/storage/v1/s3"],
  ])("%s", (endpoint, right) => {
    const words = `write endpoint: "${right}", bucket: "files"`;
    expect(refusalOf({ bucket: "files", endpoint })).toContain(words);
    expect(refusalOf({ bucket: "files", publicEndpoint: endpoint })).toContain(words);
    expect(() => mocked({ bucket: "files", endpoint: right, region: undefined })).not.toThrow();
  });

  it.each([
    ["files", "https://files.example.com"],
    ["files", "https://files.internal.example.com:9000"],
    ["storage", "https://ref.supabase.co/storage/v1/s3"],
    ["s3", "https://ref.supabase.co/storage/v1/s3"],
    ["files", "https://example.com/objects"],
    ["s3", "https://s3.eu-west-1.amazonaws.com"],
    ["bucket", "https://bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com"],
  ])("but one beside it is not, though it has the same name: %s at %s", (bucket, endpoint) => {
    expect(() => mocked({ bucket, endpoint, region: undefined })).not.toThrow();
  });
});

describe("an endpoint that is none is a TypeError", () => {
  it.each([
    "minio:9000",
    "https://",
    "ftp://s3.example.com",
    "https://s3.example.com:99999",
    "https://s3..example.com",
    "https://s3.example .com",
    " https://s3.example.com",
    "https://user:secret@s3.example.com",
    "https://s3.example.com?region=a",
    "https://s3.example.com/#a",
    "https://s3-accelerate.amazonaws.com",
    7,
  ])("%j", (endpoint) => {
    expect(refusalOf({ endpoint: endpoint as string })).not.toContain("secret");
  });
});

describe("a region", () => {
  it("that is empty is a TypeError", () => {
    expect(refusalOf({ region: "" })).toContain("region");
  });
});

describe("a bucket that is no name is a TypeError that says what to write", () => {
  it.each([
    ["arn:aws:s3:us-west-2:123456789012:accesspoint/uploads", "-s3alias"],
    ["arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", "-s3alias"],
    ["arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/a", "-s3alias"],
    ["arn:aws:s3:::files", 'write "files"'],
    ["s3://files", 'write bucket: "files"'],
    ["s3://files/uploads", 'write bucket: "files", keyPrefix: "uploads/"'],
    ["files/uploads/", 'write bucket: "files", keyPrefix: "uploads/"'],
    ["https://files.example.com", "give the address as the option endpoint"],
    ["two words", "characters"],
    ["..", "characters"],
    ["a?b", "characters"],
  ])("%s", (bucket, words) => {
    expect(refusalOf({ bucket })).toContain(words);
  });

  it("also where logs go to", async () => {
    const log = { bucket: "arn:aws:s3:::logs", prefix: "" };
    await expect(setAccessLog(mocked().provider, log)).rejects.toThrow('write "logs"');
  });
});

describe("a host in one of Amazon's domains that is no S3 server", () => {
  it.each([
    "http://ec2-203-0-113-25.compute-1.amazonaws.com:9000",
    "https://minio-1.us-east-1.elb.amazonaws.com",
    "https://abc.execute-api.eu-west-1.amazonaws.com",
    "https://s3.eu-west-1.amazonaws.com.example.com",
    "https://mys3.amazonaws.com",
  ])("is not taken for AWS: %s", (endpoint) => {
    expect(dialectOf(endpoint).name).toBe("generic");
    expect(mocked({ endpoint }).provider.supports.conditionalDelete).toBe(false);
  });
});

describe("an old address in one of Amazon's forms", () => {
  it.each([
    ["eu-west-1", "https://videos.s3-fips.eu-west-1.amazonaws.com/a"],
    ["us-gov-west-1", "https://videos.s3-fips-us-gov-west-1.amazonaws.com/a"],
    ["eu-west-1", "https://videos.s3-fips.dualstack.eu-west-1.amazonaws.com/a"],
    ["eu-west-1", "https://s3.dualstack.eu-west-1.amazonaws.com/videos/a"],
    ["eu-west-1", "https://videos.bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com/a"],
    ["eu-west-1", "https://bucket.vpce-1a2b-5e6f.s3.eu-west-1.vpce.amazonaws.com/videos/a"],
    ["cn-north-1", "https://videos.s3.cn-north-1.amazonaws.com.cn/a"],
    ["cn-north-1", "https://videos.s3.dualstack.cn-north-1.amazonaws.com.cn/a?X-Amz-Signature=b"],
    ["eusc-de-east-1", "https://s3.eusc-de-east-1.amazonaws.eu/videos/a"],
    ["us-iso-east-1", "https://videos.s3.us-iso-east-1.c2s.ic.gov/a"],
    ["us-isob-east-1", "https://videos.s3.us-isob-east-1.sc2s.sgov.gov/a"],
    ["us-east-1", "https://videos.s3-external-1.amazonaws.com/a"],
    ["eu-west-1", "https://videos.s3-accelerate.dualstack.amazonaws.com/a"],
  ])("of %s is located: %s", (region, text) => {
    expect(createStorage(mocked({ region }).provider).locate(text)?.key).toBe("a");
    const endpoint = "https://bucket.vpce-9f9f-1111.s3.us-east-2.vpce.amazonaws.com";
    expect(createStorage(mocked({ region, endpoint }).provider).locate(text)?.key).toBe("a");
  });

  it.each([
    ["cn-north-1", "https://videos.s3.amazonaws.com/a"],
    ["eu-west-1", "https://videos.s3.amazonaws.com.cn/a"],
    ["eu-west-1", "https://videos.s3.dualstack.us-east-1.amazonaws.com/a"],
    ["eu-west-1", "https://other.bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com/a"],
  ])("of somebody else is not, seen from %s: %s", (region, text) => {
    expect(createStorage(mocked({ region }).provider).locate(text)).toBeUndefined();
  });
});
