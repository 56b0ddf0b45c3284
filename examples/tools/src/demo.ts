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

/** Ends the process in good order when somebody asks for it. */
export function stopOnSignal(stop: () => Promise<void>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stop().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}
