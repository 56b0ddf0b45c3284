import {
  BrokenRowError,
  StorageError,
  isStorageError,
  textBody,
  type Body,
  type ListPage,
  type StorageEvent,
  type StorageProvider,
} from "./core.js";
import { FakeMember, NO_FAULTS, type WriteOrder } from "./fake-member.js";
import { forget, processJournal, restore, rowsOf, snapshotOf, type JournalDisk } from "./fake-journal.js";
import { isLinearizable, type Seen } from "./linearizable.js";
import { between, pick, seeded, type Random } from "./random.js";
import { TIMES, type Scenario, type Story } from "./scenarios.js";
import { ProcessLife } from "./process-life.js";
import { VirtualTime } from "./virtual-time.js";
import type { ComposedProvider } from "../../packages/core/src/contract/composed-provider.js";

/** What one history showed. */
export interface Outcome {
  readonly violations: readonly string[];
  readonly unknownApplied: boolean;
  readonly crashOnOpenIntent: boolean;
  readonly lateAfterNewer: boolean;
  /** A process was stopped for longer than lease and settle, and went on. */
  readonly stopped: boolean;
  readonly restored: boolean;
  readonly membersChanged: boolean;
  readonly answered: number;
  readonly calls: number;
}

interface Process {
  readonly life: ProcessLife;
  readonly provider: ComposedProvider;
  readonly crashed: Promise<void>;
  readonly crash: () => void;
}

interface World {
  readonly scenario: Scenario;
  readonly disk: JournalDisk;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly prefix: string;
  /** Whether the members have markers, as those of a durable journal have: it is more to simulate. */
  readonly isMarked: boolean;
  /** Which of its configurations the scenario is in. */
  phase: number;
  stopped: boolean;
  restored: boolean;
  membersChanged: boolean;
  readonly members: readonly FakeMember[];
  readonly processes: Process[];
  readonly history: Map<string, Seen[]>;
  /** Keys of which a member has lost its copy, or has it spoilt, without telling. */
  readonly hurt: Set<string>;
  readonly order: WriteOrder;
  readonly trace: ((line: string) => void) | undefined;
  crashOnOpenIntent: boolean;
  answered: number;
  calls: number;
  /** What was wrong with single answers. */
  readonly complaints: string[];
  values: number;
  isOver: boolean;
}

/** How the text of a violation begins that the simulation itself has made, and no composer. */
export const BROKE = "it broke: ";
const MARKED_EVERY = 10;
/** By then every breaker has asked its member once more. */
const PROBED_MS = 30_000;
/** How long a call may take while a member hangs: it waits for others that write the key, and for the member once or twice. */
const HANG_MS_MAX = TIMES.waitMs + 6 * TIMES.askMs;
const PROCESSES = 2;
const CLIENTS = 3;
const CALLS_PER_CLIENT = 7;
/** Of a story with several acts. */
const CALLS_PER_ACT = 2;

/** Runs one history under virtual time, and checks what its clients saw and what its members hold in the end. */
export async function runHistory(
  scenario: Scenario,
  seed: number,
  disk: JournalDisk,
  trace?: (line: string) => void,
): Promise<Outcome> {
  const random = seeded(seed);
  const time = new VirtualTime();
  const uninstall = time.install(seeded(seed + 1));
  const conditionalDelete = random() < 0.7;
  const order: WriteOrder = { numbers: new Map(), acknowledged: new Map() };
  const complaints: string[] = [];
  const settings = {
    onOldWrite: (what: string) => void (scenario.isNested === true || complaints.push(what)),
    conditionalDelete,
    lateMs: TIMES.settleMs * 0.6,
    order,
    slow: scenario.isRestless ? 0.4 : 0.05,
  };
  const world: World = {
    scenario,
    disk,
    time,
    random,
    trace,
    order,
    prefix: `${seed} `,
    isMarked: scenario.story !== undefined || seed % MARKED_EVERY === 0,
    phase: 0,
    stopped: false,
    restored: false,
    membersChanged: false,
    members: scenario.members.map((name) => new FakeMember(name, time, random, settings)),
    processes: [],
    history: new Map(keysOf(random, scenario.story === undefined ? 1 : 2).map((key) => [key, []])),
    hurt: new Set(),
    crashOnOpenIntent: false,
    answered: 0,
    calls: 0,
    complaints,
    values: 0,
    isOver: false,
  };
  // What a composer does in the background nobody waits for.
  const onRejection = (error: unknown): void => {
    if (!(error instanceof BrokenRowError)) throw error;
    complaints.push(error.message);
  };
  process.on("unhandledRejection", onRejection);
  try {
    for (let index = 0; index < PROCESSES; index++) world.processes.push(startProcess(world, index));
    const violations = await time.run(play(world));
    const counts = world.members.map((member) => member.counts);
    return {
      violations,
      unknownApplied: counts.some(({ unknownApplied }) => unknownApplied > 0),
      lateAfterNewer: counts.some(({ lateAfterNewer }) => lateAfterNewer > 0),
      crashOnOpenIntent: world.crashOnOpenIntent,
      stopped: world.stopped,
      restored: world.restored,
      membersChanged: world.membersChanged,
      answered: world.answered,
      calls: world.calls,
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof BrokenRowError) return { ...NOTHING, violations: [error.message] };
    return { ...NOTHING, violations: [`${BROKE}${error.stack ?? error.message}`] };
  } finally {
    process.off("unhandledRejection", onRejection);
    uninstall();
    forget(disk);
  }
}

