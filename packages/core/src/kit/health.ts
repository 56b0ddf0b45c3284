import { clock, createController } from "./clock.js";
import { delay } from "./abort.js";
import { isStorageError } from "../contract/errors.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import type { Health, MemberHealth } from "../contract/upkeep.js";

/** A key that is not expected to have an object. Any answer about this key proves that the provider works. */
export const PROBE_KEY = ".stowage-probe";
const PROBE_MS = 5000;

/** Asks one provider whether it answers, and how fast. */
export async function probe(provider: ComposedProvider): Promise<MemberHealth> {
  const { name } = provider;
  const stop = createController();
  const startedAt = clock.now();
  const late = delay(PROBE_MS, stop.signal).then(
    () => "it does not answer",
    () => undefined,
  );
  const answer = provider.head(PROBE_KEY, { signal: stop.signal }).then(
    () => undefined,
    (error: unknown) => problemOf(error),
  );
  const problem = await Promise.race([answer, late]);
  stop.abort(new Error("The probe is over"));
  return { name, ok: problem === undefined, problem, milliseconds: clock.now() - startedAt };
}

/**
 * Returns the reason why an error does not count as an answer; `undefined` if the error counts as an answer. A store
 * denies access to a missing object if the credentials do not allow listing. This denial counts as an answer.
 */
function problemOf(error: unknown): string | undefined {
  if (!isStorageError(error)) return String(error);
  if (error.mayBeAbsent === true) return undefined;
  return error.code === "NotFound" || error.code === "Unsupported" ? undefined : error.reason;
}

/**
 * Returns the health of a composer without a journal.
 *
 * @param need - The number of members that have to work.
 */
export async function healthOfMembers(members: readonly ComposedProvider[], need: number): Promise<Health> {
  const all = await Promise.all(members.map(healthOf));
  return {
    live: all.every(({ live }) => live),
    ready: all.filter(({ ready }) => ready).length >= need,
    degraded: all.some(({ degraded }) => degraded),
    reasons: all.flatMap(({ reasons }) => reasons),
    members: all.flatMap((each) => each.members),
    journals: all.flatMap(({ journals = [] }) => journals),
  };
}

/** Returns the health of a provider. A provider with members has its own health function. Any other provider is probed. */
export async function healthOf(provider: ComposedProvider): Promise<Health> {
  const health = provider.health ?? provider.upkeep?.health;
  if (health !== undefined) return await health();
  const member = await probe(provider);
  const reasons = member.ok ? [] : [`${member.name}: ${member.problem}`];
  return { live: true, ready: member.ok, degraded: !member.ok, reasons, members: [member] };
}
