import type { ComposedProvider } from "../contract/composed-provider.js";
import type { Supports } from "../contract/supports.js";
import { WINDOW_BYTES } from "../body/tee.js";

/**
 * What a group supports when its rules let it choose the member: what changes meaning must be supported by
 * every member, what some member can take is taken.
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

/** The order in which the members of a group are given a body. */
export type Writing = "at once" | "in turn";

/**
 * Returns how much a composer keeps of one stream, in bytes: what waits for the slowest member, and what the members keep that have it
 * at the same time.
 *
 * @param size - Of the body, in bytes; a stream may have any.
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

/** Tells whether a member says that it cannot be listed. Those that say nothing of it can. */
export function cannotList({ supports }: ComposedProvider): boolean {
  const { list }: Partial<Supports> = supports;
  return !(list ?? true);
}

/** What a group supports when every member gets everything. */
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