const NOTHING: Omit<Outcome, "violations"> = {
  unknownApplied: false,
  crashOnOpenIntent: false,
  lateAfterNewer: false,
  stopped: false,
  restored: false,
  membersChanged: false,
  answered: 0,
  calls: 0,
};

function keysOf(random: Random, least: number): readonly string[] {
  return ["k1", "k2", "k3"].slice(0, least + Math.floor(random() * (4 - least)));
}

let processCount = 0;

function startProcess(world: World, index: number): Process {
  const { disk, time, random, prefix, scenario } = world;
  const life = new ProcessLife(`p${processCount++}`, time);
  const isAlive = (id: string): boolean =>
    world.processes.some((each) => each.life.id === id && each.life.isAlive);
  const journal = processJournal(disk, time, random, life, isAlive, prefix, world.isMarked);
  const connections = world.members.map((member) => member.connection(life));
  let crashed: () => void = () => {};
  const crash = new Promise<void>((resolve) => (crashed = resolve));
  const make = (): ComposedProvider => scenario.make(connections, journal, { phase: world.phase, random });
  return {
    life,
    provider: scenario.stopsAll === true ? stoppable(make, (work) => time.within(life, work)) : make(),
    crashed: crash,
    crash: () => {
      life.isAlive = false;
      if (rowsOf(disk, prefix).some(({ row }) => row.open !== undefined && row.lease?.process === life.id)) {
        world.crashOnOpenIntent = true;
      }
      world.trace?.(`${time.now.toFixed(1)} process ${index} (${life.id}) dies`);
      crashed();
    },
  };
}

/** Has a provider do its work inside of its process: its timers stand still with it. */
function stoppable(make: () => ComposedProvider, inside: <T>(work: () => T) => T): ComposedProvider {
  const provider = inside(make);
  const { upkeep } = provider;
  return {
    ...provider,
    put: (...call) => inside(() => provider.put(...call)),
    get: (...call) => inside(() => provider.get(...call)),
    delete: (...call) => inside(() => provider.delete(...call)),
    list: (...call) => inside(() => provider.list(...call)),
    upkeep: upkeep && { ...upkeep, repair: (...call) => inside(() => upkeep.repair(...call)) },
  };
}

async function play(world: World): Promise<readonly string[]> {
  const { scenario } = world;
  await (scenario.story ?? ((story) => story.act()))(storyOf(world));
  const left = await repairAll(world);
  await finalReads(world);
  // What a read has found to be lost is brought back, and what has come back is removed.
  const isFound = scenario.loses === true || scenario.revives === true;
  const again = isFound ? await repairAll(world) : [];
  return [...left, ...again, ...world.complaints, ...checkHistories(world), ...(await checkMembers(world))];
}

/** Clients, repair and faults, until the clients have made their calls; then everything comes to rest. */
async function act(world: World, isCalm = false): Promise<void> {
  const { time, members, random, scenario } = world;
  world.isOver = false;
  for (const member of members) {
    const scale = scenario.isRestless || isCalm ? 0 : pick(random, [0, 0.5, 1, 2]);
    member.rates = {
      dropped: 0.03 * scale,
      lostAnswer: 0.04 * scale,
      late: 0.05 * scale,
      refused: 0.04 * scale,
      wrong: isCalm ? 0 : (scenario.wrong ?? 0) * scale,
    };
  }
  const faults = isCalm
    ? []
    : [
        ...members.map((member) => outages(world, member)),
        ...world.processes.map((_, index) => crashes(world, index)),
        ...world.processes.map((_, index) => stops(world, index)),
        journalFaults(world),
        clockSteps(world),
        losses(world),
      ];
  const others = [operators(world), ...world.processes.map((_, index) => repairs(world, index))];
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(world, index)));
  world.isOver = true;
  await Promise.all([...faults, ...others]);
  for (const member of members)
    Object.assign(member, { rates: NO_FAULTS, isDown: false, isHanging: false, slow: 0 });
  world.disk.failing = 0;
  // What was on its way has come, who was stopped goes on, and members that were left out are asked again.
  await time.sleep(Math.max(TIMES.settleMs, PROBED_MS));
}

