import type { Caller } from "../../../contract/caller.js";
import { clock, createController, onAbort } from "../../../kit/clock.js";
import { delay, orAborted } from "../../../kit/abort.js";
import { StorageError, withErrorFacts, type Operation } from "../../../contract/errors.js";
import type { JournalEntry } from "../../../contract/journal.js";
import type { LostKey, ReplicaSet } from "../replica-set.js";
import { leased, newRow, takenOver, unleased } from "../row/row.js";
import { createLeaseWatch, createRowWriter, Overtaken, writeRow, type RowWriter } from "./row-writer.js";
import { type KeyRow, type Lease, stampedRow } from "../../../contract/key-row.js";

/** A key that is reserved for one call, among all processes that share the journal. */
export interface HeldKey {
  readonly key: string;
  /** True if the journal had no row for the key. */
  readonly isNew: boolean;
  /** The journal's row for the key, or a new row if the journal had no row. */
  row: KeyRow;
  /** A signal that aborts when another process has taken the key over. This happens if this process was silent for too long. */
  readonly signal: AbortSignal;
  /**
   * Throws `Conflict` as soon as another process may have taken the key over. Every write and delete passes this function to the member as
   * `beforeCommit`. A process that was suspended therefore changes nothing when it continues.
   */
  readonly assertHeld: () => void;
  /**
   * Checks that the row has not changed since it was read. Until the first `save`, another process may change the row.
   *
   * @throws Overtaken if another process has written the row. The work then runs again.
   */
  readonly assertUnchanged: () => Promise<void>;
  /**
   * Writes the row, together with the names of the members that will receive requests. From then on the lease is renewed until the key is
   * released.
   */
  readonly save: (row: KeyRow, sending: readonly string[]) => Promise<void>;
  /** Writes the last state of the row and lets go of the key. Pass `undefined` if the key is no longer in transition. */
  readonly release: (row: KeyRow | undefined) => Promise<void>;
}

/** The shortest and the longest pause between two checks of a key that another process holds, in milliseconds. */
const POLL_MS = 10;
const POLL_MS_MAX = 100;

/** The options of {@link holding}. */
export interface HoldOptions extends Caller {
  /**
   * The longest time to wait for other calls that write the key, in milliseconds.
   *
   * @default the `waitMs` of the composer
   */
  readonly waitMs?: number | undefined;
}

/**
 * Runs `work` while no other call writes the key. Before its first `save`, `work` must not change any member, because
 * `work` runs again if another process has changed the row first.
 *
 * @throws StorageError `Unavailable` if other calls hold the key for longer than `waitMs`, or if the journal cannot be written. `Conflict`
 *   if the key was taken over while `work` ran.
 */
export async function holding<T>(
  set: ReplicaSet,
  operation: Operation,
  key: string,
  { signal, onEvent, waitMs = set.waitMs }: HoldOptions,
  work: (held: HeldKey) => Promise<T>,
): Promise<T> {
  const deadline = set.journal.now() + waitMs;
  const turns = { hasBegun: false, isGivenUp: false };
  const turn = set.lock.run(key, async () => {
    if (turns.isGivenUp) throw busy(set, operation, key);
    turns.hasBegun = true;
    for (;;) {
      signal?.throwIfAborted();
      const agreeing = set.agree();
      if (agreeing !== undefined) await orAborted(agreeing, signal);
      const entry = await freeEntry(set, operation, key, deadline, signal);
      await set.refresh({ signal: undefined, onEvent });
      const held = createHeldKey(set, operation, key, entry);
      try {
        return await work(held);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
      } finally {
        await held.leave();
        const lost = held.lost();
        if (lost !== undefined) set.reopen(lost, onEvent);
      }
    }
  });
  const leave = (): boolean => {
    turns.isGivenUp ||= !turns.hasBegun;
    return turns.isGivenUp;
  };
  if (turns.hasBegun) return await turn;
  return await beginning(turn, {
    signal,
    waitMs,
    leave,
    tooLong: () => busy(set, operation, key),
  });
}

