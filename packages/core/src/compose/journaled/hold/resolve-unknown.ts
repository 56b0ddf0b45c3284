import type { CallOptions } from "../../../contract/call-options.js";
import type { Answer } from "../../survey.js";
import { look, withAnswer } from "./ask-member.js";
import type { HeldKey } from "./held-key.js";
import { versionOf } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { calmed, committed } from "../row/row.js";
import type { Intent, KeyRow } from "../../../contract/key-row.js";

/**
 * Finds out what became of writes whose outcome is unknown. One that is found anywhere counts from now on, and is
 * never un-seen; one is forgotten when every member has answered without it, and nothing can arrive any more.
 */
export async function resolveUnknown(set: ReplicaSet, held: HeldKey, options: CallOptions): Promise<KeyRow> {
  const { row, key } = held;
  if (row.uncertain.length === 0) return calmed(row, set.journal.now());
  const answers = await Promise.all(set.members.map((member) => look(set, member, key, options)));
  const now = set.journal.now();
  const found = newestFound(row.uncertain, answers);
  const decided = found === undefined ? row : committed(row, found);
  const known = answers.reduce((next, answer) => withAnswer(next, answer, now), decided);
  const isAway = set.roster.away().some((name) => known.holds[name] !== "absent");
  return !isAway && isOver(known, answers) ? { ...known, uncertain: [] } : known;
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

/** Tells whether nothing of an unknown write is there, and nothing can come. */
function isOver({ suspects }: KeyRow, answers: readonly Answer[]): boolean {
  return Object.keys(suspects).length === 0 && answers.every(({ state }) => state !== "silent");
}
