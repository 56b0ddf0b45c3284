import { clock } from "../../kit/clock.js";
import { StorageError, isStorageError, type Attempt } from "../../contract/errors.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { ask, attemptOf, mayHold, memberError, movesOn, saysAbsent } from "../group.js";
import { readFromChain } from "./fallback-read.js";
import type { DeleteOptions } from "../../contract/call-options.js";
import type { Chain } from "./chain.js";
import { etagProblem } from "../../kit/etag-problem.js";

/**
 * Deletes the key from every member, starting with the last member. The copy that reads find first is thus deleted
 * last. If an earlier delete fails, reads still find this copy, and never an older copy.
 *
 * @throws StorageError with the code of the first failure; `Unavailable` if a member did not answer.
 */
export async function deleteFromChain(chain: Chain, key: string, options: DeleteOptions): Promise<void> {
  const { signal, onEvent, ifMatch, beforeCommit } = options;
  const call = { signal, onEvent, beforeCommit };
  const holder = ifMatch === undefined ? undefined : await holderOf(chain, key, options, ifMatch);
  if (ifMatch !== undefined && holder === undefined) return;
  const attempts: Attempt[] = [];
  for (const member of chain.members.toReversed()) {
    const startedAt = clock.now();
    try {
      await member.delete(key, member === holder ? { ...call, ifMatch } : call);
    } catch (thrown) {
      const error = memberError(thrown, member, "delete", key, options);
      if (await isAbsent(chain, member, key, error, options)) continue;
      attempts.push(attemptOf(member, error, clock.now() - startedAt));
      throw unconfirmed(chain, key, error, attempts, member !== chain.members.at(-1));
    }
  }
}

/**
 * Deletes only the copy that a ref points to, and does not wait for other members. If no member owns the ref, deletes the key from every
 * member.
 */
export async function deleteAtRef(
  chain: Chain,
  key: string,
  ref: string,
  options: DeleteOptions,
): Promise<void> {
  const owner = chain.members.find((member) => member.locate(ref) !== undefined);
  if (owner === undefined) return await deleteFromChain(chain, key, options);
  await owner.delete(key, { ...options, ref });
  const providers = chain.members.filter((member) => member !== owner).map(({ name }) => name);
  options.onEvent?.({ type: "unconfirmed", key, providers });
}

/**
 * Tells whether a member lacks the key after the delete on this member has failed. A member that cannot delete is asked
 * for the key, because it may be read-only or unable to hold the key at all.
 */
async function isAbsent(
  chain: Chain,
  member: ComposedProvider,
  key: string,
  error: StorageError,
  { signal, onEvent }: DeleteOptions,
): Promise<boolean> {
  if (error.code !== "Unsupported") return error.code === "NotFound";
  try {
    await ask(chain, member, key, { signal, onEvent }, (call) => member.head(key, call));
    return false;
  } catch (thrown) {
    return saysAbsent(memberError(thrown, member, "head", key, { signal }));
  }
}

async function holderOf(
  chain: Chain,
  key: string,
  options: DeleteOptions,
  ifMatch: string,
): Promise<Chain["members"][number] | undefined> {
  const { signal, onEvent } = options;
  try {
    const found = await readFromChain(chain, "head", key, options, (member) =>
      member.head(key, { signal, onEvent }),
    );
    if (found.silent !== undefined) throw mayHold(found.silent, "delete", key);
    if (found.result.etag === ifMatch) return found.member;
    throw new StorageError("PreconditionFailed", etagProblem(found.result.etag, ifMatch), {
      operation: "delete",
      provider: found.result.provider,
      key,
    });
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}

function unconfirmed(
  chain: Chain,
  key: string,
  error: StorageError,
  attempts: readonly Attempt[],
  begun: boolean,
): StorageError {
  const reason = `${JSON.stringify(error.provider)} did not confirm the delete (${error.reason}); repeat the delete later`;
  return new StorageError(
    movesOn(chain, error) && error.code !== "Unsupported" ? "Unavailable" : error.code,
    reason,
    {
      operation: "delete",
      provider: error.provider,
      key,
      retryable: false,
      applied: begun || error.applied === "unknown" ? "unknown" : "no",
      attempts,
      cause: error,
    },
  );
}
