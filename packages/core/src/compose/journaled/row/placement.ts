import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { KeyRow } from "../../../contract/key-row.js";

/** Which members a key goes to, and which of them it stays on: all that differs between the composers. */
export interface Placement {
  /** A body goes to one member after the other until one has taken it, or to all at once. */
  readonly writing: "in turn" | "at once";
  /** How many members must hold a write before it is acknowledged. */
  readonly need: number;
  readonly writeOrder: (key: string) => readonly ComposedProvider[];
  readonly readOrder: (key: string) => readonly ComposedProvider[];
  /** The names of the members that hold the object when all is done and nothing expires; the others hold nothing. */
  readonly targets: (key: string, row: KeyRow) => readonly string[];
  /** Whether every member holds every object that is not in transition, unless a rule has removed it there. */
  readonly alike: boolean;
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
 */
export function oneHome(
  members: readonly ComposedProvider[],
  order: (key: string) => readonly ComposedProvider[],
  moves: boolean,
): Placement {
  return {
    writing: "in turn",
    need: 1,
    writeOrder: order,
    readOrder: order,
    targets: (key, row) => {
      const names = order(key).map(({ name }) => name);
      const home = moves ? names.find((name) => row.cannotHold?.includes(name) !== true) : undefined;
      const holder = names.find((name) => row.holds[name] === row.current?.version);
      const target = home ?? holder ?? names[0];
      return target === undefined ? [] : [target];
    },
    alike: members.length === 1,
    isHome: (key, member) => order(key)[0] === member,
    epoch: () => "",
  };
}

/** Every member holds every object. */
export function everywhere(
  members: readonly ComposedProvider[],
  writes: "all" | "quorum" | "primary",
  order: () => readonly ComposedProvider[],
): Placement {
  const names = members.map(({ name }) => name);
  const need = { all: members.length, quorum: Math.floor(members.length / 2) + 1, primary: 1 }[writes];
  return {
    writing: writes === "primary" ? "in turn" : "at once",
    need,
    writeOrder: () => members,
    readOrder: order,
    targets: () => names,
    alike: true,
    isHome: () => false,
    epoch: () => "",
  };
}
