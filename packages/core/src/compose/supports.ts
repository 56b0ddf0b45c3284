import type { ComposedProvider } from "../contract/composed-provider.js";
import type { Supports } from "../contract/supports.js";

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
  };
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
  };
}

type BooleanFeature = {
  [Name in keyof Supports]: Supports[Name] extends boolean ? Name : never;
}[keyof Supports];
