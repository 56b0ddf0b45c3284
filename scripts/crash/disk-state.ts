import { copyFileSync, linkSync, mkdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { NameChange, RecordedFile, Recording } from "./recording-disk.js";

/** What a loss of power leaves of what was not synced. */
export interface Loss {
  /** The moment of the loss. */
  readonly at: number;
  /** Whether a change of names that was not synced is on the disk all the same. */
  readonly keepsName: (change: NameChange) => boolean;
  /** How much of a file's bytes that were not synced is there, from 0 to 1. */
  readonly keepsBytes: (file: RecordedFile) => number;
}

/** Makes a folder that is as the disk was after a loss of power. */
export function materialize(recording: Recording, root: string, target: string, loss: Loss): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  const files = new Map(recording.base);
  const folders = new Set(recording.baseFolders);
  for (const change of recording.changes) {
    if (change.at > loss.at) break;
    if (change.durableAt > loss.at && !loss.keepsName(change)) continue;
    if (change.from !== undefined) files.delete(change.from);
    if (change.kind === "folder") folders.add(change.path);
    else if (change.kind === "gone") {
      files.delete(change.path);
      folders.delete(change.path);
    } else if (change.file !== undefined) files.set(change.path, change.file);
  }
  const place = (path: string): string => join(target, relative(root, path));
  const made = new Set([root]);
  for (const folder of [...folders].toSorted()) {
    // What lies in a folder that is lost is lost.
    if (!made.has(dirname(folder))) continue;
    mkdirSync(place(folder));
    made.add(folder);
  }
  for (const [path, file] of files) {
    if (made.has(dirname(path))) placeFile(file, place(path), loss);
  }
}

function placeFile(file: RecordedFile, path: string, { at, keepsBytes }: Loss): void {
  const synced = file.syncs.findLast((sync) => sync.at <= at);
  const isWhole = file.writes.every((written) => written <= at);
  const isSynced = file.writes.every((written) => written <= (synced?.at ?? 0));
  const kept = keepsBytes(file);
  if (isWhole && (isSynced || kept === 1)) return linkSync(file.vault, path);
  // Cut off somewhere behind what was synced.
  copyFileSync(file.vault, path);
  const least = synced?.size ?? 0;
  truncateSync(path, least + Math.floor((statSync(path).size - least) * Math.min(kept, 0.9)));
}
