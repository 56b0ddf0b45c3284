import { describe, expect, it } from "vitest";
import { DIALECTS } from "./dialect.js";
import { dialectOf, regionOf } from "./vendors.js";
import { mocked } from "../mocked.test-support.js";

describe("a server is known by its endpoint", () => {
  it.each([
    ["https://s3.eu-central-1.amazonaws.com", "aws", "eu-central-1"],
    ["https://s3.cn-north-1.amazonaws.com.cn", "aws", "cn-north-1"],
    ["https://abc.r2.cloudflarestorage.com", "r2", "auto"],
    ["https://s3.us-west-004.backblazeb2.com", "b2", "us-west-004"],
    ["https://s3.eu-central-2.wasabisys.com", "wasabi", "eu-central-2"],
    ["https://storage.googleapis.com", "gcs", "auto"],
    ["https://fra1.digitaloceanspaces.com", "spaces", undefined],
    ["http://127.0.0.1:9000", "generic", undefined],
    ["https://amazonaws.com.example.com", "generic", undefined],
  ])("%s", (endpoint, name, region) => {
    expect(dialectOf(endpoint)).toBe(DIALECTS[name as keyof typeof DIALECTS]);
    expect(regionOf(endpoint)).toBe(region);
  });

  it("no endpoint is AWS", () => {
    expect(dialectOf(undefined)).toBe(DIALECTS.aws);
  });
});

describe("a dialect that was found out", () => {
  it("decides what the provider supports, also after JSON", () => {
    const found = { ...DIALECTS.generic, name: "probed", conditionalDelete: true };
    const dialect = JSON.parse(JSON.stringify(found)) as typeof DIALECTS.generic;
    expect(mocked({ dialect }).provider.supports).toMatchObject({ conditionalDelete: true, ifMatch: false });
  });

  it("is refused when something is missing", () => {
    expect(() => mocked({ dialect: { name: "probed" } as never })).toThrow(
      's3: dialect must be aws, r2, minio, ceph, b2, gcs, spaces, wasabi, swift, generic or the result of probe(), not {"name":"probed"}',
    );
  });
});
