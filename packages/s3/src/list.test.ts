import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import { createStorage } from "@stowage/core";
import { describe, expect, it } from "vitest";
import { mocked, type Mocked } from "./mocked.test-support.js";

interface Page {
  readonly Contents?: readonly { readonly Key: string; readonly Size?: number }[];
  readonly IsTruncated: boolean;
  readonly EncodingType?: "url";
  readonly NextContinuationToken?: string;
}

/** A server that gives pages by their number. */
function serving(pageAt: (asked: number) => Page): Mocked {
  const target = mocked();
  let asked = 0;
  target.mock.on(ListObjectsV2Command).callsFake(() => ({ $metadata: {}, ...pageAt(asked++) }));
  return target;
}

async function keysOf({ provider }: Mocked): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of createStorage(provider, { retry: false }).list()) keys.push(key);
  return keys;
}

const one = (Key: string): Pick<Page, "Contents"> => ({ Contents: [{ Key, Size: 1 }] });
const INCOMPLETE = { code: "Unavailable" };

describe("a listing that is not whole", () => {
  it.each([
    ["has no token", () => ({ ...one("a"), IsTruncated: true })],
    ["has an empty token", () => ({ ...one("a"), IsTruncated: true, NextContinuationToken: "" })],
    ["has the same token again", () => ({ ...one("a"), IsTruncated: true, NextContinuationToken: "t" })],
    [
      "has the tokens of a circle",
      (asked: number) => ({
        ...one(`k${asked % 3}`),
        IsTruncated: true,
        NextContinuationToken: `${asked % 3}`,
      }),
    ],
    [
      "has a new token and the same keys",
      (asked: number) => ({ ...one("a"), IsTruncated: true, NextContinuationToken: `t${asked}` }),
    ],
    [
      "has new tokens and no keys",
      (asked: number) => ({ IsTruncated: true, NextContinuationToken: `t${asked}` }),
    ],
    ["has no sizes", () => ({ Contents: [{ Key: "a" }], IsTruncated: false })],
  ])("fails: it %s", async (_title, pageAt) => {
    await expect(keysOf(serving(pageAt))).rejects.toMatchObject(INCOMPLETE);
  });

  it("is not taken for an empty folder by deletePrefix", async () => {
    const { provider } = serving(() => ({ IsTruncated: true }));
    const storage = createStorage(provider, { retry: false });
    await expect(storage.deletePrefix("p/")).rejects.toMatchObject(INCOMPLETE);
  });

  it("goes on over pages without an entry", async () => {
    const target = serving((asked) =>
      asked < 20
        ? { IsTruncated: true, NextContinuationToken: `t${asked}` }
        : { ...one("a"), IsTruncated: false },
    );
    expect(await keysOf(target)).toEqual(["a"]);
  });
});

describe("keys", () => {
  it.each(["2026-01-01T00:00:00+01:00.log", "100%.csv", "%41", "a b"])(
    "are taken as they are where the answer does not say that they are encoded: %s",
    async (key) => {
      expect(await keysOf(serving(() => ({ ...one(key), IsTruncated: false })))).toEqual([key]);
    },
  );

  it("that are encoded wrongly make no sense", async () => {
    const page = { ...one("100%"), IsTruncated: false, EncodingType: "url" } as const;
    await expect(keysOf(serving(() => page))).rejects.toMatchObject(INCOMPLETE);
  });
});
