import { existsSync, rmSync, writeFileSync } from "node:fs";
import { clock } from "@stowage/core/journal";
import type { Change } from "./change.js";

/**
 * The size of the reserve in bytes. The reserve is enough for several hundred changes. Each delete among these changes
 * frees space for further changes.
 */
const RESERVE_BYTES = 1024 * 1024;

/** The shortest time between two attempts to make the reserve, in milliseconds. */
const AGAIN_MS = 10_000;

/**
 * Disk space that is reserved for deletes. With this space, objects can be deleted even if the journal's disk is full.
 */
export interface Reserve {
  /** Gives the reserved space back to the disk. Returns `false` if there was no reserved space. */
  readonly release: () => boolean;
  /** Makes the reserve again if it is gone and the disk has enough free space. */
  readonly refill: () => void;
}

/** Reserves space with a file beside the journal. */
export function keepReserve(path: string): Reserve {
  const file = `${path}-reserve`;
  let triedAt = Number.NEGATIVE_INFINITY;
  const refill = (): void => {
    if (clock.now() - triedAt < AGAIN_MS) return;
    triedAt = clock.now();
    if (existsSync(file)) return;
    try {
      // The file contains text, because on some file systems zeros take up no space.
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

/** Tells whether a change frees space: it drops a row, or it belongs to a delete. */
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