function storyOf(world: World): Story {
  const { members, disk } = world;
  const member = (name: string): FakeMember => members.find((each) => each.name === name) as FakeMember;
  const restart = (): void => {
    for (const [index, process] of world.processes.entries()) {
      process.crash();
      world.processes[index] = startProcess(world, index);
    }
  };
  return {
    act: () => act(world),
    actCalmly: () => act(world, true),
    wait: (milliseconds) => world.time.sleep(milliseconds),
    tryToRepair: async () => void (await repairAll(world)),
    repair: async () => void world.complaints.push(...(await repairAll(world))),
    restart,
    isDown: (name, isDown) => void (member(name).isDown = isDown),
    backUp: (name) => {
      const snapshot = member(name).snapshot();
      return () => {
        world.restored = true;
        member(name).restore(snapshot);
        restart();
      };
    },
    backUpJournal: () => {
      const snapshot = snapshotOf(disk);
      return () => {
        world.restored = true;
        restore(disk, snapshot);
        restart();
      };
    },
    configure: (phase) => {
      world.membersChanged = true;
      world.phase = phase;
      restart();
    },
    provider: () => (world.processes[0] as Process).provider,
  };
}

async function client(world: World, index: number): Promise<void> {
  const { random, time, history } = world;
  const calls = world.scenario.story === undefined ? CALLS_PER_CLIENT : CALLS_PER_ACT;
  for (let count = 0; count < calls; count++) {
    await time.sleep(between(random, 0, world.scenario.stopsAll === true ? 1500 : 120));
    if (random() < (world.scenario.isRestless === true ? 0.3 : 0.1))
      await oneListing(world, `client ${index}`);
    else await oneCall(world, `client ${index}`, pick(random, [...history.keys()]), random(), count);
  }
}

async function oneCall(world: World, who: string, key: string, dice: number, count = 0): Promise<void> {
  const { random, processes, time } = world;
  const slot = Math.floor(random() * processes.length);
  const own = processes[slot] as Process;
  const { provider } = own;
  const value = `v${world.values++}`;
  const begin = time.now;
  const sent = world.order.numbers.size;
  const kind = kindOf(world, dice, count);
  world.calls++;
  const say = (what: string): void =>
    world.trace?.(
      `${begin.toFixed(1)}–${time.now.toFixed(1)} ${who} on ${own.life.id}: ${kind} ${key} ${what}`,
    );
  const call = callOf(world, provider, kind, key, value);
  const outcome = await Promise.race([
    call.then(
      (read) => ({ read }),
      (error: unknown) => ({ error }),
    ),
    own.crashed.then(() => ({ error: CRASHED })),
  ]);
  if (
    "error" in outcome &&
    world.scenario.isRestless === true &&
    /has failed too often/.test(textOf(outcome.error))
  ) {
    world.complaints.push("a breaker has opened, and no member has failed");
  }
  const seen = seenOf(kind, value, outcome);
  say("error" in outcome ? textOf(outcome.error) : (outcome.read ?? value));
  if (seen === undefined) return;
  checkTime(world, `${kind} ${key}`, time.now - begin);
  if (seen.isSettled) world.answered++;
  // A create-only put that was refused has written nothing.
  if (seen.isSettled && kind !== "read" && seen.kind === kind) world.order.acknowledged.set(key, sent);
  const end = seen.isSettled ? time.now : undefined;
  world.history.get(key)?.push({ kind: shownKind(world, seen.kind), value: seen.value, begin, end, who });
}

/** Where members lose objects a create-only put may come to one of them while the others do not answer: then it is a put. */
function shownKind({ scenario }: World, kind: Seen["kind"]): Seen["kind"] {
  return kind === "create" && scenario.loses === true ? "put" : kind;
}

