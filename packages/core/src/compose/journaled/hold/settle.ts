import type { CallOptions } from "../../../contract/provider.js";
import type { Answer } from "../../survey.js";
import { look } from "./ask-member.js";
import type { HeldKey } from "./held-key.js";
import { isCurrent, versionOf } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { calmed, committed, learned, type Intent, type KeyRow } from "../row/row.js";

/**
 * Finds out what became of writes whose outcome is unknown. One that is found anywhere counts from now on, and is
 * never un-seen; one is forgotten when every member has answered without it, and nothing can arrive any more.
 */
export async function settled(set: ReplicaSet, held: HeldKey, options: CallOptions): Promise<KeyRow> {
  const { row, key } = held;
  if (row.uncertain.length === 0) return calmed(row, set.journal.now());
  const answers = await Promise.all(set.members.map((member) => look(set, member, key, options)));
  const now = set.journal.now();
  const found = newestFound(row.uncertain, answers);
  const decided = found === undefined ? row : committed(row, found);
  const known = answers.reduce((next, answer) => withAnswer(next, answer, now), decided);
  return isOver(known, answers) ? { ...known, uncertain: [] } : known;
}

function newestFound(
  uncertain: readonly Intent[],
  answers: readonly Answer[],
): Pick<Intent, "version" | "sha256"> | undefined {
  const versions = new Set(
    answers.map((answer) => (answer.state === "present" ? versionOf(answer.info) : undefined)),
  );
  const intent = uncertain.findLast(({ version }) => versions.has(version));
  return intent && { version: intent.version, sha256: intent.sha256 };
}

/** The row after a member was looked at. */
export function withAnswer(row: KeyRow, answer: Answer, now: number): KeyRow {
  const { name } = answer.member;
  const { current } = row;
  if (answer.state === "silent") return row;
  if (answer.state === "absent") return learned(row, name, "absent", now);
  const isThere = current !== undefined && isCurrent(current, answer.member, answer.info);
  return learned(row, name, isThere ? current.version : "unknown", now);
}

/** Whether nothing of an unknown write is there, and nothing can come. */
function isOver({ suspects }: KeyRow, answers: readonly Answer[]): boolean {
  return Object.keys(suspects).length === 0 && answers.every(({ state }) => state !== "silent");
}
