import type { Caller } from "../../../contract/caller.js";
import { clock, createController, onAbort } from "../../../kit/clock.js";
import { delay, orAborted } from "../../../kit/abort.js";
import { StorageError, withErrorFacts, type Operation } from "../../../contract/errors.js";
import type { JournalEntry } from "../../../contract/journal.js";
import type { LostKey, ReplicaSet } from "../replica-set.js";
import { leased, newRow, takenOver, unleased } from "../row/row.js";
import { createLeaseWatch, createRowWriter, Overtaken, writeRow, type RowWriter } from "./row-writer.js";
import { type KeyRow, type Lease, stampedRow } from "../../../contract/key-row.js";

/** A key that nobody else writes, in any process that shares the journal. */
export interface HeldKey {
  readonly key: string;
  /** Whether the journal had nothing of it. */
  readonly isNew: boolean;
  /** What the journal has of it; a row that has just begun when it had none. */
  row: KeyRow;
  /** Aborted when the key was taken over: this process was silent for too long. */
  readonly signal: AbortSignal;
  /**
   * Throws `Conflict` once another process may have taken the key over. Members get it as `beforeCommit` of every write and
   * delete, so that a process that was stopped changes nothing when it goes on.
   */
  readonly assertHeld: () => void;
  /**
   * Checks that nobody has written the row since it was read: until the first `save` another process may.
   *
   * @throws Overtaken when somebody has; the work is run again.
   */
  readonly assertUnchanged: () => Promise<void>;
  /** Writes the row down, with the members that requests go to from now on. Renewed until it is released. */
  readonly save: (row: KeyRow, sending: readonly string[]) => Promise<void>;
  /** Writes the last state of the row and lets go; `undefined` when the key is not in transition any more. */
  readonly release: (row: KeyRow | undefined) => Promise<void>;
}

/** Pauses between looks at a key that another process holds, in milliseconds. */
const POLL_MS = 10;
const POLL_MS_MAX = 100;

/** The options of {@link holding}. */
export interface HoldOptions extends Caller {
  /**
   * The longest to wait for other calls that write the key, in milliseconds.
   *
   * @default that of the composer
   */
  readonly waitMs?: number | undefined;
}

/**
 * Runs `work` while nobody else writes the key. It must do nothing that changes a member before its first
 * `save`: it is run again when another process was faster.
 *
 * @throws StorageError `Unavailable` when the key is held by others for longer than `waitMs`, or the journal
 * cannot be written; `Conflict` when the key was taken over while `work` ran.
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

/** The patience of a call that waits for its turn. */
interface Patience {
  readonly signal: AbortSignal | undefined;
  readonly waitMs: number;
  /** Gives the turn up; `false` when it has begun. */
  readonly leave: () => boolean;
  readonly tooLong: () => StorageError;
}

/** Waits for a turn. A caller that gives up, or has waited for too long, before the turn has begun is not kept. */
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

/** The entry of the key when no living process holds it; what a dead one has left is taken over. */
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

/** Reads what the journal has of a key. Before the first row is believed, the marks of all members are compared. */
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
 * Writes down what a dead holder has left. From then on the times of its suspects stand: each look that began them anew would
 * put them off for ever.
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
  const reason = "another call has been writing this key for too long";
  return new StorageError("Unavailable", reason, { operation, provider: name, key, retryable: true });
}

interface LeavableKey extends HeldKey {
  /** What is left undone when `work` ends without a release is for repair. */
  readonly leave: () => Promise<void>;
  /** Present when another process may have held the key while this one was sending. */
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
      // What was learned meanwhile stays.
      (row) => row?.lease && (held.row = leased(held.row, row.lease)),
      () => {
        // The journal cannot be written: from now on nobody waits for this process.
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

/** Tells when a key needs repair. A row that is only kept is no work. */
function tellOfWork({ workListeners, journal }: ReplicaSet, row: KeyRow | undefined): void {
  if (row === undefined || row.isKept === true) return;
  for (const tell of workListeners) tell(row.nextAt - journal.now());
}

async function assertRevision({ journal }: ReplicaSet, key: string, rows: RowWriter): Promise<void> {
  if (!rows.isSaved() && (await journal.read(key)).revision !== rows.revision()) throw new Overtaken();
}

/**
 * The longest that an intent may take to be written: nothing is sent after that. So the version of an object says that
 * the journal has known of it since then.
 */
export function intentMsMax({ leaseMs }: ReplicaSet): number {
  return leaseMs / 6;
}

function leaseOf({ journal, leaseMs }: ReplicaSet, sending: readonly string[]): Lease {
  return { process: journal.process, until: journal.now() + leaseMs, sending };
}

function takenAway({ name }: ReplicaSet, operation: Operation, key: string): StorageError {
  const reason = "another process has taken the key over, because this one was silent for too long";
  return new StorageError("Conflict", reason, { operation, provider: name, key, applied: "unknown" });
}
