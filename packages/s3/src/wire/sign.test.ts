import { describe, expect, it } from "vitest";
import { encodePath, encodeQuery } from "./encode.js";
import { createSigner, sha256 } from "./sign.js";
import { firstDifference } from "./sign.test-support.js";

const KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const TIME = Date.UTC(2013, 4, 24);
const HOST = "examplebucket.s3.amazonaws.com";

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const PUBLISHED: readonly (readonly [
  title: string,
  request: {
    method: string;
    key: string;
    query?: [string, string][];
    headers?: Record<string, string>;
    body?: string;
  },
  signature: string,
])[] = [
  [
    "a GET of a range",
    { method: "GET", key: "test.txt", headers: { range: "bytes=0-9" } },
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "a PUT with a key that must be encoded",
    {
      method: "PUT",
      key: "test$file.text",
      headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
      body: "Welcome to Amazon S3.",
    },
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  [
    "a parameter without a value",
    { method: "GET", key: "", query: [["lifecycle", ""]] },
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "a listing",
    {
      method: "GET",
      key: "",
      query: [
        ["max-keys", "2"],
        ["prefix", "J"],
      ],
    },
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
];

describe("the signature", () => {
  it.each(PUBLISHED)("of %s is the published one", (_title, request, signature) => {
    const headers: Record<string, string> = { host: HOST, ...request.headers };
    createSigner("us-east-1")(
      {
        method: request.method,
        path: `/${encodePath(request.key)}`,
        query: encodeQuery(request.query ?? []),
        headers,
        payloadHash: sha256(request.body ?? ""),
      },
      KEYS,
      TIME,
    );
    expect(headers["authorization"]).toMatch(new RegExp(`Signature=${signature}$`));
  });

  it("of 10,000 random requests equals that of the SDK's signer", async () => {
    expect(await firstDifference(10_000, 21)).toBeUndefined();
  });

  it("changes with the day, the secret and the region, although the derived key is kept", () => {
    const sign = createSigner("eu-west-1");
    const signatureAt = (time: number, secretAccessKey: string): string | undefined => {
      const headers: Record<string, string> = { host: HOST };
      sign(
        { method: "GET", path: "/a", query: "", headers, payloadHash: sha256("") },
        { ...KEYS, secretAccessKey },
        time,
      );
      return headers["authorization"]?.split("Signature=")[1];
    };
    const DAY_MS = 86_400_000;
    const all = [signatureAt(TIME, "a"), signatureAt(TIME + DAY_MS, "a"), signatureAt(TIME, "b")];
    expect(new Set(all).size).toBe(3);
    expect(signatureAt(TIME, "a")).toBe(all[0]);
  });
});
