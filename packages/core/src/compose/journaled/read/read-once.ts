import { clock } from "../../../kit/clock.js";
import { StorageError, type Attempt, type Operation } from "../../../contract/errors.js";
import type { ComposedHeadOptions, ComposedProvider } from "../../../contract/composed-provider.js";
import { attemptOf, memberError, movesOn, reportFallback, saysAbsent } from "../../group.js";
import { askMember } from "../../survey.js";
import type { Hedge } from "../hedge.js";
import { isCurrent, newestOf, versionOf } from "../row/identity.js";
import { isTrusted } from "./inventory.js";
import { isOneEnough, type ReplicaSet } from "../replica-set.js";
import { isUndecided } from "../row/row.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { Committed, KeyRow } from "../../../contract/key-row.js";

/** How to read from a member, and what to do with what was read in vain. */
export interface Reader<T> {
  readonly operation: Operation;
  readonly read: (member: ComposedProvider, signal: AbortSignal | undefined) => Promise<T>;
  readonly infoOf: (result: T) => ObjectInfo;
  readonly discard: (result: T) => void;
}

export function headReader(
  operation: Operation,
  key: string,
  { onEvent, isFinal }: ComposedHeadOptions,
): Reader<ObjectInfo> {
  return {
    operation,
    read: (member, signal) => member.head(key, { signal, onEvent, isFinal }),
    infoOf: (info) => info,
    discard: () => {},
  };
}

/** What was read, and where. */
export interface Found<T> {
  readonly member: ComposedProvider;
  readonly result: T;
  /** A member that does not answer may hold a newer one: the journal has just begun, and cannot tell. */
  readonly mayBeStale?: boolean | undefined;
}

/** What one look at the members gave. */
export type Reading<T> =
  | ({ readonly state: "found" } & Found<T>)
  /** `isFinal`: nobody else needs to be asked. `unconfirmed`: those who were asked and did not answer. */
  | {
      readonly state: "absent";
      readonly isFinal: boolean;
      readonly unconfirmed?: readonly string[] | undefined;
    }
  /** Only what nobody has decided about, or what is newer than the journal's row was. */
  | { readonly state: "undecided" }
  | { readonly state: "silent"; readonly error: StorageError };

/** One look at the members, as far as what the row says of the key needs it. */
export async function readOnce<T>(
  set: ReplicaSet,
  row: KeyRow | undefined,
  key: string,
  options: ComposedHeadOptions,
  reader: Reader<T>,
): Promise<Reading<T>> {
  const look: Look<T> = { set, key, options, reader, attempts: [] };
  if (row?.current?.kind === "delete") return { state: "absent", isFinal: true };
  if (row?.current !== undefined) return await readCurrent(look, row, row.current);
  const trusted = set.state.isTrusted || (await isTrusted(set));
  return trusted ? await readBase(look, row) : await readNewest(look, row);
}

interface Look<T> {
  readonly set: ReplicaSet;
  readonly key: string;
  readonly options: ComposedHeadOptions;
  readonly reader: Reader<T>;
  readonly attempts: Attempt[];
}

/** From a member that holds this very version. */
async function readCurrent<T>(look: Look<T>, row: KeyRow, current: Committed): Promise<Reading<T>> {
  const { set, key, reader, options } = look;
  const order = set.placement.readOrder(key);
  const holders = order.filter(({ name }) => row.holds[name] === current.version);
  const others = order.filter(({ name }) => row.holds[name] === "unknown");
  let silent: StorageError | undefined;
  for (const member of [...holders, ...others]) {
    const answer = await tryMember(look, member);
    if (answer.error !== undefined) silent ??= answer.error;
    if (answer.found === undefined) continue;
    const info = reader.infoOf(answer.found.result);
    if (isCurrent(current, member, info)) return { state: "found", ...answer.found };
    reader.discard(answer.found.result);
    if ((versionOf(info) ?? "") > current.version) return { state: "undecided" };
    options.onEvent?.({ type: "stale", provider: member.name, key });
  }
  return { state: "silent", error: outOfReach(look, silent) };
}

/** What the members held before the row began, if there is one. */
async function readBase<T>(look: Look<T>, row: KeyRow | undefined): Promise<Reading<T>> {
  const { reader } = look;
  // One member can answer for all.
  const oneIsEnough = isOneEnough(look.set);
  let silent: StorageError | undefined;
  let isOpen = false;
  const order = inOrder(look);
  for (const [index, member] of order.entries()) {
    if (row?.holds[member.name] === "absent") continue;
    // Only of members that are alike: whatever one of them answers is true.
    const other = row === undefined && oneIsEnough ? order[index + 1] : undefined;
    const answer = await tryMember(look, member, other);
    if (answer.found !== undefined) {
      const { result } = answer.found;
      if (row === undefined || !isUncertain(row, versionOf(reader.infoOf(result)))) {
        return { state: "found", ...answer.found };
      }
      reader.discard(result);
      isOpen = true;
    } else if (answer.error !== undefined) silent ??= answer.error;
    else if (oneIsEnough && !isTouched(row, member)) return await confirmAbsent(look, row, member);
  }
  if (isOpen) return { state: "undecided" };
  return silent === undefined
    ? { state: "absent", isFinal: false }
    : { state: "silent", error: outOfReach(look, silent) };
}

