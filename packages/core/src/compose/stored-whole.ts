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
  /** The number of bytes that were sent; `undefined` when they were not counted. */
  readonly sentBytes: number | undefined;
  /** True while the caller holds the key. Then a delete without a condition removes no object of another call. */
  readonly isHeld: boolean;
}

/** Tells whether the size that a member gives for an object is the expected one, as far as that can be told. */
export function hasSize(
  { supports }: ComposedProvider,
  info: Pick<ObjectInfo, "size">,
  bytes: number | undefined,
): boolean {
  return bytes === undefined || info.size === bytes || !supports.byteExact;
}

/**
 * Checks that a member says it has stored as many bytes as it was sent. An object of another size is removed.
 *
 * @throws StorageError `Integrity`, with `applied: "no"` when the wrong object is gone again.
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
