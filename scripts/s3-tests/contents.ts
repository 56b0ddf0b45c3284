import type { FileStorage } from "@stowage/core";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

export const MIB: number = 1024 * 1024;

/** Bytes that are nowhere the same as their neighbours, the same in every run. */
export function patterned(bytes: number): Buffer {
  const content = Buffer.allocUnsafe(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) content.writeUInt32LE(Math.imul(at + 1, 0x9e3779b1) >>> 0, at);
  return content.fill(7, bytes - (bytes % 4));
}

/** Of unknown length, in chunks; then whatever `then` does. */
export async function* streamed(
  content: Uint8Array,
  then?: () => Promise<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let sent = 0; sent < content.byteLength; sent += 64 * 1024)
    yield content.subarray(sent, sent + 64 * 1024);
  await then?.();
}

export function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export async function digestAt(storage: Pick<FileStorage, "get">, key: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await storage.get(key)) hash.update(chunk);
  return hash.digest("hex");
}

export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
