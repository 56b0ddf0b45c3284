import { randomUUID } from "node:crypto";
import { toBody } from "../../body/body.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { StorageError, isStorageError } from "../../contract/errors.js";
import type { JournalPart } from "../../contract/journal.js";
import { MARK_PREFIX } from "../../contract/key.js";
import { cannotList } from "../supports.js";
import { changeControl } from "./control.js";

/** The name of the control record that holds the marks. */
const MARKS = "marks";

/** The time between two increases of a member's mark while the composer is in use, in milliseconds. */
const RAISE_MS = 10 * 60 * 1000;

/**
 * The time in milliseconds for which a process reserves a mark to raise it. After that time, another process may raise
 * the mark.
 */
const RAISING_MS = 10_000;

/** The mark of one member, as the journal knows it. */
interface Mark {
  /** The last number that a process wanted to write. The member may not have received it. */
  readonly written: number;
  /** The last number that the member has confirmed. */
  readonly confirmed: number;
  /** The time until which one process has reserved the mark. Until then, only that process raises the mark. */
  readonly raisingUntil?: number | undefined;
  /**
   * The fate of the objects that only this member holds. This field is present while the member counts as restored from
   * a backup. In a mirror, this mark stays until repair has walked all keys of the member and no object is on this
   * member alone. In other composers, this mark stays until an operator has accepted the member.
   */
  readonly restored?: Extras | undefined;
  /** The number of objects that only this restored member holds, counted so far. */
  readonly extras?: number | undefined;
}

/** The fate of the objects that only a restored member holds. */
export type Extras = "report" | "keep" | "remove";

interface MarksRecord {
  /** The id of the journal. */
  readonly id: string;
  readonly members: Readonly<Record<string, Mark>>;
}

/** The callbacks for the events that marks reveal. */
export interface MarkFindings {
  /** Called when the journal is older than a member: the journal was restored from a backup. */
  readonly onOldJournal: () => Promise<void>;
  /** Called when a member is older than the journal: the member was restored from a backup. */
  readonly onOldMember: () => Promise<void>;
  /** Called when this process learns that a member was restored, even if another process has noticed this first. */
  readonly onNews: () => void;
  /** Runs work in the background. Only `close` of the composer waits for this work. */
  readonly inBackground: (work: Promise<void>) => void;
}

/** The marks of all members of a composer. */
export interface Marks {
  /**
   * Compares the mark of a member with the journal, and raises the mark from time to time.
   *
   * @returns `true` if this process has just learned that the member was restored from a backup.
   */
  readonly check: (member: ComposedProvider) => Promise<boolean>;
  /** Tells whether the mark of a member was checked since a given time, or is being checked now. */
  readonly isCheckedSince: (name: string, time: number) => boolean;
  /** Returns a text that changes with the mark of a member, as this process has last read it. */
  readonly stamp: (name: string) => string;
  /** Requests a new comparison of a member's mark, because the member was not reachable for a while. */
  readonly doubt: (name: string) => void;
  /** Returns the fate of the objects that only this member holds. Returns `undefined` if the member was not restored from a backup. */
  readonly restored: (name: string) => Extras | undefined;
  /** Returns the number of objects that only this restored member holds. */
  readonly extras: (name: string) => number;
  readonly countExtras: (name: string, count: number) => Promise<void>;
  /** Records the decision about objects that only a restored member holds. `undefined` says that the member no longer counts as restored. */
  readonly setRestored: (name: string, extras: Extras | undefined) => Promise<void>;
  /** Returns the ids of other journals that keep objects on a member. */
  readonly others: (name: string) => readonly string[];
  /** Restarts the comparison of a member's mark, because a different disk or bucket has replaced the member. */
  readonly forget: (name: string) => Promise<void>;
  readonly refresh: () => Promise<void>;
}

