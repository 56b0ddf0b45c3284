import type { BigIntStats } from "node:fs";
import type { Marker } from "./marker.js";

/** The facts that tell one folder from another. The number alone is not enough: a new folder gets that of one just deleted. */
export type Identity = Pick<BigIntStats, "dev" | "ino" | "birthtimeNs">;

/** A root that was looked at. */
interface Seen {
  readonly identity: Identity;
  /** `f_type` of its file system. */
  readonly type: number;
  /** Whether nothing was in it, as in a folder that a disk is to be mounted on. */
  readonly isEmpty: boolean;
  readonly marker: Marker | undefined;
}

/** Overlayfs, which makes a new folder of one of its lower layer when something in it is changed for the first time. */
const OVERLAY = 0x794c7630;

/** Returns whether a folder is the one that was seen before, as long as nothing was mounted in between. */
export function isIdentical(a: Identity, b: Identity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.birthtimeNs === b.birthtimeNs;
}

/**
 * Returns whether a root is the one that was known, after it was copied, mounted again or mounted for the first time. Its
 * marker decides. When it had none:
 *
 * - its number and its time of birth are the same, on whatever disk;
 * - its disk and its number are the same, and it has a marker now, or is on an overlay, which changes the time of birth;
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
