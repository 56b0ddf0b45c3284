import { describe, expect, it } from "vitest";
import { cloudinary } from "./cloudinary.js";
import { toSettings } from "./cloudinary-options.js";

const ACCOUNT = { cloudName: "demo", apiKey: "1234", apiSecret: "abcd" };

describe("the options", () => {
  it("take a URL as the console shows it, and everything in it as it is", () => {
    const settings = toSettings({
      url: "cloudinary://1234:a%40b@demo/cdn.example.com?upload_prefix=https://api-eu.cloudinary.com",
    });
    expect(settings).toMatchObject({
      ...ACCOUNT,
      apiSecret: "a%40b",
      uploadPrefix: "https://api-eu.cloudinary.com",
      deliveryBaseUrl: "https://cdn.example.com",
    });
    expect(toSettings({ url: "cloudinary://1234:abcd@demo" }).deliveryBaseUrl).toBe(
      "https://res.cloudinary.com/demo",
    );
  });

  it("that are missing or wrong are named all at once", () => {
    const wrong = { cloudName: "demo", mapping: "video", chunkBytes: 5, keyPrefix: "a" } as never;
    expect(() => cloudinary(wrong)).toThrow(
      'cloudinary: apiKey, apiSecret missing: give cloudName, apiKey and apiSecret, or url; keyPrefix must be a text such as "uploads/", with at most 200 characters, not "a"; mapping must be "media" or "raw", not "video"; chunkBytes must be a whole number from 6291456 to 100000000, not 5',
    );
  });

  it.each(["https://api.cloudinary.com", "cloudinary://demo", "cloudinary://1234@demo", "nonsense"])(
    "refuse %s as a URL",
    (url) => expect(() => cloudinary({ url })).toThrow("url must be cloudinary://<key>:<secret>@<cloud>"),
  );

  it.each(["/uploads/", "a//b/", "../", "uploads", "long/".repeat(60)])(
    "refuse %j as a prefix",
    (keyPrefix) => {
      expect(() => cloudinary({ ...ACCOUNT, keyPrefix })).toThrow(
        "cloudinary: keyPrefix must be a text such as",
      );
    },
  );

  it("say when a variable is not set", () => {
    expect(() => cloudinary({ url: undefined })).toThrow("url is undefined: set CLOUDINARY_URL");
    expect(() => cloudinary(undefined as never)).toThrow("cloudinary: cloudName, apiKey, apiSecret missing");
  });

  it.each(["my cloud", "a/b", "<cloud>"])("refuse %j as a cloud", (cloudName) => {
    expect(() => cloudinary({ ...ACCOUNT, cloudName })).toThrow("cloudName must be a text without spaces");
  });

  it("say how much of a stream is kept", () => {
    const { supports } = cloudinary({ ...ACCOUNT, chunkBytes: 7_000_000, keyPrefix: "a/" });
    expect(supports.bufferedBytes).toBe(7_000_000);
  });

  it("never show the secret", () => {
    expect(() => cloudinary({ ...ACCOUNT, apiSecret: "s3cr3t", connectMs: -1 })).toThrow(/^(?!.*s3cr3t)/);
  });
});
