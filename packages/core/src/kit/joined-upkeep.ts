import type { Health, Upkeep } from "../contract/upkeep.js";

/** The upkeep of a provider that is made of several parts; the outer one is the first. */
export function joinedUpkeep(all: readonly (Upkeep | undefined)[]): Upkeep | undefined {
  const parts = all.filter((part) => part !== undefined);
  if (parts.length < 2) return parts[0];
  const healths = parts.flatMap(({ health }) => health ?? []);
  return {
    repair: async (options) => {
      const times = await Promise.all(parts.map((part) => part.repair(options)));
      return times.reduce(earlier);
    },
    health:
      healths.length === 0
        ? undefined
        : async () => joinedHealth(await Promise.all(healths.map((health) => health()))),
    onWork: (listener) => {
      const ends = parts.map((part) => part.onWork(listener));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** The smaller of two times, where there may be none. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
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