export function createMarks(composer: string, journal: JournalPart, findings: MarkFindings): Marks {
  const store = createStore(journal);
  const checkedAt = new Map<string, number>();
  const lookedAt = new Map<string, number>();
  const others = new Map<string, readonly string[]>();
  const compare = async (member: ComposedProvider): Promise<void> => {
    const { name } = member;
    const startedAt = journal.now();
    if (startedAt - (checkedAt.get(name) ?? Number.NEGATIVE_INFINITY) < RAISE_MS) return;
    // The confirmed number is read before the member is asked. Another process may confirm a newer number while the member answers.
    const { confirmed } = store.of(name);
    const found = (await numberOn(member, store.key())) ?? 0;
    const { written, restored } = store.of(name);
    if (found < confirmed && restored === undefined) {
      await store.change(name, (was) => ({ ...was, restored: "report", extras: 0 }));
      await findings.onOldMember();
    }
    if (found > written) {
      // Another process may have raised the mark in the meantime. That process has saved the new number in the journal
      // beforehand, so the journal is read again.
      await store.refresh();
      if (found > store.of(name).written) await findings.onOldJournal();
    }
    others.set(name, await otherIds(member, store.key()));
    checkedAt.set(name, startedAt);
    const raised = raise(composer, journal, store, member, found).then((isRaised) => {
      if (isRaised) return;
      // Another process was about to raise the mark, and may have died. The mark is therefore checked again soon.
      checkedAt.set(name, startedAt - RAISE_MS + RAISING_MS);
    });
    findings.inBackground(raised);
  };
  const check = async (member: ComposedProvider): Promise<boolean> => {
    const { name } = member;
    const wasKnown = store.of(name).restored !== undefined;
    lookedAt.set(name, Number.POSITIVE_INFINITY);
    // The record is read again, because another process may have noticed that the member was restored.
    await store.change(name, (was) => was);
    await compare(member);
    lookedAt.set(name, journal.now());
    const isNews = !wasKnown && store.of(name).restored !== undefined;
    if (isNews) findings.onNews();
    return isNews;
  };
  return {
    check,
    isCheckedSince: (name, time) => (lookedAt.get(name) ?? Number.NEGATIVE_INFINITY) >= time,
    stamp: (name) => JSON.stringify(store.of(name)),
    doubt: (name) => void checkedAt.delete(name),
    restored: (name) => store.of(name).restored,
    extras: (name) => store.of(name).extras ?? 0,
    countExtras: (name, count) =>
      store.change(name, (was) => ({ ...was, extras: (was.extras ?? 0) + count })),
    setRestored: (name, restored) => store.change(name, (was) => ({ ...was, restored, extras: undefined })),
    forget: async (name) => {
      checkedAt.delete(name);
      await store.change(name, (was) => ({ ...was, confirmed: 0 }));
    },
    others: (name) => others.get(name) ?? [],
    refresh: store.refresh,
  };
}

/** The record of all marks, as it was last read from the journal. */
interface MarkStore {
  /** The key of the mark of this journal. */
  readonly key: () => string;
  readonly of: (name: string) => Mark;
  readonly change: (name: string, next: (was: Mark) => Mark) => Promise<void>;
  readonly refresh: () => Promise<void>;
}

const NEW_MARK: Mark = { written: 0, confirmed: 0 };

function createStore(journal: JournalPart): MarkStore {
  let record: MarksRecord | undefined;
  return {
    key: () => `${MARK_PREFIX}${record?.id ?? ""}`,
    of: (name) => record?.members[name] ?? NEW_MARK,
    change: async (name, next) => {
      record = await changeControl<MarksRecord>(journal, MARKS, (was) => {
        const known = was?.members[name] ?? NEW_MARK;
        const changed = next(known);
        if (was !== undefined && changed === known) return was;
        return { id: was?.id ?? randomUUID(), members: { ...was?.members, [name]: changed } };
      });
    },
    refresh: async () => {
      record = ((await journal.readControl(MARKS))?.value as MarksRecord | undefined) ?? record;
    },
  };
}

/**
 * Raises the mark of a member. Saves the new number in the journal before the number is sent, and confirms the number in the journal after
 * the member has stored it.
 *
 * @returns `true` if the mark was raised; `false` if another process is raising the mark.
 */
async function raise(
  composer: string,
  journal: JournalPart,
  store: MarkStore,
  member: ComposedProvider,
  found: number,
): Promise<boolean> {
  const now = journal.now();
  let number = 0;
  await store.change(member.name, (was) => {
    // One process at a time raises the mark.
    number = (was.raisingUntil ?? 0) > now ? 0 : Math.max(was.written, found) + 1;
    return number === 0 ? was : { ...was, written: number, raisingUntil: now + RAISING_MS };
  });
  if (number === 0) return false;
  const text = `${composer} uses this object to notice that a backup was restored. Do not delete it.\n`;
  // A process that was suspended must not replace a later number with its own.
  const beforeCommit = (): void => {
    if (journal.now() < now + RAISING_MS) return;
    const reason = "a different process is raising the mark now";
    throw new StorageError("Conflict", reason, { operation: "put", provider: member.name, applied: "no" });
  };
  const metadata = { number: String(number) };
  await member.put(store.key(), await toBody(text), { contentType: "text/plain", metadata, beforeCommit });
  await store.change(member.name, (was) => ({
    ...was,
    confirmed: Math.max(was.confirmed, number),
    raisingUntil: undefined,
  }));
  return true;
}

async function numberOn(member: ComposedProvider, key: string): Promise<number | undefined> {
  try {
    const { metadata } = await member.head(key, {});
    return Number(metadata?.["number"]) || 0;
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}

const OTHERS_MAX = 10;

/** Looks for the marks of other journals. For a member that cannot be listed, returns no ids. */
async function otherIds(member: ComposedProvider, ownKey: string): Promise<readonly string[]> {
  if (cannotList(member)) return [];
  try {
    const { objects } = await member.list({ prefix: MARK_PREFIX, limit: OTHERS_MAX });
    return objects.filter(({ key }) => key !== ownKey).map(({ key }) => key.slice(MARK_PREFIX.length));
  } catch (error) {
    if (isStorageError(error)) return [];
    throw error;
  }
}
