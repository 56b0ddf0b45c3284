import type { Health, Upkeep, Verified, VerifyCall } from "../contract/upkeep.js";

/** Joins the upkeep of the parts of a provider into one upkeep. A part that contains the other parts comes first. */
export function joinedUpkeep(all: readonly (Upkeep | undefined)[]): Upkeep | undefined {
  const parts = all.filter((part) => part !== undefined);
  if (parts.length < 2) return parts[0];
  const healths = parts.flatMap(({ health }) => health ?? []);
  const verifies = parts.flatMap(({ verify }) => verify ?? []);
  return {
    repair: async (options) => {
      const times = await Promise.all(parts.map((part) => part.repair(options)));
      return times.reduce(earlier);
    },
    health:
      healths.length === 0
        ? undefined
        : async () => joinedHealth(await Promise.all(healths.map((health) => health()))),
    verify: verifies.length === 0 ? undefined : (call) => verifyAll(verifies, call),
    onWork: (listener) => {
      const ends = parts.map((part) => part.onWork(listener));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** Verifies one part after the other. The number of objects comes from the first part. */
async function verifyAll(
  [outer, ...inner]: readonly NonNullable<Upkeep["verify"]>[],
  call: VerifyCall,
): Promise<Verified> {
  const numbers = (await outer?.(call)) ?? { objects: 0, pending: 0 };
  let { pending } = numbers;
  for (const verify of inner) pending += (await verify(call)).pending;
  return { objects: numbers.objects, pending };
}

/** Returns the earlier of two times. Either time may be absent. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/**
 * Joins the health of the parts into one health. The first part contains the others, and decides whether the provider
 * is ready.
 */
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
