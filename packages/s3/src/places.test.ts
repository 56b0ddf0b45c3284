import { describe, expect, it } from "vitest";
import { createPlaces, type Places, type PlacesOptions } from "./places.js";
import type { Server } from "./server/server.js";

const AMAZON: Server = {
  endpoint: undefined,
  region: "eu-west-1",
  isKnown: true,
  forcePathStyle: false,
  accelerate: false,
  dualstack: false,
  fips: false,
};

function places({
  bucket = "videos",
  publicBaseUrl,
  publicEndpoint,
  ...server
}: Partial<Omit<PlacesOptions, "server">> & Partial<Server> = {}): Places {
  const known = { ...AMAZON, ...server };
  return createPlaces({ provider: "s3", bucket, publicBaseUrl, publicEndpoint, server: () => known });
}

const KEYS = ["a.mp4", "a b/c+d%20.mp4", "日本/é?#&.mp4", "100%.mp4", "a:b@c,(d).mp4"];

describe("a ref", () => {
  it.each(KEYS)("leads back to its key: %s", (key) => {
    const { ref, locate } = places();
    expect(locate(ref(key))).toEqual({ key, provider: "s3", ref: ref(key) });
  });

  it("of another tool, with the key as it is, is found too", () => {
    expect(places().locate("s3://videos/a b/100%.mp4")?.key).toBe("a b/100%.mp4");
  });
});

describe("a URL", () => {
  it.each([
    "https://videos.s3.eu-west-1.amazonaws.com/a%20b.mp4",
    "https://videos.s3-eu-west-1.amazonaws.com/a%20b.mp4",
    "https://videos.s3.amazonaws.com/a%20b.mp4",
    "https://videos.s3.dualstack.eu-west-1.amazonaws.com/a%20b.mp4",
    "https://videos.s3-accelerate.amazonaws.com/a%20b.mp4",
    "https://s3.eu-west-1.amazonaws.com/videos/a%20b.mp4",
    "https://s3.amazonaws.com/videos/a%20b.mp4?X-Amz-Signature=abc#t=1",
  ])("of AWS, in either style, is located: %s", (url) => {
    expect(places().locate(url)?.key).toBe("a b.mp4");
  });

  it.each([
    "https://other.s3.eu-west-1.amazonaws.com/a.mp4",
    "https://videos.s3.us-east-1.amazonaws.com/a.mp4",
    "https://s3.eu-west-1.amazonaws.com/videos-2/a.mp4",
    "https://s3.eu-west-1.amazonaws.com/videos",
    "https://videos.s3.eu-west-1.amazonaws.com.example.com/a.mp4",
    "https://videos.example.com/a.mp4",
    "ftp://videos.s3.amazonaws.com/a.mp4",
    "s3://videos-2/a.mp4",
    "s3://videos/",
    "s3://videos/../a",
    "no url",
  ])("of somebody else is not: %s", (url) => {
    expect(places().locate(url)).toBeUndefined();
  });

  it("at the own endpoint is located, in either style", () => {
    const { locate } = places({ endpoint: "http://s3.example.com:9000" });
    expect(locate("http://s3.example.com:9000/videos/a%20b.mp4")?.key).toBe("a b.mp4");
    expect(locate("http://videos.s3.example.com:9000/a%20b.mp4")?.key).toBe("a b.mp4");
    expect(locate("https://videos.s3.eu-west-1.amazonaws.com/a.mp4")).toBeUndefined();
  });

  it.each(KEYS)("below the public base leads back to its key: %s", (key) => {
    const { publicUrl, locate } = places({ publicBaseUrl: "https://cdn.example.com/media/" });
    expect(publicUrl(key)).toMatch(/^https:\/\/cdn\.example\.com\/media\/[^\s?#]+$/);
    expect(locate(`${publicUrl(key)}?v=2`)?.key).toBe(key);
  });
});
