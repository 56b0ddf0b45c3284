import { probe } from "../../health.js";
import type { Health, JournalHealth } from "../../provider.js";
import type { ReplicaSet } from "./replica-set.js";

/** A key that is in transition for longer deserves a look, in seconds. */
const OLD_SECONDS = 300;

const CONTROL = "health";

/** How a composer with a journal is: its members are asked, and its journal is written. */
export async function healthOfSet(set: ReplicaSet): Promise<Health> {
  const [members, problem, journal] = await Promise.all([
    Promise.all(set.members.map(probe)),
    journalProblem(set),
    countsOf(set),
  ]);
  const working = members.filter(({ ok }) => ok).length;
  const reasons = [
    ...(problem === undefined ? [] : [problem]),
    ...members.filter(({ ok }) => !ok).map((member) => `${member.name}: ${member.problem}`),
    ...journalReasons(journal),
  ];
  return {
    live: problem === undefined,
    ready: problem === undefined && working >= set.placement.need,
    degraded: reasons.length > 0,
    reasons,
    members,
    journals: [journal],
  };
}

async function journalProblem({ journal, name }: ReplicaSet): Promise<string | undefined> {
  try {
    const { revision } = (await journal.readControl(CONTROL)) ?? {};
    await journal.writeControl(CONTROL, revision, journal.process);
    return undefined;
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function countsOf({ journal, name }: ReplicaSet): Promise<JournalHealth> {
  const { rows, oldestSince, stuck } = await journal.counts();
  const oldestSeconds = oldestSince === undefined ? 0 : Math.max(0, (journal.now() - oldestSince) / 1000);
  return { composer: name, rows, oldestSeconds, stuck };
}

function journalReasons({ composer, rows, oldestSeconds, stuck }: JournalHealth): readonly string[] {
  if (stuck > 0) return [`${composer}: ${stuck} keys could not be put right in a day`];
  if (oldestSeconds <= OLD_SECONDS) return [];
  return [`${composer}: ${rows} keys are in transition, the oldest for ${Math.round(oldestSeconds)} seconds`];
}
