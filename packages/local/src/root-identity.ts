import type { BigIntStats } from "node:fs";
import type { Marker } from "./marker.js";

/**
 * The facts that distinguish one folder from all others. The inode number alone is not enough: a new folder may get the
 * number of a folder that was just deleted.
 */
export type Identity = Pick<BigIntStats, "dev" | "ino" | "birthtimeNs">;

/** A root, with the facts that were found when it was checked. */
interface Seen {
  readonly identity: Identity;
  /** The `f_type` of the root's file system. */
  readonly type: number;
  /** True if the folder was empty. A mount point is empty before a disk is mounted on it. */
  readonly isEmpty: boolean;
  readonly marker: Marker | undefined;
}

/**
 * The `f_type` of overlayfs. When something in a folder of the lower layer is changed for the first time, overlayfs
 * replaces that folder with a new one.
 */
const OVERLAY = 0x794c7630;

/**
 * Tells whether two identities belong to the same folder. The answer is correct as long as nothing was mounted in
 * between.
 */
export function isIdentical(a: Identity, b: Identity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.birthtimeNs === b.birthtimeNs;
}

/**
 * Tells whether a root is the root that was known before. In between, the root may have been copied, mounted again or
 * mounted for the first time. The marker of the known root decides. If the known root had no marker, one of these
 * conditions has to hold:
 *
 * - its inode number and its creation time are the same, on whatever disk;
 * - its disk and its inode number are the same, and it has a marker now;
 * - its disk and its inode number are the same, and it is on an overlay, which changes the creation time;
 * - it was empty, and has a marker now: a disk has been mounted on it.
 */
export function isKnownAgain(known: Seen, here: Seen): boolean {
  if (isIdentical(known.identity, here.identity)) return true;
  if (known.marker !== undefined) return known.marker.id === here.marker?.id;
  const { dev, ino, birthtimeNs } = known.identity;
  if (known.isEmpty && here.marker !== undefined) return true;
  if (ino !== here.identity.ino) return false;
  if (birthtimeNs !== 0n && birthtimeNs === here.identity.birthtimeNs) return true;
  return dev === here.identity.dev && (here.marker !== undefined || here.type === OVERLAY);
}
