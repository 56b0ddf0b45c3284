import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { Writing } from "../../supports.js";
import type { KeyRow } from "../../../contract/key-row.js";

/** The rule that says which members a key is written to and which of them it stays on. It is all that differs between the composers. */
export interface Placement {
  /** The order of writing: a body goes to one member after the other until one has taken it, or to all members at once. */
  readonly writing: Writing;
  /** The number of members that must hold a write before it is acknowledged. */
  readonly need: number;
  readonly writeOrder: (key: string) => readonly ComposedProvider[];
  readonly readOrder: (key: string) => readonly ComposedProvider[];
  /** The names of the members that hold the object when all is done and nothing expires; the others hold nothing. */
  readonly targets: (key: string, row: KeyRow) => readonly string[];
  /** True when every member holds every settled object, unless a rule has removed it there. */
  readonly alike: boolean;
  /** True when an object has copies on several members, and false when it has one home. */
  readonly hasCopies: boolean;
  /** Tells whether a member is where a key belongs. An object that is found there need not be looked for elsewhere. */
  readonly isHome: (key: string, member: ComposedProvider) => boolean;
  /** Returns the share of a split that counts now, in per cent; absent for other composers. */
  readonly percent?: (() => number) | undefined;
  /** Returns the epoch. When it changes, stored objects may belong elsewhere. */
  readonly epoch: () => string;
}

/**
 * Returns the placement with one copy: an object lives on the first member of its order that takes it.
 *
 * @param order - The members in order of preference for a key.
 * @param moves - `true` when repair moves an object to the first member that can hold it, and `false` when the object stays where it is.
 * @param retiring - The names of members that objects leave in any case.
 */
export function oneHome(
  members: readonly ComposedProvider[],
  order: (key: string) => readonly ComposedProvider[],
  moves: boolean,
  retiring: readonly string[],
): Placement {
  const staying = (key: string): readonly ComposedProvider[] =>
    retiring.length === 0 ? order(key) : order(key).filter(({ name }) => !retiring.includes(name));
  return {
    writing: "in turn",
    need: 1,
    writeOrder: staying,
    readOrder: order,
    targets: (key, row) => {
      const names = staying(key).map(({ name }) => name);
      const home = moves ? names.find((name) => row.cannotHold?.includes(name) !== true) : undefined;
      const holder = names.find((name) => row.holds[name] === row.current?.version);
      const target = home ?? holder ?? names[0];
      return target === undefined ? [] : [target];
    },
    alike: members.length === 1,
    hasCopies: false,
    isHome: (key, member) => staying(key)[0] === member,
    epoch: () => "",
  };
}

/** Returns the placement of a mirror: every member holds every object, unless it is retiring. */
export function everywhere(
  members: readonly ComposedProvider[],
  writes: "all" | "quorum" | "primary",
  order: () => readonly ComposedProvider[],
  retiring: readonly string[],
): Placement {
  const staying = members.filter(({ name }) => !retiring.includes(name));
  const names = staying.map(({ name }) => name);
  const need = { all: staying.length, quorum: Math.floor(staying.length / 2) + 1, primary: 1 }[writes];
  const isStaying = ({ name }: ComposedProvider): boolean => names.includes(name);
  // A member that is retiring may have been emptied already.
  const readOrder = (): readonly ComposedProvider[] =>
    retiring.length === 0
      ? order()
      : [...order().filter(isStaying), ...order().filter((each) => !isStaying(each))];
  return {
    writing: writes === "primary" ? "in turn" : "at once",
    need,
    writeOrder: () => staying,
    readOrder,
    targets: () => names,
    alike: true,
    hasCopies: true,
    isHome: () => false,
    epoch: () => "",
  };
}
