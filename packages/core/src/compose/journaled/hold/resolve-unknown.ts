import type { Caller } from "../../../contract/caller.js";
import { hasSize } from "../../stored-whole.js";
import type { Answer } from "../../survey.js";
import { look, withAnswer } from "./ask-member.js";
import { clearMember } from "./clear-members.js";
import type { HeldKey } from "./held-key.js";
import { versionOf } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { calmed, committed, resolved } from "../row/row.js";
import type { Intent, KeyRow } from "../../../contract/key-row.js";

/**
 * Finds out the outcome of unknown writes. A write that is found on any member becomes decided. A write is forgotten when every
 * member has answered that it lacks the write, and no request of the write can still arrive.
 */
export async function resolveUnknown(set: ReplicaSet, held: HeldKey, options: Caller): Promise<KeyRow> {
  const { row, key } = held;
  if (row.uncertain.length === 0) return calmed(row, set.journal.now());
  const answers = await Promise.all(set.members.map((member) => look(set, member, key, options)));
  const now = set.journal.now();
  const found = newestFound(row.uncertain, answers);
  const decided = found === undefined ? row : committed(row, found);
  const known = answers.reduce((next, answer) => withAnswer(next, answer, now), decided);
  await clearCut(set, held, known, answers, options);
  const isAway = set.roster.away().some((name) => known.holds[name] !== "absent");
  return !isAway && isOver(known, answers) ? resolved(known) : known;
}

function newestFound(
  uncertain: readonly Intent[],
  answers: readonly Answer[],
): Pick<Intent, "version" | "sha256"> | undefined {
  const intent = uncertain.findLast((each) => answers.some((answer) => isCopyOf(each, answer)));
  return intent && { version: intent.version, sha256: intent.sha256 };
}

/**
 * Removes the incomplete objects of unknown writes from the members. Otherwise, these objects would later be mistaken for
 * complete ones.
 */
async function clearCut(
  set: ReplicaSet,
  held: HeldKey,
  { uncertain, suspects }: KeyRow,
  answers: readonly Answer[],
  options: Caller,
): Promise<void> {
  const isCut = (version: string | undefined): boolean =>
    uncertain.some((intent) => intent.version === version);
  const cut = answers.filter((answer) => answer.state === "present" && isCut(versionOf(answer.info)));
  if (cut.length === 0 || Object.keys(suspects).length > 0) return;
  await held.save(
    held.row,
    cut.map(({ member }) => member.name),
  );
  for (const { member } of cut) {
    await clearMember(set, member, held, options, (info) => isCut(versionOf(info)));
  }
}

/** Tells whether a member has the complete object of an unknown write. */
function isCopyOf({ version, size }: Intent, answer: Answer): boolean {
  if (answer.state !== "present" || versionOf(answer.info) !== version) return false;
  return hasSize(answer.member, answer.info, size);
}

/**
 * Tells whether the unknown writes can be forgotten: no member holds such a write, and no request of such a write can still
 * arrive.
 */
function isOver({ suspects, uncertain }: KeyRow, answers: readonly Answer[]): boolean {
  if (Object.keys(suspects).length > 0) return false;
  return answers.every((answer) => {
    if (answer.state !== "present") return answer.state === "absent";
    return uncertain.every(({ version }) => version !== versionOf(answer.info));
  });
}
