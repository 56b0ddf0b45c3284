import { delay } from "../../kit/abort.js";
import { StorageError } from "../../contract/errors.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import type { ObjectInfo } from "../../contract/object.js";
import { askMember } from "../survey.js";
import { clearCopy, holds, type ChainPut } from "./chain-put.js";

/**
 * The pauses between the checks, in milliseconds. Of two writers, only the writer on the earlier member waits and
 * checks again. During the pauses the writer on the later member withdraws, if its put has not yet succeeded.
 */
const PAUSES_MS: readonly number[] = [20, 50, 100, 200, 400];

/**
 * Checks, after a create-only put, that no other writer has stored the key on a different member in the meantime. This
 * can happen if the first member has refused one of two writers. Each writer checks after it has written, so at most
 * one writer succeeds. If two writers find each other's object, the writer on the later member withdraws.
 *
 * @throws StorageError `AlreadyExists` if another writer has won. The object of this call is then removed if possible.
 */
export async function assertAlone(put: ChainPut, info: ObjectInfo): Promise<void> {
  const { chain, key, options } = put;
  const at = chain.members.findIndex((member) => holds(member, info));
  let winner = await otherHolder(put, info);
  for (const pauseMs of PAUSES_MS) {
    if (winner === undefined || chain.members.indexOf(winner) < at) break;
    await delay(pauseMs, options.signal);
    winner = await otherHolder(put, info);
  }
  if (winner === undefined) return;
  const own = chain.members[at];
  const isGone = own !== undefined && (await clearCopy(put, own, info));
  const left = isGone ? "" : `; a copy from this put remains on ${JSON.stringify(info.provider)}`;
  throw new StorageError("AlreadyExists", `a different put created the object at the same time${left}`, {
    operation: "put",
    provider: winner.name,
    key,
    applied: isGone ? "no" : "unknown",
  });
}

/** Returns the first other member that has an object from another writer. */
async function otherHolder(
  { chain, key, options: { signal, onEvent, writeId } }: ChainPut,
  info: ObjectInfo,
): Promise<ComposedProvider | undefined> {
  const others = chain.members.filter((member) => !holds(member, info));
  const answers = await Promise.all(
    others.map((member) => askMember(chain, member, key, { signal, onEvent })),
  );
  return answers.find((answer) => answer.state === "present" && answer.info.writeId !== writeId)?.member;
}
