import { existsSync, rmSync, writeFileSync } from "node:fs";
import { clock } from "@stowage/core/journal";
import type { Change } from "./change.js";

/** Enough for some hundred changes: deletes make room for more by themselves. */
const RESERVE_BYTES = 1024 * 1024;

/** How often it is tried to make the reserve again, in milliseconds. */
const AGAIN_MS = 10_000;

/** Space that is kept for deletes: a disk that is full, and has the journal on it, must be able to be emptied. */
export interface Reserve {
  /** Gives the space back to the disk; tells whether there was any. */
  readonly release: () => boolean;
  /** Makes the reserve again when it is gone and the disk has room. */
  readonly refill: () => void;
}

/** Keeps space in a file beside the journal. */
export function keepReserve(path: string): Reserve {
  const file = `${path}-reserve`;
  let triedAt = Number.NEGATIVE_INFINITY;
  const refill = (): void => {
    if (clock.now() - triedAt < AGAIN_MS) return;
    triedAt = clock.now();
    if (existsSync(file)) return;
    try {
      // Not a file of zeros, which some file systems keep in no space at all.
      writeFileSync(file, Buffer.alloc(RESERVE_BYTES, "reserved for deletes; "), { mode: 0o600, flag: "wx" });
    } catch {
      rmSync(file, { force: true });
    }
  };
  const release = (): boolean => {
    if (!existsSync(file)) return false;
    rmSync(file, { force: true });
    triedAt = clock.now();
    return true;
  };
  refill();
  return { release, refill };
}

/** Tells whether a change is about a delete, or about what is over: with it space becomes free. */
export function freesSpace({ table, value }: Change): boolean {
  if (table !== "rows") return false;
  if (value === undefined) return true;
  const row = JSON.parse(value) as { readonly current?: { readonly kind?: unknown } };
  return row.current?.kind === "delete";
}

/** Tells whether SQLite failed because the disk is full. */
export function isDiskFull(error: unknown): boolean {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown };
  return /FULL|disk is full/i.test(`${String(code)} ${String(message)}`);
}
