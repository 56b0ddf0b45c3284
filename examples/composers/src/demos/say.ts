import { createHash } from "node:crypto";

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function assert(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The demo failed: ${what}`);
}
