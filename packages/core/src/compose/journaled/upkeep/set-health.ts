import { probe } from "../../../kit/health.js";
import type { Health, JournalHealth } from "../../../contract/upkeep.js";
import { isTrusted } from "../read/inventory.js";
import type { ReplicaSet } from "../replica-set.js";

/** A key that is in transition for longer deserves a look, in seconds. */
const OLD_SECONDS = 300;

const CONTROL = "health";

/** How a composer with a journal is: its members are asked, and its journal is written. */
export async function healthOfSet(set: ReplicaSet): Promise<Health> {
  const [members, problem, journal] = await Promise.all([
    Promise.all(set.members.map(probe)),
    journalProblem(set),
    // A journal that cannot be read cannot be written either, and that is said.
    countsOf(set).catch(() => notCounted(set)),
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

function notCounted({ name }: ReplicaSet): JournalHealth {
  return { composer: name, rows: 0, oldestSeconds: 0, stuck: 0, recovering: false };
}

async function countsOf(set: ReplicaSet): Promise<JournalHealth> {
  const { journal, name } = set;
  const recovering = !(await isTrusted(set));
  await set.refresh({});
  const percent = set.placement.percent?.();
  const { rows, oldestSince, stuck } = await journal.counts();
  const oldestSeconds = oldestSince === undefined ? 0 : Math.max(0, (journal.now() - oldestSince) / 1000);
  return { composer: name, rows, oldestSeconds, stuck, recovering, percent };
}

function journalReasons(health: JournalHealth): readonly string[] {
  const { composer, rows, oldestSeconds, stuck, recovering } = health;
  const reasons: string[] = [];
  if (recovering) {
    reasons.push(
      `${composer}: the journal is new and its members are not; repair has not looked at every object`,
    );
  }
  if (stuck > 0) reasons.push(`${composer}: ${stuck} keys could not be put right in a day`);
  else if (oldestSeconds > OLD_SECONDS) {
    const age = Math.round(oldestSeconds);
    reasons.push(`${composer}: ${rows} keys are in transition, the oldest for ${age} seconds`);
  }
  return reasons;
}
