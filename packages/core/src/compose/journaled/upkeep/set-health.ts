import { MARK_PREFIX } from "../../../contract/key.js";
import { NOBODY } from "../../../contract/caller.js";
import { probe } from "../../../kit/health.js";
import type { Health, JournalHealth } from "../../../contract/upkeep.js";
import { isTrusted } from "../read/inventory.js";
import { noteEmpty } from "./note-empty.js";
import type { ReplicaSet } from "../replica-set.js";

/** The age, in seconds, from which the oldest key in transition is reported. */
const OLD_SECONDS = 300;

const CONTROL = "health";

/** Returns the health of a composer with a journal, after asking the members and writing to the journal. */
export async function healthOfSet(set: ReplicaSet): Promise<Health> {
  const [members, problem, journal] = await Promise.all([
    Promise.all(set.members.map(probe)),
    journalProblem(set),
    // If the journal cannot be read, writing fails too, and `problem` already gives the reason.
    countsOf(set).catch(() => notCounted(set)),
  ]);
  const working = members.filter(({ ok }) => ok).length;
  const reasons = [
    ...(problem === undefined ? [] : [problem]),
    ...members.filter(({ ok }) => !ok).map((member) => `${member.name}: ${member.problem}`),
    ...journalReasons(journal),
    ...memberReasons(set),
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

async function journalProblem(set: ReplicaSet): Promise<string | undefined> {
  const { journal, name } = set;
  try {
    const { revision } = (await journal.readControl(CONTROL)) ?? {};
    await journal.writeControl(CONTROL, revision, journal.process);
    await set.agree();
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
  await set.refresh(NOBODY);
  await noteEmpty(set);
  const percent = set.placement.percent?.();
  const { rows, oldestSince, stuck } = await journal.counts();
  const oldestSeconds = oldestSince === undefined ? 0 : Math.max(0, (journal.now() - oldestSince) / 1000);
  return { composer: name, rows, oldestSeconds, stuck, recovering, percent };
}

/** Returns the messages about single members that an operator should read. */
function memberReasons({ name: composer, members, marks, roster, retiring }: ReplicaSet): readonly string[] {
  const reasons = roster
    .away()
    .map(
      (name) =>
        `${composer}: the configuration no longer names the member ${JSON.stringify(name)}: ` +
        "the member counts as down, and objects that may be only on this member are Unavailable; if the member is permanently lost, call forgetMember",
    );
  for (const name of retiring) {
    reasons.push(
      roster.isEmpty(name)
        ? `${composer}: ${JSON.stringify(name)} is retiring and empty: remove it from the configuration`
        : `${composer}: ${JSON.stringify(name)} is retiring, and repair is emptying it`,
    );
  }
  for (const { name } of members) {
    const others = marks?.others(name) ?? [];
    if (others.length > 0) {
      reasons.push(
        `${name}: other journals keep objects there too (${others.join(", ")}): ` +
          "give each composer its own prefix, or use one journal. If the other journals are gone for good, " +
          `delete their marks there: ${others.map((id) => `${MARK_PREFIX}${id}`).join(", ")}`,
      );
    }
    if (marks?.restored(name) === undefined) continue;
    const extras = marks.extras(name);
    reasons.push(
      `${name}: it was restored from a backup` +
        (extras === 0
          ? `; to use it in its current state, call acceptMember(storage, ${JSON.stringify(name)})`
          : `, and ${extras} objects exist only there: remove them with acceptMember(storage, ${JSON.stringify(name)}, { extras: "remove" }), or keep them with { extras: "keep" }`),
    );
  }
  return reasons;
}

function journalReasons(health: JournalHealth): readonly string[] {
  const { composer, rows, oldestSeconds, stuck, recovering } = health;
  const reasons: string[] = [];
  if (recovering) {
    reasons.push(
      `${composer}: the journal does not know every object yet: reads ask every member until repair has looked at all objects`,
    );
  }
  if (stuck > 0) reasons.push(`${composer}: repair could not fix ${stuck} keys within a day`);
  else if (oldestSeconds > OLD_SECONDS) {
    const age = Math.round(oldestSeconds);
    reasons.push(`${composer}: ${rows} keys are in transition, the oldest for ${age} seconds`);
  }
  return reasons;
}
