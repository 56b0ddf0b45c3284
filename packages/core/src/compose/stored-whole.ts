import { callerOf } from "../contract/caller.js";
import type { WriteOptions } from "../contract/call-options.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import { StorageError } from "../contract/errors.js";
import type { ObjectInfo } from "../contract/object.js";
import { deleteFrom, type Group } from "./group.js";

/** The answer of a member to a put, and the number of bytes that were sent to it. */
interface Stored {
  readonly group: Group;
  readonly member: ComposedProvider;
  readonly key: string;
  readonly info: ObjectInfo;
  /** The number of bytes that were sent; `undefined` if they were not counted. */
  readonly sentBytes: number | undefined;
  /** True while the caller holds the key. A delete without a condition then cannot remove another call's object. */
  readonly isHeld: boolean;
}

/** Tells whether a member reports the expected size for an object, if the size can be compared. */
export function hasSize(
  { supports }: ComposedProvider,
  info: Pick<ObjectInfo, "size">,
  bytes: number | undefined,
): boolean {
  return bytes === undefined || info.size === bytes || !supports.byteExact;
}

/**
 * Checks that a member reports as many stored bytes as were sent to it. An object with a different size is removed.
 *
 * @throws StorageError `Integrity`, with `applied: "no"` if the wrong object was removed.
 */
export async function storedWhole(
  stored: Stored,
  { onEvent, beforeCommit }: WriteOptions,
): Promise<ObjectInfo> {
  const { member, key, info, sentBytes } = stored;
  if (hasSize(member, info, sentBytes)) return info;
  const isGone = await remove(stored, { onEvent, beforeCommit }).catch(() => false);
  const reason = `the member reports ${info.size} stored bytes instead of ${sentBytes}${isGone ? "; the object was removed" : ""}`;
  throw new StorageError("Integrity", reason, {
    operation: "put",
    provider: member.name,
    key,
    applied: isGone ? "no" : "unknown",
    retryable: false,
  });
}

async function remove({ group, member, key, info, isHeld }: Stored, options: WriteOptions): Promise<boolean> {
  const isConditional = member.supports.conditionalDelete && info.etag !== undefined;
  if (!isConditional && !isHeld) return false;
  await deleteFrom(group, member, key, info.etag, {
    ...callerOf(options),
    beforeCommit: options.beforeCommit,
  });
  return true;
}
