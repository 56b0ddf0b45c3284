import { describe, expect, it } from "vitest";
import { crc32c } from "./crc32c.js";

describe("the CRC-32C", () => {
  /** @see https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */
  it.each([
    ["32 zeros", Buffer.alloc(32), 0x8a_91_36_aa],
    ["32 bytes of ones", Buffer.alloc(32, 0xff), 0x62_a8_ab_43],
    ["32 rising bytes", Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46_dd_79_4e],
    ["the check text", Buffer.from("123456789"), 0xe3_06_92_83],
    ["nothing", Buffer.alloc(0), 0],
  ])("of %s is the published one", (_title, bytes, value) => {
    expect(crc32c(bytes, 0)).toBe(value);
  });

  it("can be computed piece by piece", () => {
    const bytes = Buffer.from("123456789");
    expect(crc32c(bytes.subarray(4), crc32c(bytes.subarray(0, 4), 0))).toBe(0xe3_06_92_83);
  });
});
