import { describe, expect, it } from "vitest";
import { bucketOf, toBasisPoints } from "./split-hash.js";

describe("the hash of a split", () => {
  it.each([
    ["a", 1991],
    ["a/b", 4330],
    ["a.txt", 4758],
    ["uploads/2026/11/20/photo.jpg", 8344],
    ["caf\u00e9", 6094],
    ["cafe\u0301", 1510],
    ["😀.png", 9935],
    ["A", 3869],
    ["__proto__", 4767],
    ["x".repeat(1024), 5925],
  ])("puts %s where it has always been", (key, bucket) => {
    expect(bucketOf("rollout-1", key)).toBe(bucket);
  });

  it("shares keys out as the percentage says, and moves them one way only", () => {
    const buckets = Array.from({ length: 100_000 }, (_, index) => bucketOf("s", `key ${index}`));
    let before = new Set<number>();
    for (let percent = 0; percent <= 100; percent += 5) {
      const moved = new Set(
        buckets.flatMap((bucket, index) => (bucket < toBasisPoints(percent) ? [index] : [])),
      );
      expect(Math.abs(moved.size / 1000 - percent)).toBeLessThan(1.5);
      for (const index of before) expect(moved.has(index)).toBe(true);
      before = moved;
    }
  });

  it.each([-1, 100.01, Number.NaN, 33.333, "50" as unknown as number])(
    "refuses %s as a percentage",
    (percent) => {
      expect(() => toBasisPoints(percent)).toThrow("from 0 to 100");
    },
  );

  it("takes hundredths", () => {
    expect([toBasisPoints(0.01), toBasisPoints(33.33), toBasisPoints(100)]).toEqual([1, 3333, 10_000]);
  });
});
