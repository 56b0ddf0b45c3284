import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { Writing } from "../../supports.js";
import type { KeyRow } from "../../../contract/key-row.js";

/** The rule that decides to which members a key is written, and which members keep it. Only this rule differs between the composers. */
export interface Placement {
  /**
   * The order of writing: a body goes to one member after the other until one member has stored it, or to all members at the same time.
   */
  readonly writing: Writing;
  /** The number of members that must hold a write before it is acknowledged. */
  readonly need: number;
  readonly writeOrder: (key: string) => readonly ComposedProvider[];
  readonly readOrder: (key: string) => readonly ComposedProvider[];
  /**
   * The names of the members that hold the object when all work is done and nothing has expired. The other members then hold nothing.
   */
  readonly targets: (key: string, row: KeyRow) => readonly string[];
  /** True if every member holds every settled object, except objects that the member's own rules have removed. */
  readonly alike: boolean;
  /** True if an object has copies on several members; false if an object has one home. */
  readonly hasCopies: boolean;
  /** Tells whether a key belongs on a member. If the object is found on this member, the other members need not be searched. */
  readonly isHome: (key: string, member: ComposedProvider) => boolean;
  /** Returns the current percentage of a split; absent for other composers. */
  readonly percent?: (() => number) | undefined;
  /** Returns the epoch. After the epoch changes, stored objects may belong on other members. */
  readonly epoch: () => string;
}

/**
 * Returns the placement with one copy of each object. Each key has an order of members, and the object goes to the
 * first member that can store it.
 *
 * @param order - The members in order of preference for a key.
 * @param moves - `true` if repair moves an object to the first member that can hold it; `false` if the object stays where it is.
 * @param retiring - The names of members whose objects repair always moves away, even if `moves` is `false`.
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

/** Returns the placement of a mirror: every member holds every object, unless the member is retiring. */
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
  // A member that is retiring may already be empty.
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
