import { clock, createController } from "./clock.js";
import { delay } from "./abort.js";
import { isStorageError } from "../contract/errors.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import type { Health, MemberHealth } from "../contract/upkeep.js";

/** A key that nobody is expected to have: any answer says that the provider works. */
export const PROBE_KEY = ".stowage-probe";
const PROBE_MS = 5000;

/** Whether one provider answers. */
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

/** Returns why an answer is none. Credentials that may not list are denied what is not there: that is an answer. */
function problemOf(error: unknown): string | undefined {
  if (!isStorageError(error)) return String(error);
  if (error.mayBeAbsent === true) return undefined;
  return error.code === "NotFound" || error.code === "Unsupported" ? undefined : error.reason;
}

/** The health of a provider that has no journal: it answers, or it does not. */
export async function healthOf(provider: ComposedProvider): Promise<Health> {
  const { health } = provider.upkeep ?? {};
  if (health !== undefined) return await health();
  const member = await probe(provider);
  const reasons = member.ok ? [] : [`${member.name}: ${member.problem}`];
  return { live: true, ready: member.ok, degraded: !member.ok, reasons, members: [member] };
}
