import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lockHolder } from "../../packages/journal/src/lock-holder.js";
import { between, pick, type Random } from "../simulate/random.js";
import { judge, type Sight, type Verdict } from "./stop-judge.js";
import {
  moment,
  type AskedWrite,
  type Composer,
  type Kind,
  type StopProcess,
  type WriteAnswer,
  type WriteCommand,
} from "./stop-process.js";
import { settled, type JournalRows } from "./stop-rows.js";

/** Of the composers, in milliseconds. */
export const TIMES = { leaseMs: 2000, settleMs: 2000, graceMs: 200 };

/** A process is stopped for longer than its lease and settle. */
const STOP_MS = TIMES.leaseMs + TIMES.settleMs + 500;
/** Two of three stops come at any moment. */
const MOMENTS = ["any", "any", "any", "any", "look", "start"] as const;

const PATIENCE_MS = 120_000;
const AGAIN_MS = 10;

/** Two processes: one is stopped, the other writes the same key meanwhile. */
export interface Lane {
  readonly name: string;
  readonly folder: string;
  readonly random: Random;
  readonly rows: JournalRows;
  readonly stopped: StopProcess;
  readonly other: StopProcess;
  /** How long writes took that were not stopped, by composer and kind. */
  readonly lengths: Map<string, readonly number[]>;
  count: number;
  /** How many writes of the process that is never stopped have lost their lease. */
  conflicts: number;
}

/** What is tried. */
interface Plan {
  readonly composer: Composer;
  readonly key: string;
  readonly kind: Kind;
  readonly value: string;
  readonly newerKind: Kind;
  readonly newer: string;
  /** Any moment of the write, right after a member has looked at the lease, or right after it has started the visible step. */
  readonly moment: "any" | "look" | "start";
  /** Whether the process goes on as soon as the newer write is acknowledged, or once the key is settled. */
  readonly isEager: boolean;
}

/** A process that is stopped in the middle of a write. */
interface Caught {
  readonly write: AskedWrite;
  readonly at: number;
  readonly phase: Phase;
  readonly holdsLock: boolean;
}

/** Where in the life of a write its process was stopped. */
export type Phase =
  | "before its row"
  | "before the first member"
  | "between members"
  | "after the last member"
  | "after the look"
  | "after the start";

export interface Trial extends Verdict, Pick<Plan, "composer" | "key" | "kind"> {
  readonly phase: Phase;
  readonly outcome: string;
  /** Whether the process was stopped while it had locked the journal. */
  readonly holdsLock: boolean;
  /** The longest that a write of another key took meanwhile, in milliseconds. */
  readonly othersMs: number;
}

/** Measures writes that are not stopped. */
export async function practise(lane: Lane): Promise<void> {
  const key = `practice/${lane.name}`;
  for (const composer of ["mirror", "chain"] as const) {
    for (const kind of ["small", "small", "large", "parts", "delete"] as const) {
      await measure(lane, { composer, kind }, lane.stopped.write({ composer, key, kind, value: "practice" }));
      await settled(lane.rows, key);
    }
  }
}

async function measure(
  { lengths }: Lane,
  { composer, kind }: Pick<Plan, "composer" | "kind">,
  write: AskedWrite,
): Promise<void> {
  const length = (await write.answer).at - (await write.begun);
  const known = lengths.get(`${composer} ${kind}`) ?? [];
  lengths.set(`${composer} ${kind}`, [...known, length].slice(-5));
}

