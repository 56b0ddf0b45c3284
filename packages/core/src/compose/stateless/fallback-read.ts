import { clock } from "../../kit/clock.js";
import {
  StorageError,
  isStorageError,
  withErrorFacts,
  type Attempt,
  type Operation,
} from "../../contract/errors.js";
import type { ComposedProvider, ComposedSignedUrlOptions } from "../../contract/composed-provider.js";
import { linkFrom, type LinkVerb } from "../holder-link.js";
import { attemptOf, memberError, movesOn, reportFallback, saysAbsent } from "../group.js";
import type { CallOptions } from "../../contract/call-options.js";
import type { Chain } from "./chain.js";

/** The result of the first member that holds the key. */
export interface ChainRead<T> {
  readonly member: ComposedProvider;
  readonly result: T;
  /** The error of an earlier member that did not answer and may hold another copy. */
  readonly silent: StorageError | undefined;
}

/**
 * Reads from the first member that holds the key. Asks the members in order, starting with the member that a ref points to.
 *
 * @throws StorageError `NotFound` if every member answered `NotFound`; `Unavailable` if a member did not answer.
 */
export async function readFromChain<T>(
  chain: Chain,
  operation: Operation,
  key: string,
  options: CallOptions & { readonly ref?: string | undefined },
  read: (member: ComposedProvider) => Promise<T>,
): Promise<ChainRead<T>> {
  const attempts: Attempt[] = [];
  let silent: StorageError | undefined;
  for (const member of inOrder(chain, options.ref)) {
    const startedAt = clock.now();
    try {
      const result = await read(member);
      return { member, result, silent };
    } catch (thrown) {
      const error = memberError(thrown, member, operation, key, options);
      attempts.push(attemptOf(member, error, clock.now() - startedAt));
      if (saysAbsent(error)) continue;
      if (!movesOn(chain, error)) throw attempts.length > 1 ? withErrorFacts(error, { attempts }) : error;
      silent ??= error;
      reportFallback(chain, operation, key, member, error, options);
    }
  }
  throw nowhere(chain, operation, key, attempts, silent);
}

/** Tells whether the result may be older than the copy of a member that did not answer. */
export function mayBeStale({ overwrites }: Chain, { silent }: ChainRead<unknown>): boolean {
  return silent !== undefined && overwrites === "may-be-stale";
}

function inOrder(chain: Chain, ref: string | undefined): readonly ComposedProvider[] {
  const { members } = chain;
  const first = ownerOf(chain, ref);
  return first === undefined ? members : [first, ...members.filter((member) => member !== first)];
}

/** Returns the member that a ref points to. */
function ownerOf({ members }: Chain, ref: string | undefined): ComposedProvider | undefined {
  return ref === undefined ? undefined : members.find((member) => member.locate(ref) !== undefined);
}

function nowhere(
  chain: Chain,
  operation: Operation,
  key: string,
  attempts: readonly Attempt[],
  silent: StorageError | undefined,
): StorageError {
  if (silent === undefined) {
    const reason = "every member answered that there is no such object";
    return new StorageError("NotFound", reason, { operation, provider: chain.name, key, attempts });
  }
  const reason = `${JSON.stringify(silent.provider)} may hold the object and does not answer (${silent.reason})`;
  return new StorageError("Unavailable", reason, {
    operation,
    provider: silent.provider,
    key,
    retryable: false,
    attempts,
    cause: silent,
  });
}

/** Makes a link to the member that holds the object. */
export async function linkInChain(
  chain: Chain,
  verb: LinkVerb,
  key: string,
  options: ComposedSignedUrlOptions,
): Promise<string> {
  return await linkFrom(await linkingMember(chain, verb, key, options), verb, key, options);
}

/**
 * Returns the member that makes the link. If the member that holds the object does not answer, the member of the ref makes the link. A link
 * can be made without an answer from the store.
 */
async function linkingMember(
  chain: Chain,
  verb: LinkVerb,
  key: string,
  options: ComposedSignedUrlOptions,
): Promise<ComposedProvider> {
  const { signal, onEvent, ref } = options;
  try {
    const { member } = await readFromChain(chain, verb, key, options, (asked) =>
      asked.head(key, { signal, onEvent, ref }),
    );
    return member;
  } catch (error) {
    const owner = ownerOf(chain, ref);
    if (owner !== undefined && isStorageError(error, "Unavailable")) return owner;
    throw error;
  }
}
