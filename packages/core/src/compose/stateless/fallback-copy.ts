import { callerOf } from "../../contract/caller.js";
import { copyThrough } from "../../body/copy-through.js";
import { StorageError } from "../../contract/errors.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { memberError, movesOn, reportFallback } from "../group.js";
import { readFromChain } from "./fallback-read.js";
import { survey } from "../survey.js";
import type { CopyOptions } from "../../contract/call-options.js";
import type { ObjectInfo } from "../../contract/object.js";
import type { Chain } from "./chain.js";

/** The destination of a copy. */
export interface CopyTarget {
  /** The member that a new object would go to; `undefined` for a mirror, which writes to every member. */
  readonly home: ComposedProvider | undefined;
  readonly put: ComposedProvider["put"];
}

/**
 * Copies an object. If no member has the new key, and a new object would go to the member that holds the source, that member copies the
 * object internally. Otherwise the bytes go through this process, like a put.
 */
export async function copyInChain(
  chain: Chain,
  from: string,
  to: string,
  options: CopyOptions,
  target: CopyTarget,
): Promise<ObjectInfo> {
  const { signal, onEvent } = options;
  const { member, result } = await readFromChain(chain, "copy", from, options, (asked) =>
    asked.head(from, { signal, onEvent }),
  );
  if (from === to && chain.overwrites === "refuse") {
    throw new StorageError("AlreadyExists", "the source and the target are the same key", {
      operation: "copy",
      provider: result.provider,
      key: to,
    });
  }
  if (member === target.home && (await isFree(chain, to, options, member))) {
    const info = await copyInside(chain, member, from, to, options);
    if (info !== undefined) return info;
  }
  return await copyThrough(member, asTarget(chain, member, target), from, to, options);
}

async function isFree(
  chain: Chain,
  to: string,
  options: CopyOptions,
  member: ComposedProvider,
): Promise<boolean> {
  if (member.copy === undefined || !member.supports.ifNoneMatch) return false;
  const answers = await survey(chain, to, callerOf(options), "copy");
  return answers.every(({ state }) => state === "absent");
}

/**
 * Copies within one member. If the member cannot make the copy and has changed nothing, returns `undefined`. A
 * different member may then store the copy.
 */
async function copyInside(
  chain: Chain,
  member: ComposedProvider,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo | undefined> {
  try {
    return await member.copy?.(from, to, { ...options, ifNoneMatch: "*" });
  } catch (thrown) {
    const error = memberError(thrown, member, "copy", to, options);
    if (!movesOn(chain, error) || error.applied !== "no") throw error;
    reportFallback(chain, "copy", to, member, error, options);
    return undefined;
  }
}

/** Returns the chain as a provider, with the parts that `copyThrough` needs. */
function asTarget({ name }: Chain, source: ComposedProvider, { put }: CopyTarget): ComposedProvider {
  return { ...source, name, put };
}
