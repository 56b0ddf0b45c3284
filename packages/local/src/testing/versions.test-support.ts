import type { Metadata } from "@stowage/core";
import { randomNumbers } from "./random.test-support.js";

/** Objects that are replaced all the time. */
export const VERSION_KEYS: readonly string[] = ["v/0.bin", "v/1.bin", "v/w/2.bin"];

/** The content of the n-th version: any byte of it tells the number, and so does what is written beside it. */
export function versionOf(number: number): { readonly bytes: Buffer; readonly metadata: Metadata } {
  const random = randomNumbers(number);
  const bytes = Buffer.alloc(64 + Math.floor(random() * 300_000), number & 0xff);
  bytes.writeUInt32BE(number, 0);
  bytes.writeUInt32BE(number, bytes.byteLength - 4);
  return { bytes, metadata: { number: String(number) } };
}

/** The number of a version, or what is wrong with it. */
export function numberOf(bytes: Buffer, metadata: Metadata | undefined): number | string {
  const number = bytes.readUInt32BE(0);
  const expected = versionOf(number);
  if (!expected.bytes.equals(bytes)) return `the bytes of ${number} are torn`;
  const beside = metadata?.["number"];
  return beside === expected.metadata["number"]
    ? number
    : `the bytes of ${number} with the facts of ${beside}`;
}