/** The settings of a call that waits until earlier calls for the same key have ended. */
interface Patience {
  readonly signal: AbortSignal | undefined;
  readonly waitMs: number;
  /** Leaves the queue and returns `true`. If the work has already begun, changes nothing and returns `false`. */
  readonly leave: () => boolean;
  readonly tooLong: () => StorageError;
}

/**
 * Waits for work that is in the queue, and returns the result of the work. Rejects if the caller aborts, or has waited
 * too long, before the work has begun.
 */
async function beginning<T>(turn: Promise<T>, { signal, waitMs, leave, tooLong }: Patience): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      if (leave()) reject(signal?.reason as Error);
    };
    if (signal?.aborted === true) abort();
    const expire = (): void => {
      if (leave()) reject(tooLong());
    };
    const timer = clock.setTimeout(expire, waitMs);
    const unlink = onAbort(signal, abort);
    turn.then(resolve, reject).finally(() => {
      clock.clearTimeout(timer);
      unlink();
    });
  });
}

/**
 * Waits until no living process holds a key, and returns the journal's entry for the key. If the process that holds the key has died, takes
 * the key over.
 */
async function freeEntry(
  set: ReplicaSet,
  operation: Operation,
  key: string,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<JournalEntry> {
  for (let pauseMs = POLL_MS; ; pauseMs = Math.min(pauseMs * 2, POLL_MS_MAX)) {
    const entry = await comparedEntry(set, key, signal);
    if (!(await isHeldElsewhere(set, entry.row))) {
      if (entry.row?.lease === undefined) return entry;
      const taken = await takeOver(set, key, entry.revision, entry.row);
      if (taken !== undefined) return taken;
      continue;
    }
    if (set.journal.now() > deadline) throw busy(set, operation, key);
    await delay(pauseMs, signal);
  }
}

/** Reads the journal's entry for a key. The marks of all members are compared before the process uses its first row. */
export async function comparedEntry(
  { journal, compareMarks }: ReplicaSet,
  key: string,
  signal?: AbortSignal,
): Promise<JournalEntry> {
  const entry = await journal.read(key);
  const comparing = entry.row === undefined ? undefined : compareMarks();
  if (comparing === undefined) return entry;
  await orAborted(comparing, signal);
  return await journal.read(key);
}

/**
 * Saves the row that a dead process has left behind. Only this function sets the time limits of the suspects. If every
 * check of the key moved these limits into the future, the limits would never be reached.
 */
async function takeOver(
  { journal, settleMs }: ReplicaSet,
  key: string,
  revision: string,
  left: KeyRow,
): Promise<JournalEntry | undefined> {
  const row = takenOver(left, journal.now(), settleMs);
  const taken = await writeRow(journal, key, revision, row);
  return taken === undefined ? undefined : { row: stampedRow(row, taken), revision: taken };
}

async function isHeldElsewhere({ journal }: ReplicaSet, row: KeyRow | undefined): Promise<boolean> {
  if (row?.lease === undefined || row.lease.process === journal.process) return false;
  return journal.now() < row.lease.until && (await journal.isAlive(row.lease.process));
}

export function busy({ name }: ReplicaSet, operation: Operation, key: string): StorageError {
  const reason = "a different call has been writing this key for too long";
  return new StorageError("Unavailable", reason, { operation, provider: name, key, retryable: true });
}

interface LeavableKey extends HeldKey {
  /** Lets go of a key that `work` has not released. Repair does the remaining work. */
  readonly leave: () => Promise<void>;
  /** Returns the facts of a lost key, if another process may have held the key while this process was sending; otherwise `undefined`. */
  readonly lost: () => LostKey | undefined;
}

function createHeldKey(set: ReplicaSet, operation: Operation, key: string, entry: JournalEntry): LeavableKey {
  const { journal, leaseMs } = set;
  const lost = createController();
  const lease = createLeaseWatch(leaseMs);
  const isTaken = (): boolean => lost.signal.aborted || lease.isOver();
  let isReleased = false;
  let hasSent = false;
  let timer: NodeJS.Timeout | undefined;
  const rows = createRowWriter(set, key, entry, lease);
  const write = (next: () => KeyRow | undefined): Promise<KeyRow | undefined> =>
    rows.write(next).catch((error: unknown) => {
      if (!(error instanceof Overtaken)) throw error;
      if (!rows.isSaved()) throw error;
      lost.abort(takenAway(set, operation, key));
      throw lost.signal.reason;
    });
  const renew = (): void => {
    if (isReleased) return;
    write(() => leased(held.row, leaseOf(set, held.row.lease?.sending ?? []))).then(
      // Takes only the lease from the written row, because `held.row` may have changed in the meantime.
      (row) => row?.lease && (held.row = leased(held.row, row.lease)),
      () => {
        // The journal cannot be written, so the lease is not renewed. Once the lease has ended, another process may take the key over.
        const { until = 0 } = held.row.lease ?? {};
        if (journal.now() >= until) lost.abort(takenAway(set, operation, key));
      },
    );
  };

  const held: LeavableKey = {
    key,
    isNew: entry.row === undefined,
    row: entry.row ?? newRow(set.journal.now()),
    signal: lost.signal,
    assertHeld: () => {
      if (isTaken()) throw withErrorFacts(takenAway(set, operation, key), { applied: "no" });
      hasSent = true;
    },
    assertUnchanged: () => assertRevision(set, key, rows),
    save: async (row, sending) => {
      held.row = (await write(() => leased(row, leaseOf(set, sending)))) ?? held.row;
      timer ??= clock.setInterval(renew, leaseMs / 3).unref();
    },
    release: async (row) => {
      isReleased = true;
      clock.clearInterval(timer);
      if (row === undefined && entry.row === undefined && !rows.isSaved()) return;
      await write(() => row && unleased(row));
      tellOfWork(set, row);
    },
    lost: () => {
      const { open, lease: claim } = held.row;
      if (!hasSent || !isTaken() || claim === undefined || claim.sending.length === 0) return undefined;
      return { key, sending: claim.sending, open };
    },
    leave: async () => {
      clock.clearInterval(timer);
      if (isReleased || !rows.isSaved() || lost.signal.aborted) return;
      await held.release(takenOver(held.row, set.journal.now(), set.settleMs)).catch(() => {});
    },
  };
  return held;
}

/** Tells the listeners when a key needs repair. A kept row needs no repair. */
function tellOfWork({ workListeners, journal }: ReplicaSet, row: KeyRow | undefined): void {
  if (row === undefined || row.isKept === true) return;
  for (const tell of workListeners) tell(row.nextAt - journal.now());
}

async function assertRevision({ journal }: ReplicaSet, key: string, rows: RowWriter): Promise<void> {
  if (!rows.isSaved() && (await journal.read(key)).revision !== rows.revision()) throw new Overtaken();
}

/**
 * Returns the longest time that writing an intent may take, in milliseconds. If the write takes longer, nothing is
 * sent. The version of an object contains a time. At most this many milliseconds after this time, the journal knows of
 * the object.
 */
export function intentMsMax({ leaseMs }: ReplicaSet): number {
  return leaseMs / 6;
}

function leaseOf({ journal, leaseMs }: ReplicaSet, sending: readonly string[]): Lease {
  return { process: journal.process, until: journal.now() + leaseMs, sending };
}

function takenAway({ name }: ReplicaSet, operation: Operation, key: string): StorageError {
  const reason = "a different process took the key over, because this process was silent for too long";
  return new StorageError("Conflict", reason, { operation, provider: name, key, applied: "unknown" });
}
