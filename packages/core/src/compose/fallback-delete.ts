import { StorageError, type Attempt } from "../errors.js";
import type { DeleteOptions } from "../provider.js";
import { memberError, movesOn, reportFallback, saysAbsent, type Chain } from "./chain.js";
import { readFromChain } from "./fallback-read.js";

/**
 * Deletes the key from every member, the last first: when a member does not confirm, the copy that reads
 * find first is still there, and no older one has come to light.
 *
 * @throws StorageError with the first failure's code; `Unavailable` when a member did not answer.
 */
export async function deleteFromChain(chain: Chain, key: string, options: DeleteOptions): Promise<void> {
  const { signal, onEvent, ifMatch } = options;
  const holder = ifMatch === undefined ? undefined : await holderOf(chain, key, options, ifMatch);
  if (ifMatch !== undefined && holder === undefined) return;
  const attempts: Attempt[] = [];
  for (const member of chain.members.toReversed()) {
    const startedAt = performance.now();
    try {
      await member.delete(key, member === holder ? { signal, onEvent, ifMatch } : { signal, onEvent });
    } catch (thrown) {
      const error = memberError(thrown, member, "delete", key, options);
      if (saysAbsent(error) && error.code === "NotFound") continue;
      attempts.push({ provider: error.provider, error, milliseconds: performance.now() - startedAt });
      if (movesOn(chain, error)) reportFallback(chain, "delete", key, member, error, options);
      throw unconfirmed(chain, key, error, attempts, member !== chain.members.at(-1));
    }
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
    if (found.result.etag === ifMatch) return found.member;
    throw new StorageError("PreconditionFailed", `the object's ETag is ${found.result.etag}, not ${ifMatch}`, {
      operation: "delete",
      provider: found.member.name,
      key,
    });
  } catch (error) {
    if ((error as StorageError).code === "NotFound") return undefined;
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
  const reason = `${JSON.stringify(error.provider)} did not confirm (${error.reason}); delete again when it does`;
  return new StorageError(movesOn(chain, error) && error.code !== "Unsupported" ? "Unavailable" : error.code, reason, {
    operation: "delete",
    provider: error.provider,
    key,
    retryable: false,
    applied: begun || error.applied === "unknown" ? "unknown" : "no",
    attempts,
    cause: error,
  });
}
