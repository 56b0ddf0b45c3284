import type { ComposedHeadOptions, ComposedProvider } from "../../../contract/composed-provider.js";
import { StorageError } from "../../../contract/errors.js";
import type { Committed, KeyRow } from "../../../contract/key-row.js";
import { askMember } from "../../survey.js";
import { isOneEnough, type ReplicaSet } from "../replica-set.js";
import { isCurrent, versionOf } from "../row/identity.js";
import { isBuried } from "../row/row.js";
import { isTrusted } from "./inventory.js";
import {
  awayFrom,
  inOrder,
  isUncertain,
  outOfReach,
  readOrder,
  tryMember,
  type Look,
  type Reader,
  type Reading,
} from "./look.js";
import { readNewest } from "./read-newest.js";

/**
 * Asks the members once. The row of the key decides which members are asked.
 *
 * @param wasTrusted - True if a missing row proved that all members agree when the row was read. Trust that has come
 *   since then says nothing about a row that was read before.
 */
export async function readOnce<T>(
  set: ReplicaSet,
  row: KeyRow | undefined,
  wasTrusted: boolean,
  key: string,
  options: ComposedHeadOptions,
  reader: Reader<T>,
): Promise<Reading<T>> {
  const look: Look<T> = { set, key, options, reader, attempts: [] };
  if (row?.isDoubtful === true) return await readNewest(look, row);
  if (row?.isKept === true) return await readKept(look, row, wasTrusted);
  if (row?.current?.kind === "delete") return { state: "absent", isFinal: true };
  if (row?.current !== undefined) return await readCurrent(look, row, row.current);
  const trusted = wasTrusted && (await isTrusted(set));
  return trusted ? await readBase(look, row) : await readNewest(look, row);
}

/** Reads a key for which nothing is left to do, and ignores copies that are older than the key's row. */
async function readKept<T>(look: Look<T>, row: KeyRow, wasTrusted: boolean): Promise<Reading<T>> {
  const { set, key, options } = look;
  const isTrue = wasTrusted && (await isTrusted(set));
  let hasOld = false;
  const reader: Reader<T> = {
    ...look.reader,
    read: async (member, signal) => {
      const result = await look.reader.read(member, signal);
      if (!isBuried(row, versionOf(look.reader.infoOf(result)))) return result;
      look.reader.discard(result);
      hasOld = true;
      options.onEvent?.({ type: "stale", provider: member.name, key });
      const reason = "the copy is older than the version in the journal";
      throw new StorageError("NotFound", reason, {
        operation: look.reader.operation,
        provider: member.name,
        key,
      });
    },
  };
  const reading = isTrue
    ? await readBase({ ...look, reader }, undefined)
    : await readNewest({ ...look, reader }, row);
  if (hasOld) set.lookAgain(key, options.onEvent);
  return reading;
}

/** Reads the current version of a key from a member that holds it. Members whose holdings are unknown are asked last. */
async function readCurrent<T>(look: Look<T>, row: KeyRow, current: Committed): Promise<Reading<T>> {
  const { key, reader, options } = look;
  const order = readOrder(look);
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
  silent ??= awayFrom(look, row, current.version);
  return { state: "silent", error: outOfReach(look, silent) };
}

/** Reads the object that the members held before the row was created. If there is no row, reads the object that the members hold now. */
async function readBase<T>(look: Look<T>, row: KeyRow | undefined): Promise<Reading<T>> {
  const { reader } = look;
  // True if one member can answer for all members.
  const oneIsEnough = isOneEnough(look.set);
  let silent: StorageError | undefined;
  let isOpen = false;
  const order = inOrder(look);
  for (const [index, member] of order.entries()) {
    if (row?.holds[member.name] === "absent") continue;
    // Two members are read in a race only if they are alike, because then both answers are valid.
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
    else if (oneIsEnough && !isNoProof(look.set, row, member))
      return await confirmAbsent(look, row, order, index);
  }
  return isOpen ? { state: "undecided" } : nothingFound(look, silent ?? awayFrom(look, row));
}

function nothingFound<T>(look: Look<T>, silent: StorageError | undefined): Reading<T> {
  if (silent === undefined) return { state: "absent", isFinal: false };
  return { state: "silent", error: outOfReach(look, silent) };
}

/**
 * Asks the other members of a settled key for an object that one member lacks. Another member may have the object, for
 * example after a file was removed by hand. The first member that has the object serves it, and repair checks the key
 * again. If no member that answers has the object, the key counts as absent. The read fails if a member has the object
 * but cannot be read.
 */
async function confirmAbsent<T>(
  look: Look<T>,
  row: KeyRow | undefined,
  order: readonly ComposedProvider[],
  lacking: number,
): Promise<Reading<T>> {
  if (row !== undefined) return { state: "absent", isFinal: true };
  const { set, key, options } = look;
  const { signal, onEvent } = options;
  // The members before this member in the order did not answer.
  const others = order.slice(lacking + 1);
  const answers = await Promise.all(others.map((member) => askMember(set, member, key, { signal, onEvent })));
  let unread: StorageError | undefined;
  for (const answer of answers) {
    if (answer.state !== "present") continue;
    // The row may name a write that is newer than this copy. The copy is then not served, and the next member is tried.
    const { found, error } = await tryMember(look, answer.member);
    unread ??= error;
    if (found === undefined) continue;
    set.lookAgain(key, onEvent);
    return { state: "found", ...found };
  }
  if (unread !== undefined) return { state: "silent", error: outOfReach(look, unread) };
  const silent = [
    ...order.slice(0, lacking).map(({ name }) => name),
    ...answers.flatMap(({ member, state }) => (state === "silent" ? [member.name] : [])),
    ...set.roster.away(),
  ];
  return { state: "absent", isFinal: true, ...(silent.length > 0 && { unconfirmed: silent }) };
}

/**
 * Tells whether the absence of an object on this member proves nothing about the other members. This is true if an undecided write was sent
 * to the member, or if the member is retiring.
 */
function isNoProof(set: ReplicaSet, row: KeyRow | undefined, { name }: ComposedProvider): boolean {
  // A member that is retiring may have been emptied.
  if (set.retiring.includes(name)) return true;
  if (row === undefined) return false;
  return row.holds[name] !== undefined || row.lease?.sending.includes(name) === true;
}
