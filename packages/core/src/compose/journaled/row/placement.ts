import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { Writing } from "../../supports.js";
import type { KeyRow } from "../../../contract/key-row.js";

/** Which members a key goes to, and which of them it stays on: all that differs between the composers. */
export interface Placement {
  /** A body goes to one member after the other until one has taken it, or to all at once. */
  readonly writing: Writing;
  /** How many members must hold a write before it is acknowledged. */
  readonly need: number;
  readonly writeOrder: (key: string) => readonly ComposedProvider[];
  readonly readOrder: (key: string) => readonly ComposedProvider[];
  /** The names of the members that hold the object when all is done and nothing expires; the others hold nothing. */
  readonly targets: (key: string, row: KeyRow) => readonly string[];
  /** Whether every member holds every object that is not in transition, unless a rule has removed it there. */
  readonly alike: boolean;
  /** Whether an object has copies on several members, or one home. */
  readonly hasCopies: boolean;
  /** Whether a member is where a key belongs, so that nobody need look further when it is found there. */
  readonly isHome: (key: string, member: ComposedProvider) => boolean;
  /** Of a split: the share that counts now, in per cent. */
  readonly percent?: (() => number) | undefined;
  /** Names the placement: when it changes, what is stored may belong elsewhere. */
  readonly epoch: () => string;
}

/**
 * An object lives on one member: on the first of its order that takes it.
 *
 * @param order - The members in order of preference for a key.
 * @param moves - Whether repair moves it to the first that can hold it, or leaves it where it is.
 * @param retiring - Members that it leaves in any case.
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
  // What is retiring may have been emptied already.
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
