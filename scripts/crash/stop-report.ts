import type { StopReport } from "./stops.js";
import type { Phase, Trial } from "./stop-trial.js";

/** One line of a report. */
export interface StopLine {
  readonly isGood: boolean;
  readonly text: string;
  readonly problems: readonly string[];
}

/** Others were blocked when a write of another key took so long, in milliseconds. */
const BLOCKED_MS = 500;

/** Of stops at any moment, so many may show a wrong answer until repair is done. */
const WRONG_SHARE_MAX = 0.01;

const AIMED: readonly Phase[] = ["after the look", "after the start"];

/** Says what stops have shown, in a few lines. */
export function reportOnStops(
  members: string,
  { trials, missed, conflicts, rows, problems }: StopReport,
): readonly StopLine[] {
  const anywhere = trials.filter(({ phase }) => !AIMED.includes(phase));
  const aimed = trials.filter(({ phase }) => AIMED.includes(phase));
  return [
    {
      isGood:
        anywhere.every(isRight) && wrongOf(anywhere).length <= Math.max(1, anywhere.length * WRONG_SHARE_MAX),
      text: `${members}: ${anywhere.length} stops at any moment of a write (${countsOf(anywhere, ({ phase }) => phase)}): ${outcomeOf(anywhere)}`,
      problems: problemsOf(anywhere),
    },
    {
      isGood: aimed.every((trial) => isRight(trial) || isWithoutCopy(trial)),
      text: `${members}: ${aimed.length} stops between the look at the lease and the visible step: ${outcomeOf(aimed)}`,
      problems: problemsOf(aimed),
    },
    {
      isGood: rows === aimed.filter(isLost).length && problems.length === 0,
      text:
        `${members}: ${rows} rows at the end, ${problems.length} keys that changed once more; ` +
        `${missed} stops came too late; ${countsOf(trials, ({ composer, kind }) => `${composer} ${kind}`)}; ${blockedOf(anywhere)}, ` +
        `${conflicts} writes of other processes lost their lease`,
      problems,
    },
  ];
}

function isRight({ problem }: Trial): boolean {
  return problem === undefined;
}

/**
 * Tells whether the older write has replaced or removed every copy of the newer one: a chain keeps one, and a mirror may be stopped in the
 * changes of several members. A stop between the look and the system call cannot be excluded, and then nothing is left to repair from.
 */
function isWithoutCopy({ values }: Trial): boolean {
  return values.slice(1).every((value) => value === "old" || value === "-");
}

/** Tells whether repair cannot bring the object back: its row stays. */
function isLost({ problem }: Trial): boolean {
  return problem?.startsWith("lost") === true;
}

function problemsOf(trials: readonly Trial[]): readonly string[] {
  return trials
    .filter((trial) => !isRight(trial))
    .map(({ composer, kind, phase, problem }) => `${composer}, ${kind}, ${phase}: ${problem}`);
}

function wrongOf(trials: readonly Trial[]): readonly Trial[] {
  return trials.filter(({ wrongMs }) => wrongMs !== undefined);
}

function outcomeOf(trials: readonly Trial[]): string {
  const wrong = wrongOf(trials).map(({ wrongMs = 0 }) => wrongMs);
  const members = trials.flatMap(({ memberWrongMs }) => memberWrongMs ?? []);
  const before =
    `before repair ${wrong.length} wrong answers${longest(wrong)} ` +
    `and ${members.length} older copies on members${longest(members)}`;
  const after = ["old over new", "undeleted", "lost", "the members differ"].map(
    (kind) => `${trials.filter(({ problem }) => problem?.startsWith(kind)).length} ${kind}`,
  );
  return `${before}; after repair ${after.join(", ")}; answers ${countsOf(trials, ({ outcome }) => outcome)}`;
}

function longest(times: readonly number[]): string {
  return times.length === 0 ? "" : ` (for ${Math.round(Math.max(...times))} ms at most)`;
}

function blockedOf(trials: readonly Trial[]): string {
  const holders = trials.filter(({ holdsLock }) => holdsLock);
  const blocked = holders.filter(({ othersMs }) => othersMs > BLOCKED_MS);
  return `${holders.length} of ${trials.length} stops at any moment held the journal's lock, ${blocked.length} of them blocked writes of other keys`;
}

function countsOf(trials: readonly Trial[], nameOf: (trial: Trial) => string): string {
  const counts = new Map<string, number>();
  for (const trial of trials) counts.set(nameOf(trial), (counts.get(nameOf(trial)) ?? 0) + 1);
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}
