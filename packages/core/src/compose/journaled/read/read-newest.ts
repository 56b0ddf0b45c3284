import { askMember, type Answer } from "../../survey.js";
import type { KeyRow } from "../../../contract/key-row.js";
import { newestOf, versionOf, type Copy } from "../row/identity.js";
import { awayFrom, inOrder, isUncertain, outOfReach, tryMember, type Look, type Reading } from "./look.js";

/**
 * Reads the newest version that any member holds, unless the row has a newer version. This is needed while the journal has not yet
 * seen every key, and after the journal was restored from a backup.
 */
export async function readNewest<T>(look: Look<T>, row: KeyRow | undefined): Promise<Reading<T>> {
  const answers = await askAll(look, row);
  const silent = answers.find((answer) => answer.state === "silent");
  const present = answers.flatMap((answer) => (answer.state === "present" ? [answer] : []));
  const decided = present.filter(({ info }) => row === undefined || !isUncertain(row, versionOf(info)));
  const newest = newestOf(decided);
  const error = silent?.error ?? awayFrom(look, row);
  if (newest === undefined) {
    if (present.length > 0) return { state: "undecided" };
    if (error === undefined) return { state: "absent", isFinal: false };
    return { state: "silent", error: outOfReach(look, error) };
  }
  if (isOlder(newest, row)) {
    if (row?.current?.kind === "delete") return { state: "absent", isFinal: true };
    return { state: "silent", error: outOfReach(look, silent?.error) };
  }
  const { found, error: failure } = await tryMember(look, newest.member);
  if (failure !== undefined) return { state: "silent", error: outOfReach(look, failure) };
  if (found === undefined) return { state: "undecided" };
  return { state: "found", ...found, mayBeStale: found.mayBeStale ?? error !== undefined };
}

async function askAll<T>(look: Look<T>, row: KeyRow | undefined): Promise<readonly Answer[]> {
  const { set, key, options } = look;
  const { signal, onEvent } = options;
  const isDoubtful = row?.isDoubtful === true;
  const order = inOrder(look).filter(({ name }) => isDoubtful || row?.holds[name] !== "absent");
  return await Promise.all(order.map((member) => askMember(set, member, key, { signal, onEvent })));
}

/** Tells whether the newest copy is older than the current version of the row. */
function isOlder({ info }: Copy, row: KeyRow | undefined): boolean {
  return row?.current !== undefined && (versionOf(info) ?? "") < row.current.version;
}