/** Stops one write. @returns `undefined` when the write was over before its process was stopped. */
export async function tryStop(lane: Lane): Promise<Trial | undefined> {
  const { stopped, other, rows, name } = lane;
  const plan = planFor(lane);
  const { composer, key, kind, value, newer, isEager } = plan;
  await writeUntilTaken(lane, { composer, key, kind: "small", value: "before" });
  await settled(rows, key);
  const caught = await catchWrite(lane, plan);
  if (caught === undefined) return undefined;

  await other.ask("probe", { key: `probe/${name}` });
  const written = writeUntilTaken(lane, { composer, key, kind: plan.newerKind, value: newer });
  const watched = written.then(async () => await other.ask("watch", { composer, key }));
  await delay(STOP_MS - (moment() - caught.at));
  // Nobody can write as long as it has locked the journal.
  if (!caught.holdsLock) await (isEager ? watched : watched.then(async () => await settled(rows, key)));
  const continuedAt = moment();
  stopped.goOn();

  const answer = await caught.write.answer;
  await watched;
  const { longestMs } = await other.ask<{ readonly longestMs: number }>("probed");
  await stopped.ask("turn", { composer, key });
  await settled(rows, key);
  const { sights } = await other.ask<{ readonly sights: readonly (readonly Sight[])[] }>("seen", { key });
  const { values } = await other.ask<{ readonly values: readonly string[] }>("read", { composer, key });
  if (answer.at < caught.at) return undefined;
  const verdict = judge({ composer, value, newer, answer, continuedAt, sights, values });
  const { phase, holdsLock } = caught;
  return { ...verdict, composer, key, kind, phase, holdsLock, outcome: answer.outcome, othersMs: longestMs };
}

function planFor(lane: Lane): Plan {
  const { random, stopped, name } = lane;
  const kind = pick<Kind>(random, ["small", "large", "parts", "delete"]);
  // A delete is followed by a put: two deletes cannot be told apart.
  const newerKind = kind !== "delete" && random() < 0.5 ? "delete" : "small";
  return {
    composer: pick<Composer>(random, ["mirror", "chain"]),
    key: `${name}/${lane.count++}`,
    kind,
    value: kind === "delete" ? "-" : "old",
    newerKind,
    newer: newerKind === "delete" ? "-" : "new",
    moment: stopped.asks ? pick(random, MOMENTS) : "any",
    isEager: random() < 0.5,
  };
}

/** Has the process write, and stops it. @returns `undefined` when it was too late. */
async function catchWrite(lane: Lane, plan: Plan): Promise<Caught | undefined> {
  const { random, stopped, folder } = lane;
  const { composer, key, kind, value } = plan;
  const member = composer === "mirror" ? pick(random, ["a", "b"]) : "c";
  const stop = plan.moment === "any" ? undefined : { member, moment: plan.moment };
  const write = stopped.write({ composer, key, kind, value, stop });
  if (stop === undefined) {
    await write.begun;
    await delay(between(random, 0, usualLength(lane, plan)));
    stopped.stop();
  } else await Promise.race([write.stopping, write.answer]);
  if (stop !== undefined && write.isAnswered()) return undefined;
  await stopped.stopped();
  const at = moment();
  // What it has said before it was stopped is read meanwhile.
  await delay(1);
  if (write.isAnswered()) {
    stopped.goOn();
    await measure(lane, plan, write);
    return undefined;
  }
  const holdsLock = lockHolder(join(folder, "journal.db"))?.includes(`process ${stopped.pid} `) === true;
  return { write, at, phase: await phaseOf(lane, plan), holdsLock };
}

async function phaseOf({ rows, other }: Lane, { moment: asked, composer, key, value }: Plan): Promise<Phase> {
  if (asked !== "any") return asked === "look" ? "after the look" : "after the start";
  if (!rows.has(key)) return "before its row";
  const { values } = await other.ask<{ readonly values: readonly string[] }>("heads", { composer, key });
  const [first, last] = [values[0], composer === "mirror" ? values[1] : values[0]];
  if (first === value && last === value) return "after the last member";
  return first === value || last === value ? "between members" : "before the first member";
}

function usualLength({ lengths }: Lane, { composer, kind }: Plan): number {
  const known = (lengths.get(`${composer} ${kind}`) ?? []).toSorted((a, b) => a - b);
  return known[Math.floor(known.length / 2)] ?? 0;
}

/**
 * Writes again as long as a member is passed over or the journal is locked. A process that cannot renew its lease, because another
 * one is stopped with the journal locked, gets a Conflict.
 */
async function writeUntilTaken(lane: Lane, command: WriteCommand): Promise<WriteAnswer> {
  const until = moment() + PATIENCE_MS;
  for (;;) {
    const answer = await lane.other.write(command).answer;
    if (answer.outcome === "ok") return answer;
    if (answer.outcome === "Conflict") lane.conflicts++;
    else if (answer.outcome !== "Unavailable" || moment() > until) {
      throw new Error(`a write of ${command.key} that was not stopped failed: ${answer.message}`);
    }
    await delay(AGAIN_MS);
  }
}