/** A member that hangs costs a call some seconds at most. */
function checkTime({ scenario, complaints }: World, call: string, milliseconds: number): void {
  if (scenario.hangs !== true || milliseconds <= HANG_MS_MAX) return;
  complaints.push(`${call} took ${milliseconds.toFixed(0)} ms`);
}

type Kind = "put" | "create" | "delete" | "read";

function kindOf({ scenario }: World, dice: number, count: number): Kind {
  if (scenario.isRestless === true && dice > 0.2 && count > 2) return "read";
  if (dice < 0.38) return "put";
  if (dice < 0.46) return "create";
  return dice < 0.6 ? "delete" : "read";
}

const CRASHED = new Error("the process died");

function textOf(error: unknown): string {
  if (!isStorageError(error)) return String(error);
  return `${error.code} (applied: ${error.applied}) ${error.reason}`;
}

/** A listing says of every key whether it is there, at some moment while it ran. */
async function oneListing(world: World, who: string): Promise<void> {
  const { random, time, history, hurt } = world;
  const own = pick(random, world.processes);
  const begin = time.now;
  const limit = 1 + Math.floor(random() * 2);
  const listed = await Promise.race([
    allKeys(own.provider, limit).catch((error: unknown) => error),
    own.crashed,
  ]);
  if (listed instanceof StorageError || listed === undefined) return;
  if (!Array.isArray(listed)) throw listed;
  const names = listed as readonly string[];
  world.trace?.(
    `${begin.toFixed(1)}–${time.now.toFixed(1)} ${who} on ${own.life.id}: list ${names.join(" ")}`,
  );
  if (new Set(names).size < names.length) world.complaints.push(`a key was listed twice: ${names.join(" ")}`);
  if (names.join(" ") !== names.toSorted().join(" "))
    world.complaints.push(`out of order: ${names.join(" ")}`);
  for (const [key, seen] of history) {
    const isThere = names.includes(key);
    // A page comes from one member: what that one has lost is missing there until repair finds it.
    if (!isThere && hurt.has(key)) continue;
    seen.push({ kind: isThere ? "exists" : "absent", begin, end: time.now, who });
  }
}

async function allKeys(provider: StorageProvider, limit: number): Promise<readonly string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page: ListPage = await provider.list({ limit, cursor });
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return keys;
}

async function callOf(
  world: World,
  provider: StorageProvider,
  kind: Kind,
  key: string,
  value: string,
): Promise<string | undefined> {
  if (kind === "read") {
    const { body } = await provider.get(key, {});
    return Buffer.from(body as Uint8Array).toString();
  }
  if (kind === "delete") {
    await provider.delete(key, {});
    return undefined;
  }
  const options = { writeId: value, onEvent: (event: StorageEvent) => watch(world, event) };
  const body = await textBody(value);
  if (kind === "put") await provider.put(key, body, options);
  else await create(world, provider, key, body, options);
  return undefined;
}

/** Nobody falls back because credentials are wrong: all new objects would move, silently. */
function watch({ complaints }: World, event: StorageEvent): void {
  if (event.type === "fallback" && isStorageError(event.error, "PermissionDenied")) {
    complaints.push("a member that forbids was passed over");
  }
}

/** A create-only put that is tried again when its outcome is unknown must know its own first try. */
async function create(
  world: World,
  provider: StorageProvider,
  key: string,
  body: Body,
  options: { readonly writeId: string },
): Promise<void> {
  const condition = { ...options, ifNoneMatch: "*" } as const;
  const begin = world.time.now;
  try {
    await provider.put(key, body, condition);
  } catch (error) {
    if (!isStorageError(error) || error.applied !== "unknown") throw error;
    await world.time.sleep(between(world.random, 1, 300));
    // When somebody has deleted meanwhile what the first try has made, the second makes it once more.
    world.history.get(key)?.push({ kind: "create", value: options.writeId, begin, who: "a first try" });
    try {
      await provider.put(key, body, condition);
    } catch (second) {
      if (!isStorageError(second, "AlreadyExists")) throw error;
      const held = world.members.flatMap((member) => member.peek(key)?.text ?? []);
      const isOwn = held.length > 0 && held.every((text) => text === options.writeId);
      if (isOwn) world.complaints.push(`${key} was refused because of its own first try`);
      throw error;
    }
  }
}

