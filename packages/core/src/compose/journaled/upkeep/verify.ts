import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { StorageError } from "../../../contract/errors.js";
import type { JournalEntry } from "../../../contract/journal.js";
import type { KeyRow } from "../../../contract/key-row.js";
import type { Verified, VerifyCall } from "../../../contract/upkeep.js";
import { concurrently } from "../../../kit/concurrently.js";
import { namesOf } from "../../group.js";
import { cannotList } from "../../supports.js";
import { hasSize } from "../../stored-whole.js";
import type { Answer } from "../../survey.js";
import { look } from "../hold/ask-member.js";
import { targetsOf } from "../hold/targets.js";
import { isBelieved, rowOfCopies } from "../hold/find-row.js";
import { assertNoneAway, type ReplicaSet } from "../replica-set.js";
import { hasGivenVersion, newestOf, versionOf, type Copy } from "../row/identity.js";
import { isBuried, newRow } from "../row/row.js";
import { adoptKeyOf } from "./adopt.js";
import { quarantine } from "./quarantine.js";
import { walkedPage } from "./walked-page.js";
import { bytesFaults, type Checked, type Fault } from "./verify-bytes.js";

const KEYS_AT_ONCE = 4;
/** The maximum number of checks of one key, if the key is written during each check. */
const ROUNDS_MAX = 3;

/**
 * Asks every member about every key that any member lists, and reports each fault once. Skips keys in transition,
 * because repair works on them. With `mend`, a key with a fault is put in transition, so that repair fixes the fault.
 *
 * @throws StorageError `Unavailable` if a member cannot be listed, or if a member that may hold objects is no longer configured.
 */
export async function verifySet(set: ReplicaSet, call: VerifyCall): Promise<Verified> {
  const { signal, onEvent, prefix } = call;
  let objects = 0;
  let pending = 0;
  let after: string | undefined;
  do {
    // Another process may have changed the placement of keys.
    await set.refresh({ signal: undefined, onEvent });
    assertNoneAway(set, "verify");
    assertListable(set);
    const page = await walkedPage(set.name, set.members, { signal, prefix, after });
    await concurrently(
      page.objects.map(({ key }) => key),
      KEYS_AT_ONCE,
      async (key) => {
        signal?.throwIfAborted();
        objects++;
        if (!(await verifyKey(set, key, call))) pending++;
      },
    );
    after = page.cursor === undefined ? undefined : page.end;
  } while (after !== undefined);
  return { objects, pending };
}

/** @throws StorageError `Unavailable` if a member cannot be listed and may hold objects that no other member holds. */
function assertListable({ members, placement }: ReplicaSet): void {
  const unlistable = members.filter(cannotList);
  const [first] = unlistable;
  if (first === undefined || (placement.hasCopies && unlistable.length < members.length)) return;
  const reason = "the member cannot be listed, so verify cannot find objects that only this member holds";
  const facts = { operation: "verify", provider: first.name, retryable: false } as const;
  throw new StorageError("Unavailable", reason, facts);
}

/**
 * Checks one key, and reports its faults.
 *
 * @returns `false` if the key cannot be checked, because it is in transition or is being written.
 */
async function verifyKey(set: ReplicaSet, key: string, call: VerifyCall): Promise<boolean> {
  const { mend, onFinding } = call;
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const entry = await set.journal.read(key);
    if (entry.row !== undefined && entry.row.isKept !== true) return false;
    const answers = await lookAll(set, key, call);
    const checked: Checked = { set, key, answers, call };
    const faults = await faultsOf(checked, entry);
    if (faults.length === 0) return true;
    if (!(await isUnwritten(checked, entry))) continue;
    for (const { kind, provider, reason } of faults) onFinding({ kind, key, provider, reason });
    if (mend) await mendKey(checked, faults);
    return true;
  }
  return false;
}

/**
 * Tells whether the key was not written during the check. During a write, one member may already have the new object while another does
 * not. If a key has no row, its revision may also change because of other keys. In that case the members are asked again.
 */
async function isUnwritten({ set, key, answers, call }: Checked, before: JournalEntry): Promise<boolean> {
  const now = await set.journal.read(key);
  if (now.revision === before.revision) return true;
  if (now.row !== undefined || before.row !== undefined) return false;
  const again = await lookAll(set, key, call);
  return answers.every((answer) => again.some((other) => isSameAnswer(answer, other)));
}

function isSameAnswer(a: Answer, b: Answer): boolean {
  if (a.member !== b.member) return false;
  if (a.state !== "present" || b.state !== "present") return a.state === b.state;
  return a.info.etag === b.info.etag && a.info.writeId === b.info.writeId && a.info.size === b.info.size;
}

