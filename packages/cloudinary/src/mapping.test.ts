import { seeded } from "@stowage/conformance";
import { keyProblem } from "@stowage/core/provider";
import { describe, expect, it } from "vitest";
import { codeOf, faked } from "./fake.test-support.js";
import { createMapping, PUBLIC_ID_LENGTH_MAX } from "./mapping.js";
import { encodePrefix, encodePublicId } from "./public-id.js";

const SEED = Number(process.env["STOWAGE_SEED"] ?? Date.now() % 2 ** 31);

/** What keys are made of: plain text, and everything that Cloudinary forbids, changes or reads as something else. */
const PIECES = (
  "a b c x y z Z A B 0 1 9 Zx Zx41x _x _ - . .. ? & # % %41 < > + = | é 日本 🎬 v1 v12 / .jpg .JPG .mp4 .txt " +
  "@cloudinary-image @cloudinary-raw w_100 s--abc-- image/upload/v1 ' \" ( ~ $ , :"
)
  .split(" ")
  .concat(" ", "\u0301", "\uFEFF", "/", "/");

function randomKeys(count: number, piecesMax: number): readonly string[] {
  const random = seeded(SEED);
  const keys = new Set<string>();
  while (keys.size < count) {
    const length = 1 + Math.floor(random() * piecesMax);
    const key = Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
    if (keyProblem(key) === undefined) keys.add(key);
  }
  return [...keys];
}

describe.each(["media", "raw"] as const)("the mapping %s", (name) => {
  const mapping = createMapping(name);

  it(`gives 10,000 random keys places of their own, which give them back (seed ${SEED})`, () => {
    const places = new Set<string>();
    for (const key of randomKeys(10_000, 12)) {
      const place = mapping.placeOf(key);
      expect(mapping.keyOf(place)).toBe(key);
      places.add(`${place.resourceType}:${place.publicId}`);
    }
    expect(places.size).toBe(10_000);
  });

  it("begins every id as the key begins", () => {
    const random = seeded(SEED);
    for (const key of randomKeys(2000, 12)) {
      if (key.includes("@")) continue;
      const prefix = key.slice(0, Math.floor(random() * key.length));
      if (!prefix.isWellFormed()) continue;
      expect(encodePublicId(key).slice(0, encodePrefix(prefix).length)).toBe(encodePrefix(prefix));
    }
  });

  it("makes ids of characters that Cloudinary takes as they are", () => {
    for (const key of randomKeys(2000, 12)) {
      const { publicId } = mapping.placeOf(key);
      if (key.includes("@")) continue;
      expect(publicId).toMatch(/^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/);
      for (const segment of publicId.split("/")) expect(segment).not.toMatch(/^v\d+$|^[._-]|[._-]$/);
    }
  });
});

describe("a place that no key of ours has", () => {
  const mapping = createMapping("media");

  it.each([
    ["video", "stremora/films/abc", "stremora/films/abc@cloudinary-video"],
    ["image", "photo", "photo@cloudinary-image"],
    ["raw", "doc.jpg", "doc.jpg@cloudinary-raw"],
    ["image", "été", "été@cloudinary-image"],
    ["raw", "_lead", "_lead@cloudinary-raw"],
  ] as const)("%s %s has the key %s", (resourceType, publicId, key) => {
    expect(mapping.keyOf({ resourceType, publicId })).toBe(key);
    expect(mapping.placeOf(key)).toEqual({ resourceType, publicId });
  });

  it("is not what a key means that only looks like it", () => {
    const place = mapping.placeOf("notes@cloudinary-raw");
    expect(place).toEqual({ resourceType: "raw", publicId: "notesZx40xcloudinary-raw" });
    expect(mapping.keyOf(place)).toBe("notes@cloudinary-raw");
  });

  it("has no key when the SDK would take its id for something else", () => {
    expect(mapping.keyOf({ resourceType: "video", publicId: "image/upload/v1/a" })).toBeUndefined();
  });
});

describe("the mapping raw", () => {
  it("stores no key where it does not list", () => {
    const mapping = createMapping("raw");
    expect(mapping.placeOf("cats@cloudinary-image")).toMatchObject({ resourceType: "raw" });
    expect(mapping.keyOf({ resourceType: "image", publicId: "cats" })).toBeUndefined();
  });
});

describe("keys on the fake", () => {
  it("that fit are stored and listed, and 1,000 that do not are Unsupported without a request", async () => {
    const { fake, storage } = await faked(
      {},
      { limits: { adminCallsPerHour: 10_000 }, checksFormats: false },
    );
    const mapping = createMapping("media");
    const keys = randomKeys(400, 12).filter((key) => {
      const { publicId } = mapping.placeOf(key);
      return publicId === encodePublicId(key) && publicId.length <= PUBLIC_ID_LENGTH_MAX;
    });
    for (const key of keys) await storage.put(key, key);
    const listed: string[] = [];
    for await (const { key } of storage.list()) listed.push(key);
    expect(listed.toSorted()).toEqual([...keys].toSorted());
    for (const key of keys) {
      expect(Buffer.from(await (await storage.get(key)).bytes()).toString()).toBe(key);
    }
    const before = fake.requests.length;
    for (let index = 0; index < 1000; index++) {
      expect(await codeOf(storage.put(`${"long".repeat(64)}${index}`, "x"))).toBe("Unsupported");
    }
    expect(fake.requests.length).toBe(before);
  });
});
