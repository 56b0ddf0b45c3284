import type { StorageProvider } from "../provider.js";
import type { Health, Upkeep } from "../upkeep.js";

/** The upkeep of a composer: its own, and that of its members. */
export function joinedUpkeep(members: readonly StorageProvider[], own?: Upkeep): Upkeep | undefined {
  const parts = [own, ...members.map(({ upkeep }) => upkeep)].filter((part) => part !== undefined);
  if (parts.length < 2) return parts[0];
  return {
    repair: async (options) => {
      const times = await Promise.all(parts.map((part) => part.repair(options)));
      return times.reduce(earlier);
    },
    health: async () => joinedHealth(await Promise.all(parts.map((part) => part.health()))),
    onWork: (listener) => {
      const ends = parts.map((part) => part.onWork(listener));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** The first is the outer one: whether the whole is ready is for it to say. */
function joinedHealth(parts: readonly Health[]): Health {
  return {
    live: parts.every(({ live }) => live),
    ready: parts[0]?.ready ?? true,
    degraded: parts.some(({ degraded }) => degraded),
    reasons: parts.flatMap(({ reasons }) => reasons),
    members: parts.flatMap(({ members }) => members),
    journals: parts.flatMap(({ journals = [] }) => journals),
  };
}
