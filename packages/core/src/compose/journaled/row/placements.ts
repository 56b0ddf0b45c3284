import type { StorageProvider } from "../../../contract/provider.js";
import type { Placement } from "../replica-set.js";

/**
 * An object lives on one member: on the first of its order that takes it.
 *
 * @param order - The members in order of preference for a key.
 * @param moves - Whether repair moves it to the first that can hold it, or leaves it where it is.
 */
export function oneHome(
  members: readonly StorageProvider[],
  order: (key: string) => readonly StorageProvider[],
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
  members: readonly StorageProvider[],
  writes: "all" | "quorum" | "primary",
  order: () => readonly StorageProvider[],
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