/** Asks every member, in reading order. Among copies that are equally new, the first one counts, as in repair. */
async function lookAll(set: ReplicaSet, key: string, { onEvent }: VerifyCall): Promise<readonly Answer[]> {
  const order = set.placement.readOrder(key);
  return await Promise.all(order.map((member) => look(set, member, key, { onEvent })));
}

async function faultsOf(checked: Checked, { row }: JournalEntry): Promise<readonly Fault[]> {
  const { set, key, answers } = checked;
  const silent = answers.flatMap((answer): readonly Fault[] =>
    answer.state === "silent"
      ? [{ kind: "unverifiable", provider: answer.member.name, reason: answer.error.reason }]
      : [],
  );
  const copies = answers.flatMap((answer): readonly Copy[] => (answer.state === "present" ? [answer] : []));
  const buried = copies.filter(({ info }) => row !== undefined && isBuried(row, versionOf(info)));
  const extras = buried.map(({ member }) =>
    extra(member, "the object was deleted, or replaced by a newer one"),
  );
  const decided = copies.filter((copy) => !buried.includes(copy));
  const current = newestOf(decided.filter((copy) => isBelieved(set, copy)));
  if (current === undefined) {
    const reason = "only members that were restored from a backup hold the object";
    return [
      ...silent,
      ...extras,
      ...decided.map(({ member }) => ({ ...extra(member, reason), isCounted: true })),
    ];
  }
  const same = decided.filter((copy) => isSame(copy, current));
  const targets = targetsOf(set, key, rowOf(checked, current, same));
  const others = answers.flatMap((answer) => placeFault(answer, current, targets, buried) ?? []);
  return [...silent, ...extras, ...others, ...(await bytesFaults(checked, same))];
}

/**
 * Tells whether a copy is the current object, judged by its facts alone. An object without a version may count as the
 * current object too, because the current copy may have been made from that object.
 */
function isSame({ member, info }: Copy, current: Copy): boolean {
  const version = versionOf(info);
  if (version === versionOf(current.info)) return true;
  if (version !== undefined || !hasGivenVersion(current.info)) return false;
  return !current.member.supports.byteExact || hasSize(member, info, current.info.size);
}

/** Returns the row that repair would make from the copies that were found. */
function rowOf({ set, answers }: Checked, current: Copy, same: readonly Copy[]): KeyRow {
  const row = rowOfCopies(newRow(set.journal.now()), current, same, answers);
  const refusing = answers.filter(({ member, state }) => state === "absent" && !mayTake(member, current));
  return { ...row, cannotHold: namesOf(refusing.map(({ member }) => member)) };
}

/** Tells whether an object is within the limits that a member states. */
function mayTake({ supports }: ComposedProvider, { member, info: { key, size } }: Copy): boolean {
  if (Buffer.byteLength(key) > supports.keyBytesMax) return false;
  if (!member.supports.byteExact) return true;
  return size === 0 ? supports.emptyObject : size <= supports.objectBytesMax;
}

function extra({ name }: ComposedProvider, reason: string): Fault {
  return { kind: "extra", provider: name, reason };
}

/**
 * Returns the fault of one member that lacks the object, should not have it, or has a different version; `undefined` if there is no fault.
 */
function placeFault(
  answer: Answer,
  current: Copy,
  targets: readonly string[],
  buried: readonly Copy[],
): Fault | undefined {
  const { member, state } = answer;
  const { name } = member;
  const isTarget = targets.includes(name);
  if (state === "absent" && isTarget)
    return { kind: "missing", provider: name, reason: "the member does not hold the object" };
  if (state !== "present" || buried.some((copy) => copy.member === member)) return undefined;
  if (!isTarget) return extra(member, "the object belongs on other members");
  if (isSame(answer, current)) return undefined;
  return { kind: "different", provider: name, reason: "the member holds a different version" };
}

function isMisplaced({ kind, wrongEtag, isCounted }: Fault): boolean {
  return kind !== "unverifiable" && wrongEtag === undefined && isCounted !== true;
}

/** Puts a key in transition, so that repair fixes its faults. If another call writes the key, the key is left to that call. */
async function mendKey({ set, key, call }: Checked, faults: readonly Fault[]): Promise<void> {
  const { signal, onEvent } = call;
  const options = { signal, onEvent, waitMs: 0 };
  try {
    const members = new Map(set.members.map((member) => [member.name, member]));
    for (const { provider, wrongEtag } of faults) {
      const member = members.get(provider);
      if (wrongEtag !== undefined && member !== undefined)
        await quarantine(set, key, member, wrongEtag, options);
    }
    if (faults.some(isMisplaced)) await adoptKeyOf(set, key, options);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof StorageError)) throw error;
  }
}
