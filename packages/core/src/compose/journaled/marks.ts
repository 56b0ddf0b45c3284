import { randomUUID } from "node:crypto";
import { toBody } from "../../body/body.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { StorageError, isStorageError } from "../../contract/errors.js";
import type { JournalPart } from "../../contract/journal.js";
import { MARK_PREFIX } from "../../contract/key.js";
import { cannotList } from "../supports.js";
import { changeControl } from "./control.js";

/** The name of the control record. */
const MARKS = "marks";

/** The time between two raises of a member's mark while the composer is at work, in milliseconds. */
const RAISE_MS = 10 * 60 * 1000;

/** The time that one process has to raise a mark, in milliseconds. Then another process may raise it. */
const RAISING_MS = 10_000;

/** The mark of one member, as the journal knows it. */
interface Mark {
  /** The number that was to be written last; it may not have arrived. */
  readonly written: number;
  /** The last number that the member has confirmed. */
  readonly confirmed: number;
  /** The time until which one process has the mark for itself, in order to raise it. */
  readonly raisingUntil?: number | undefined;
  /**
   * The fate of the objects that only this member holds. It is present while the member counts as restored from a backup. A mirror ends
   * that once the member was walked and no such objects are left; other composers end it once the member was accepted.
   */
  readonly restored?: Extras | undefined;
  /** The number of objects that only this restored member holds, as far as they were counted. */
  readonly extras?: number | undefined;
}

/** The fate of the objects that only a restored member holds. */
export type Extras = "report" | "keep" | "remove";

interface MarksRecord {
  /** The id of the journal. */
  readonly id: string;
  readonly members: Readonly<Record<string, Mark>>;
}

/** The callbacks for the things that marks show. */
export interface MarkFindings {
  /** Called when the journal is older than a member: it was restored from a backup. */
  readonly onOldJournal: () => Promise<void>;
  /** Called when a member is older than the journal: it was restored from a backup. */
  readonly onOldMember: () => Promise<void>;
  /** Called when this process learns that a member was restored, even when another process has found that out. */
  readonly onNews: () => void;
  /** Runs work in the background; only closing the composer waits for it. */
  readonly inBackground: (work: Promise<void>) => void;
}

/** The marks of all members of a composer. */
export interface Marks {
  /**
   * Compares the mark of a member with the journal, and raises the mark from time to time.
   *
   * @returns `true` when this process has just learned that the member was restored from a backup.
   */
  readonly check: (member: ComposedProvider) => Promise<boolean>;
  /** Tells whether a member was checked since a time, or is being checked. */
  readonly isCheckedSince: (name: string, time: number) => boolean;
  /** Has the mark of a member compared again, because the member was away. */
  readonly doubt: (name: string) => void;
  /** Returns the fate of the objects that only this member holds; `undefined` unless the member was restored from a backup. */
  readonly restored: (name: string) => Extras | undefined;
  /** Returns the number of objects that only this restored member holds. */
  readonly extras: (name: string) => number;
  readonly countExtras: (name: string, count: number) => Promise<void>;
  /** Saves the fate of the objects that a restored member alone holds; `undefined` when the member is like the others again. */
  readonly setRestored: (name: string, extras: Extras | undefined) => Promise<void>;
  /** Returns the ids of other journals that keep objects on a member. */
  readonly others: (name: string) => readonly string[];
  /** Begins the comparison of a member's mark anew, because another disk is in the member's place. */
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
    // Read before the member is asked: its answer may be older than a number that is confirmed meanwhile.
    const { confirmed } = store.of(name);
    const found = (await numberOn(member, store.key())) ?? 0;
    const { written, restored } = store.of(name);
    if (found < confirmed && restored === undefined) {
      await store.change(name, (was) => ({ ...was, restored: "report", extras: 0 }));
      await findings.onOldMember();
    }
    if (found > written) {
      // Another process may have raised the mark between the two looks: it writes the number down before it sends it.
      await store.refresh();
      if (found > store.of(name).written) await findings.onOldJournal();
    }
    others.set(name, await otherIds(member, store.key()));
    checkedAt.set(name, startedAt);
    const raised = raise(composer, journal, store, member, found).then((isRaised) => {
      if (isRaised) return;
      // Another process was about to raise the mark, and may have died: the mark is looked at again soon.
      checkedAt.set(name, startedAt - RAISE_MS + RAISING_MS);
    });
    findings.inBackground(raised);
  };
  const check = async (member: ComposedProvider): Promise<boolean> => {
    const { name } = member;
    const wasKnown = store.of(name).restored !== undefined;
    lookedAt.set(name, Number.POSITIVE_INFINITY);
    // The record is read again: another process may have found out that the member was restored.
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

/** The record of all marks in the journal, as it was seen last. */
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
 * Raises the mark of a member. The number is written down before it is sent, and again when the member has it.
 *
 * @returns `true` when the mark was raised, and `false` when another process is raising it.
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
  // A process that was stopped must not put its number over a later one.
  const beforeCommit = (): void => {
    if (journal.now() < now + RAISING_MS) return;
    const reason = "a different process raises the mark now";
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

/** Looks for the marks of other journals. A member that cannot be listed shows none. */
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