/** What an answer says about the key; nothing, when it says nothing. */
function seenOf(
  kind: Kind,
  value: string,
  outcome: { readonly read: string | undefined } | { readonly error: unknown },
):
  | { readonly kind: Seen["kind"]; readonly value?: string | undefined; readonly isSettled: boolean }
  | undefined {
  if ("read" in outcome) return { kind, value: kind === "read" ? outcome.read : value, isSettled: true };
  const { error } = outcome;
  if (isUnconfirmed(error)) return undefined;
  if (isStorageError(error, "NotFound") && kind === "read")
    return { kind, value: undefined, isSettled: true };
  if (kind === "read") return undefined;
  if (isStorageError(error, "AlreadyExists")) return { kind: "exists", isSettled: true };
  if (isStorageError(error) && error.applied === "no") return undefined;
  if (isStorageError(error, "PartialWrite")) return { kind, value, isSettled: true };
  if (isStorageError(error) || error === CRASHED) return { kind, value, isSettled: false };
  throw error;
}

/** A `NotFound` that names members which did not answer is no statement about them. */
function isUnconfirmed(error: unknown): boolean {
  return isStorageError(error, "NotFound") && (error.unconfirmed?.length ?? 0) > 0;
}

async function outages(world: World, member: FakeMember): Promise<void> {
  const { random, time } = world;
  if (random() < 0.4 || world.scenario.isRestless) return;
  while (!world.isOver) {
    await time.sleep(between(random, 20, 400));
    member.isDown = !world.isOver && !member.isDown;
    member.forbids = !world.isOver && !member.isDown && random() < 0.1;
    world.trace?.(`${time.now.toFixed(1)} ${member.name} is ${member.isDown ? "down" : "up"}`);
  }
  member.isDown = false;
  member.forbids = false;
}

async function crashes(world: World, index: number): Promise<void> {
  const { random, time } = world;
  for (let count = 0; count < 2 && random() < 0.5; count++) {
    await time.sleep(between(random, 10, 500));
    if (world.isOver) return;
    world.processes[index]?.crash();
    world.processes[index] = startProcess(world, index);
  }
}

/** A process is stopped at whatever step it is, and goes on later: half of the times after lease and settle are over. */
async function stops(world: World, index: number): Promise<void> {
  const { random, time } = world;
  // How long calls take is measured there.
  const { stopsAll = false, hangs = false } = world.scenario;
  if (hangs || (random() < 0.7 && !stopsAll)) return;
  await time.sleep(between(random, 0, 400));
  const isLong = stopsAll || random() < 0.7;
  const own = world.processes[index] as Process;
  const stopMs = isLong
    ? TIMES.leaseMs + TIMES.settleMs + between(random, 10, 2000)
    : between(random, 10, TIMES.leaseMs);
  world.trace?.(
    `${time.now.toFixed(1)} process ${index} (${own.life.id}) is stopped for ${stopMs.toFixed(0)} ms`,
  );
  if (random() < 0.5) own.life.stop(stopMs);
  else own.life.stopAtWrite(stopMs);
  await time.sleep(stopMs);
  own.life.stopAtWrite(undefined);
  world.stopped ||= isLong && own.life.isAlive;
}

/** A member loses an object that another one has, or hangs for a while. */
async function losses(world: World): Promise<void> {
  const { random, time, scenario, members, history, hurt } = world;
  const isAtWork = scenario.loses === true || scenario.hangs === true || scenario.revives === true;
  while (!world.isOver && isAtWork) {
    await time.sleep(between(random, 50, 400));
    const member = pick(random, members);
    if (scenario.hangs === true) {
      member.isHanging = true;
      await time.sleep(between(random, 50, 1500));
      member.isHanging = false;
      continue;
    }
    const key = pick(random, [...history.keys()]);
    if (scenario.revives === true) {
      member.revive(key);
      continue;
    }
    const text = member.peek(key)?.text;
    const isElsewhere = members.some((other) => other !== member && other.peek(key)?.text === text);
    const isInTransition = rowsOf(world.disk, world.prefix).some((found) => found.key === key);
    // What happens to the last copy too is nobody's to mend.
    if (text === undefined || !isElsewhere || hurt.has(key)) continue;
    const rots = scenario.wrong !== undefined && random() < 0.5;
    if (!rots && isInTransition) continue;
    hurt.add(key);
    if (rots) member.rot(key);
    else member.lose(key);
  }
}

async function journalFaults(world: World): Promise<void> {
  const { random, time, disk } = world;
  disk.failing = 0;
  if (random() < 0.7) return;
  await time.sleep(between(random, 0, 300));
  disk.failing = 0.3;
  await time.sleep(between(random, 10, 200));
  disk.failing = 0;
}