/**
 * Asks all other members for an object that one of them lacks although it is settled: a file may have been removed by hand.
 * The first that has it serves it, and the key is looked at again. Those that do not answer do not turn the answer around.
 */
async function confirmAbsent<T>(
  look: Look<T>,
  row: KeyRow | undefined,
  lacking: ComposedProvider,
): Promise<Reading<T>> {
  if (row !== undefined) return { state: "absent", isFinal: true };
  const { set, key, options } = look;
  const { signal, onEvent } = options;
  const others = inOrder(look).filter((member) => member !== lacking);
  const answers = await Promise.all(others.map((member) => askMember(set, member, key, { signal, onEvent })));
  for (const answer of answers) {
    if (answer.state !== "present") continue;
    const { found } = await tryMember(look, answer.member);
    if (found === undefined) continue;
    set.lookAgain(key, onEvent);
    return { state: "found", ...found };
  }
  const silent = answers.flatMap(({ member, state }) => (state === "silent" ? [member.name] : []));
  return { state: "absent", isFinal: true, ...(silent.length > 0 && { unconfirmed: silent }) };
}

/** What the members held before the journal began: the newest version of them all. */
async function readNewest<T>(look: Look<T>, row: KeyRow | undefined): Promise<Reading<T>> {
  const { set, key, options } = look;
  const { signal, onEvent } = options;
  const order = inOrder(look).filter(({ name }) => row?.holds[name] !== "absent");
  const answers = await Promise.all(order.map((member) => askMember(set, member, key, { signal, onEvent })));
  const silent = answers.find((answer) => answer.state === "silent");
  const present = answers.flatMap((answer) => (answer.state === "present" ? [answer] : []));
  const decided = present.filter(({ info }) => row === undefined || !isUncertain(row, versionOf(info)));
  const newest = newestOf(decided);
  if (newest === undefined) {
    if (present.length > 0) return { state: "undecided" };
    if (silent === undefined) return { state: "absent", isFinal: false };
    return { state: "silent", error: outOfReach(look, silent.error) };
  }
  const { found, error } = await tryMember(look, newest.member);
  if (error !== undefined) return { state: "silent", error: outOfReach(look, error) };
  if (found === undefined) return { state: "undecided" };
  return { state: "found", ...found, mayBeStale: silent !== undefined };
}

/** Whether an object is of a write that is not decided, or that began after the row was read. */
function isUncertain(row: KeyRow, version: string | undefined): boolean {
  if (isUndecided(row, version)) return true;
  return version !== undefined && row.open !== undefined && version > row.open.version;
}

/** Whether a write that is not decided was sent to the member. */
function isTouched(row: KeyRow | undefined, { name }: ComposedProvider): boolean {
  if (row === undefined) return false;
  return row.holds[name] !== undefined || row.lease?.sending.includes(name) === true;
}

function inOrder<T>({ set, key, options: { ref } }: Look<T>): readonly ComposedProvider[] {
  const order = set.placement.readOrder(key);
  const first = ref === undefined ? undefined : order.find((member) => member.locate(ref) !== undefined);
  return first === undefined ? order : [first, ...order.filter((member) => member !== first)];
}

async function tryMember<T>(
  look: Look<T>,
  member: ComposedProvider,
  other?: ComposedProvider,
): Promise<{ readonly found?: Found<T>; readonly error?: StorageError }> {
  const { set, key, options, reader, attempts } = look;
  const startedAt = clock.now();
  try {
    const { hedge } = set;
    if (hedge !== undefined && other !== undefined) return { found: await race(look, hedge, member, other) };
    return { found: { member, result: await reader.read(member, options.signal) } };
  } catch (thrown) {
    const error = memberError(thrown, member, reader.operation, key, options);
    if (saysAbsent(error)) return {};
    attempts.push(attemptOf(member, error, clock.now() - startedAt));
    if (!movesOn(set, error)) throw error;
    reportFallback(set, reader.operation, key, member, error, options);
    return { error };
  }
}

/** Reads from one of two members that are alike, whichever is quicker. */
async function race<T>(
  { key, options, reader }: Look<T>,
  hedge: Hedge,
  member: ComposedProvider,
  other: ComposedProvider,
): Promise<Found<T>> {
  const from =
    (each: ComposedProvider) =>
    async (signal: AbortSignal): Promise<Found<T>> => ({
      member: each,
      result: await reader.read(each, signal),
    });
  return await hedge.run({
    first: from(member),
    second: from(other),
    signal: options.signal,
    discard: ({ result }) => reader.discard(result),
    onEnd: (won) =>
      options.onEvent?.({ type: "hedge", operation: reader.operation, provider: other.name, key, won }),
  });
}

function outOfReach<T>(
  { set, key, reader, attempts }: Look<T>,
  silent: StorageError | undefined,
): StorageError {
  const reason =
    silent === undefined
      ? "only an older copy is within reach"
      : `${JSON.stringify(silent.provider)} may hold it and does not answer (${silent.reason})`;
  return new StorageError("Unavailable", reason, {
    operation: reader.operation,
    provider: silent?.provider ?? set.name,
    key,
    retryable: false,
    attempts,
    cause: silent,
  });
}
