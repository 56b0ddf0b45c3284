import { clock } from "../../../kit/clock.js";
import { StorageError, type Attempt, type Operation } from "../../../contract/errors.js";
import type { ComposedHeadOptions, ComposedProvider } from "../../../contract/composed-provider.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { attemptOf, memberError, movesOn, reportFallback, saysAbsent } from "../../group.js";
import type { Hedge } from "../hedge.js";
import { believed, isDisbelieved, type ReplicaSet } from "../replica-set.js";
import { notConfigured } from "../roster.js";
import { isUndecided } from "../row/row.js";

/** The functions that read from a member and discard an unused result. */
export interface Reader<T> {
  readonly operation: Operation;
  readonly read: (member: ComposedProvider, signal: AbortSignal | undefined) => Promise<T>;
  readonly infoOf: (result: T) => ObjectInfo;
  readonly discard: (result: T) => void;
  /** Tells whether a member is asked before the others. Any order is possible, because every member has the same object. */
  readonly prefers?: ((member: ComposedProvider) => boolean) | undefined;
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

/** The result of a read, and the member that returned it. */
export interface Found<T> {
  readonly member: ComposedProvider;
  readonly result: T;
  /**
   * True if the result may be old. Either a member that does not answer may hold a newer object, or the member that
   * returned the result was restored from a backup.
   */
  readonly mayBeStale?: boolean | undefined;
}

/** The result of one round of questions to the members. */
export type Reading<T> =
  | ({ readonly state: "found" } & Found<T>)
  /** `isFinal`: the answer counts, and the journal need not be read a second time. `unconfirmed`: the members that did not answer. */
  | {
      readonly state: "absent";
      readonly isFinal: boolean;
      readonly unconfirmed?: readonly string[] | undefined;
    }
  /** The members hold only objects of undecided writes, or objects that are newer than the journal's row. */
  | { readonly state: "undecided" }
  | { readonly state: "silent"; readonly error: StorageError };

/** The key, the options and the reader for one round of questions to the members. */
export interface Look<T> {
  readonly set: ReplicaSet;
  readonly key: string;
  readonly options: ComposedHeadOptions;
  readonly reader: Reader<T>;
  readonly attempts: Attempt[];
}

/** Returns the error for a member that may hold the key and is no longer in the configuration; `undefined` if there is no such member. */
export function awayFrom<T>(
  { set, key, reader }: Look<T>,
  row: KeyRow | undefined,
  version?: string,
): StorageError | undefined {
  const name = set.roster.away().find((each) => {
    const holding = row?.holds[each] ?? "unknown";
    return holding === "unknown" || holding === version;
  });
  return name === undefined ? undefined : notConfigured(name, reader.operation, key);
}

/** Returns true for a write that is still undecided, and for a write that began after the row was read. */
export function isUncertain(row: KeyRow, version: string | undefined): boolean {
  if (isUndecided(row, version)) return true;
  return version !== undefined && row.open !== undefined && version > row.open.version;
}

/** Returns the members in reading order. The members that the reader prefers come first. */
export function readOrder<T>({ set, key, reader: { prefers } }: Look<T>): readonly ComposedProvider[] {
  const order = set.placement.readOrder(key);
  if (prefers === undefined) return order;
  return [...order.filter(prefers), ...order.filter((member) => !prefers(member))];
}

/** Returns the members whose answers count, in reading order. The member that a ref points to comes first. */
export function inOrder<T>(look: Look<T>): readonly ComposedProvider[] {
  const { ref } = look.options;
  const order = believed(look.set, readOrder(look));
  const first = ref === undefined ? undefined : order.find((member) => member.locate(ref) !== undefined);
  return first === undefined ? order : [first, ...order.filter((member) => member !== first)];
}

/**
 * Reads from a member. Returns the result, or the error if the member did not answer. Returns an empty object if the
 * member holds nothing.
 */
export async function tryMember<T>(
  look: Look<T>,
  member: ComposedProvider,
  other?: ComposedProvider,
): Promise<{ readonly found?: Found<T>; readonly error?: StorageError }> {
  const { set, key, options, reader, attempts } = look;
  const startedAt = clock.now();
  try {
    const { hedge } = set;
    if (hedge !== undefined && other !== undefined) return { found: await race(look, hedge, member, other) };
    const result = await reader.read(member, options.signal);
    if (isDisbelieved(set, member)) {
      reader.discard(result);
      throw restored(reader.operation, member, key);
    }
    const isOld = set.marks?.restored(member.name) !== undefined;
    return { found: { member, result, ...(isOld && { mayBeStale: true }) } };
  } catch (thrown) {
    const error = memberError(thrown, member, reader.operation, key, options);
    if (saysAbsent(error)) {
      return isDisbelieved(set, member) ? { error: restored(reader.operation, member, key) } : {};
    }
    attempts.push(attemptOf(member, error, clock.now() - startedAt));
    if (!movesOn(set, error)) throw error;
    reportFallback(set, reader.operation, key, member, error, options);
    return { error };
  }
}

function restored(operation: Operation, { name }: ComposedProvider, key: string): StorageError {
  const reason = "the member was restored from a backup, so the object may be missing only there";
  return new StorageError("Unavailable", reason, { operation, provider: name, key, retryable: false });
}

/** Reads from two members that are alike, and returns the result of the quicker member. */
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

/** Returns the error for a key whose object may exist only on members that do not answer. */
export function outOfReach<T>(
  { set, key, reader, attempts }: Look<T>,
  silent: StorageError | undefined,
): StorageError {
  const reason =
    silent === undefined
      ? "only an older copy can be reached"
      : `${JSON.stringify(silent.provider)} may hold the object and does not answer (${silent.reason})`;
  return new StorageError("Unavailable", reason, {
    operation: reader.operation,
    provider: silent?.provider ?? set.name,
    key,
    retryable: false,
    attempts,
    cause: silent,
  });
}