async function clockSteps({ random, time }: World): Promise<void> {
  if (random() < 0.7) return;
  await time.sleep(between(random, 0, 400));
  time.clockOffset = between(random, -3_600_000, 3_600_000);
}

async function operators(world: World): Promise<void> {
  const { random, time, scenario, history } = world;
  if (scenario.disturb === undefined) return;
  while (!world.isOver) {
    await time.sleep(between(random, 5, scenario.isRestless ? 40 : 150));
    const own = pick(random, world.processes);
    const done = scenario.disturb(own.provider, random, pick(random, [...history.keys()])).catch(() => {});
    await Promise.race([done, own.crashed]);
  }
}

async function repairs(world: World, index: number): Promise<void> {
  const { random, time } = world;
  while (!world.isOver) {
    await time.sleep(between(random, 5, 200));
    const own = world.processes[index] as Process;
    const round = own.provider.upkeep?.repair({}).catch((error: unknown) => {
      // The journal failed: the next round tries again.
      if (!isStorageError(error)) throw error;
    });
    await Promise.race([round, own.crashed]);
  }
}

async function repairAll({ processes, time, disk, prefix }: World): Promise<readonly string[]> {
  const { provider } = processes[0] as Process;
  const { upkeep } = provider;
  for (let round = 0; round < 1000; round++) {
    const wait = await upkeep?.repair({});
    if (wait === undefined) return [];
    await time.sleep(Math.min(wait, TIMES.settleMs));
  }
  return rowsOf(disk, prefix).map(({ key, row }) => `not converged: ${key} ${JSON.stringify(row)}`);
}

async function finalReads(world: World): Promise<void> {
  for (const key of world.history.keys()) {
    await oneCall(world, "the end", key, 1);
    await oneCall(world, "the end", key, 1);
  }
  await oneListing(world, "the end");
}

function checkHistories({ history, trace }: World): readonly string[] {
  return [...history].flatMap(([key, seen]) => {
    if (isLinearizable(seen)) return [];
    for (const each of seen) trace?.(JSON.stringify({ key, ...each }));
    return [`${key} is not linearizable`];
  });
}

async function checkMembers({ history, members, scenario, processes }: World): Promise<readonly string[]> {
  const { provider } = processes[0] as Process;
  const problems: string[] = [];
  for (const [key, seen] of history) {
    const final = seen.findLast(({ who, kind }) => who === "the end" && kind === "read");
    const held = members.map((member) => member.peek(key)?.text);
    const home = await scenario.homeOf?.(provider, key);
    const problem =
      final === undefined ? "cannot be read in the end" : holdersProblem(scenario, held, final.value, home);
    if (problem !== undefined)
      problems.push(`${key}: ${problem}: ${JSON.stringify(held)}, read ${final?.value}`);
  }
  return problems;
}

/** Nobody reads the last copies: what is wrong with them, or missing, is not noticed. */
function rightCopyProblem(present: readonly (string | undefined)[], final: string): string | undefined {
  return present.includes(final) ? undefined : "no right copy is left";
}

function expectedCopies(name: string, holders: "all" | "first" | "one", members: number): number {
  if (holders === "all") return members;
  return holders === "first" && name === "fallback-of-mirrors" ? 2 : 1;
}

function homesProblem(
  homes: readonly number[],
  held: readonly (string | undefined)[],
  final: string,
): string | undefined {
  const isRight = held.every((text, index) => text === (homes.includes(index) ? final : undefined));
  return isRight ? undefined : "it is not on the members that it belongs to";
}

function holdersProblem(
  { holders, name, homes, wrong: isWrong }: Scenario,
  held: readonly (string | undefined)[],
  final: string | undefined,
  home: number | undefined,
): string | undefined {
  if (homes !== undefined && final !== undefined) return homesProblem(homes, held, final);
  const present = held.filter((text) => text !== undefined);
  if (isWrong !== undefined && final !== undefined) return rightCopyProblem(present, final);
  if (final === undefined) return present.length === 0 ? undefined : "deleted and still there";
  if (present.some((text) => text !== final)) return "an older copy is left";
  if (holders === "last") return held.at(-1) === undefined ? "the last member has lost it" : undefined;
  const expected = expectedCopies(name, holders, held.length);
  if (present.length !== expected) return `${present.length} copies instead of ${expected}`;
  const belongs = home ?? (holders === "first" ? 0 : undefined);
  return belongs !== undefined && held[belongs] === undefined ? "it is not where it belongs" : undefined;
}
