import type { Attempt } from "../../contract/errors.js";
import type { PutOptions } from "../../contract/call-options.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import type { ObjectInfo } from "../../contract/object.js";
import { deleteFrom } from "../group.js";
import type { Answer } from "../survey.js";
import type { Chain } from "./chain.js";

/** The state of one put that tries the members of a chain in turn. */
export interface ChainPut {
  readonly chain: Chain;
  readonly key: string;
  readonly options: PutOptions & { readonly writeId: string };
  readonly answers: readonly Answer[];
  readonly attempts: Attempt[];
  /**
   * The names of the members that may hold another copy, because they could not be asked or their copy could not be
   * deleted.
   */
  readonly unconfirmed: Set<string>;
}

/** Tells whether the given object is stored on this member. */
export function holds(member: ComposedProvider, info: ObjectInfo): boolean {
  return member.name === info.provider || member.locate(info.ref) !== undefined;
}

/** Deletes an older copy from a member, if the copy has not been replaced since. Returns `true` if the copy is gone. */
export async function clearCopy(
  { chain, key, options }: ChainPut,
  member: ComposedProvider,
  old: ObjectInfo,
): Promise<boolean> {
  if (!member.supports.conditionalDelete || old.etag === undefined) return false;
  const { signal, onEvent, beforeCommit } = options;
  try {
    await deleteFrom(chain, member, key, old.etag, { signal, onEvent, beforeCommit });
    return true;
  } catch {
    return false;
  }
}
