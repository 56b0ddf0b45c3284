import type { ComposedProvider } from "../contract/composed-provider.js";
import type { Supports } from "../contract/supports.js";
import { WINDOW_BYTES } from "../body/tee.js";

/**
 * Returns the features of a group that chooses a member for each object. A feature that changes the meaning of a call must be supported
 * by every member. An object is accepted if at least one member can store it.
 */
export function choiceSupports(members: readonly ComposedProvider[]): Supports {
  const every = (feature: BooleanFeature): boolean => members.every(({ supports }) => supports[feature]);
  const some = (feature: BooleanFeature): boolean => members.some(({ supports }) => supports[feature]);
  const most = (feature: "keyBytesMax" | "objectBytesMax"): number =>
    Math.max(...members.map(({ supports }) => supports[feature]));
  return {
    range: every("range"),
    ifNoneMatch: every("ifNoneMatch"),
    ifMatch: every("ifMatch"),
    ifNoneMatchOnMultipart: every("ifNoneMatchOnMultipart"),
    conditionalDelete: every("conditionalDelete"),
    metadata: every("metadata"),
    list: !members.some(cannotList),
    orderedList: true,
    emptyObject: some("emptyObject"),
    overwrite: every("overwrite"),
    byteExact: every("byteExact"),
    beforeCommit: every("beforeCommit"),
    keyBytesMax: most("keyBytesMax"),
    objectBytesMax: most("objectBytesMax"),
    bufferedBytes: keptAtOnce(members, "in turn"),
  };
}

/** The order in which the members of a group receive a body. */
export type Writing = "at once" | "in turn";

/**
 * Returns the number of bytes that a composer keeps in memory for one stream. These are the bytes that wait for the slowest member, and the
 * buffers of all members that receive the stream at the same time.
 *
 * @param size - The size of the body, in bytes; a stream may have any size.
 */
export function keptAtOnce(
  members: readonly ComposedProvider[],
  writing: Writing,
  size: number = Number.POSITIVE_INFINITY,
  windowBytes: number = WINDOW_BYTES,
): number {
  const kept = members.map(({ supports }) => Math.min(size, supports.bufferedBytes ?? 0));
  const byMembers = writing === "at once" ? kept.reduce((sum, bytes) => sum + bytes, 0) : Math.max(...kept);
  return Math.min(size, windowBytes) + byMembers;
}

/** Tells whether a member declares that it cannot be listed. A member without such a declaration can be listed. */
export function cannotList({ supports }: ComposedProvider): boolean {
  const { list }: Partial<Supports> = supports;
  return !(list ?? true);
}

/** Returns the features of a group in which every member gets everything. */
export function everySupports(members: readonly ComposedProvider[]): Supports {
  const every = (feature: BooleanFeature): boolean => members.every(({ supports }) => supports[feature]);
  const least = (feature: "keyBytesMax" | "objectBytesMax"): number =>
    Math.min(...members.map(({ supports }) => supports[feature]));
  return {
    ...choiceSupports(members),
    emptyObject: every("emptyObject"),
    keyBytesMax: least("keyBytesMax"),
    objectBytesMax: least("objectBytesMax"),
    bufferedBytes: keptAtOnce(members, "at once"),
  };
}

type BooleanFeature = {
  [Name in keyof Supports]-?: Supports[Name] extends boolean ? Name : never;
}[keyof Supports];
