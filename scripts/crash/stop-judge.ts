import type { Composer, WriteAnswer } from "./stop-process.js";

/** A value that was seen in one place, and when the first and the last look at it began. `-` stands for nothing. */
export interface Sight {
  readonly value: string;
  readonly from: number;
  readonly to: number;
}

/** All that is known of one stop. */
export interface Evidence {
  readonly composer: Composer;
  /** What the stopped process wrote, and what the other process wrote meanwhile. */
  readonly value: string;
  readonly newer: string;
  readonly answer: WriteAnswer;
  /** When the stopped process went on. */
  readonly continuedAt: number;
  /** What the composer and each member said, from the acknowledgement of the newer write until the key was settled. */
  readonly sights: readonly (readonly Sight[])[];
  /** What they say once it is settled. */
  readonly values: readonly string[];
}

export interface Verdict {
  /** For how long the composer gave a wrong answer, in milliseconds; absent when it never did. */
  readonly wrongMs?: number | undefined;
  /** For how long a member held what the stopped process wrote after it went on; absent when none did. */
  readonly memberWrongMs?: number | undefined;
  /** What is wrong once the key is settled; absent when all is right. */
  readonly problem?: string | undefined;
  /** What the composer and each member hold in the end. */
  readonly values: readonly string[];
}

/**
 * Judges one stop. A write that failed must not be there any more. A write that was acknowledged may come before or after the
 * newer one, because the two overlap.
 */
export function judge(evidence: Evidence): Verdict {
  const { values, newer } = evidence;
  const [final = newer] = values;
  const [composer = [], ...members] = evidence.sights;
  const memberTimes = members.map((sights) => timeOf(sights, (sight) => isWrongOnMember(evidence, sight)));
  const known = memberTimes.filter((time) => time !== undefined);
  return {
    wrongMs: timeOf(composer, (sight) => isWrongAnswer(evidence, final, sight)),
    memberWrongMs: known.length === 0 ? undefined : Math.max(...known),
    problem: problemIn(evidence, final),
    values,
  };
}

function problemIn({ composer, value, newer, answer, values }: Evidence, final: string): string | undefined {
  const allowed = answer.outcome === "ok" ? [value, newer] : [newer];
  const legal = composer === "mirror" ? [final, final, final] : [final, final, "-"];
  if (allowed.includes(final) && legal.every((each, index) => each === values[index])) return undefined;
  const story = `"${value}" was stopped and answered ${answer.outcome}, "${newer}" was acknowledged meanwhile`;
  return `${kindOf(final, newer)}: composer and members have ${values.join(", ")}; ${story}`;
}

function kindOf(final: string, newer: string): string {
  if (final === newer) return "the members differ";
  if (final.startsWith("!")) return "lost";
  return newer === "-" ? "undeleted" : "old over new";
}

function isWrongAnswer({ value, newer, answer }: Evidence, final: string, sight: Sight): boolean {
  // A composer may always say that it cannot tell.
  if (sight.value.startsWith("!")) return false;
  if (answer.outcome !== "ok") return sight.value !== newer;
  // Until both are acknowledged the order of the two is open.
  if (sight.to <= answer.at) return sight.value !== value && sight.value !== newer;
  return sight.value !== final;
}

function isWrongOnMember({ composer, value, newer, answer, continuedAt }: Evidence, sight: Sight): boolean {
  // A chain clears members by itself.
  if (answer.outcome === "ok" || value === newer || (composer === "chain" && value === "-")) return false;
  return sight.from > continuedAt && sight.value === value;
}

/** Adds up the time of some sights, in milliseconds; `undefined` when there are none. */
function timeOf(sights: readonly Sight[], isWrong: (sight: Sight) => boolean): number | undefined {
  const wrong = sights.filter(isWrong);
  return wrong.length === 0 ? undefined : wrong.reduce((sum, { from, to }) => sum + to - from, 0);
}
