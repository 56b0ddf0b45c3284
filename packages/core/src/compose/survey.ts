import { clock } from "../kit/clock.js";
import { withErrorFacts, type StorageError } from "../contract/errors.js";
import type { ComposedHeadOptions, ComposedProvider } from "../contract/composed-provider.js";
import { ask, memberError, saysAbsent, type Group } from "./group.js";
import type { Caller } from "../contract/caller.js";
import type { ObjectInfo } from "../contract/object.js";

/** A member's answer to the question whether it holds a key. */
export type Answer =
  | { readonly member: ComposedProvider; readonly state: "present"; readonly info: ObjectInfo }
  | { readonly member: ComposedProvider; readonly state: "absent" }
  | Silent;

/** A member that did not answer. */
export interface Silent {
  readonly member: ComposedProvider;
  readonly state: "silent";
  readonly error: StorageError;
  readonly milliseconds: number;
}

/**
 * Asks every member at the same time whether it holds the key.
 *
 * @param operation - The operation of the caller. The errors of members that do not answer name this operation.
 */
export async function survey(
  chain: Group,
  key: string,
  options: Caller,
  operation: "put" | "copy",
): Promise<readonly Answer[]> {
  const answers = await Promise.all(chain.members.map((member) => askMember(chain, member, key, options)));
  return answers.map((answer) =>
    answer.state === "silent" ? { ...answer, error: withErrorFacts(answer.error, { operation }) } : answer,
  );
}

export async function askMember(
  chain: Group,
  member: ComposedProvider,
  key: string,
  options: Caller & Pick<ComposedHeadOptions, "isFinal">,
): Promise<Answer> {
  const { signal, onEvent, isFinal } = options;
  const startedAt = clock.now();
  try {
    const info = await ask(chain, member, key, { signal, onEvent }, (call) =>
      member.head(key, { ...call, isFinal }),
    );
    return { member, state: "present", info };
  } catch (thrown) {
    const error = memberError(thrown, member, "head", key, options);
    if (saysAbsent(error)) return { member, state: "absent" };
    return { member, state: "silent", error, milliseconds: clock.now() - startedAt };
  }
}
