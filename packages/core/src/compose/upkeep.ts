import type { StorageProvider, Upkeep } from "../provider.js";

/** The upkeep of a composer: its own, and that of its members. */
export function joinedUpkeep(members: readonly StorageProvider[], own?: Upkeep): Upkeep | undefined {
  const parts = [own, ...members.map(({ upkeep }) => upkeep)].filter((part) => part !== undefined);
  if (parts.length < 2) return parts[0];
  return {
    repair: async (options) => {
      const times = await Promise.all(parts.map((part) => part.repair(options)));
      return times.reduce(earlier);
    },
    onWork: (listener) => {
      const ends = parts.map((part) => part.onWork(listener));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
