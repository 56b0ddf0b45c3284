import { clock } from "../kit/clock.js";
import { isStorageError, toStorageError, type StorageError } from "../contract/errors.js";
import type { ComposedHeadOptions, ComposedProvider } from "../contract/composed-provider.js";
import type { Group } from "./group.js";
import type { Caller } from "../contract/caller.js";
import type { Body } from "../contract/provider.js";
import type { Share } from "../body/tee.js";
import { hasSize } from "./stored-whole.js";
import { keptAtOnce, type Writing } from "./supports.js";
import { askMember, type Answer } from "./survey.js";
import type { PutOptions } from "../contract/call-options.js";
import type { ObjectInfo } from "../contract/object.js";

/** The outcome of one member's share of a write. */
export type ShareOutcome =
  | { readonly member: ComposedProvider; readonly state: "applied"; readonly info: ObjectInfo }
  /** `partial`: the member has applied the write, but cannot return the object now. */
  | {
      readonly member: ComposedProvider;
      readonly state: "partial" | "refused" | "unknown";
      readonly error: StorageError;
    };

/** The share of one member, with the values that are needed to send it. */
export interface ShareSending {
  readonly group: Group;
  readonly member: ComposedProvider;
  readonly key: string;
  readonly share: Share;
  readonly options: PutOptions & { readonly writeId: string };
  /** Sends the share, with these options. */
  readonly put: (options: PutOptions & { readonly writeId: string }) => Promise<ObjectInfo>;
  /** The options for asking the member about the outcome. */
  readonly asking: Caller & Pick<ComposedHeadOptions, "isFinal">;
  readonly onFailure: (error: StorageError, milliseconds: number) => void;
  readonly onAnswer?: ((outcome: "applied" | "absent" | "unknown") => void) | undefined;
}

/** Tells whether a member has exactly this write. If the size can be compared, the object must also have the expected size. */
function isWhole(
  answer: Answer,
  writeId: string,
  sentBytes: number | undefined,
): answer is Extract<Answer, { readonly state: "present" }> {
  if (answer.state !== "present" || answer.info.writeId !== writeId) return false;
  return hasSize(answer.member, answer.info, sentBytes);
}

/**
 * Waits until the composer has memory for a body and for the members' buffers. Returns a function that releases the memory. A body that is
 * already in memory needs no extra memory.
 */
export async function takeMemory(
  { memory, members }: Group,
  writing: Writing,
  { bytes, size }: Body,
  signal: AbortSignal | undefined,
): Promise<() => void> {
  if (bytes !== undefined) return () => {};
  return await memory.take(keptAtOnce(members, writing, size, memory.shareBytes), signal);
}

/**
 * Runs a put as soon as the composer has memory for its body. The put asks the members only after the wait. An earlier answer would be out
 * of date, and hundreds of waiting puts would all ask at the same time.
 */
export async function withMemory<T>(
  group: Group,
  writing: Writing,
  { body, signal }: { readonly body: Body; readonly signal: AbortSignal | undefined },
  put: () => Promise<T>,
): Promise<T> {
  const release = await takeMemory(group, writing, body, signal);
  try {
    return await put();
  } finally {
    release();
  }
}

/** Sends a share. If the outcome is unknown, asks the member whether it has this write. */
export async function sendShare(sending: ShareSending): Promise<ShareOutcome> {
  const { group, member, key, share, options, put, asking, onFailure, onAnswer } = sending;
  const startedAt = clock.now();
  let hasCommitted = false;
  const beforeCommit = (): void => {
    options.beforeCommit?.();
    hasCommitted = true;
  };
  try {
    return { member, state: "applied", info: await put({ ...options, beforeCommit }) };
  } catch (thrown) {
    const error = toStorageError(thrown, { operation: "put", provider: member.name, key });
    onFailure(error, clock.now() - startedAt);
    const wasHeldBack = member.supports.beforeCommit && !hasCommitted;
    const isKnown = (error.applied === "no" && isStorageError(thrown)) || wasHeldBack || !share.mayBeWhole();
    if (isKnown && error.applied !== "yes") return { member, state: "refused", error };
    // This write is on the member, but is incomplete.
    if (error.code === "Integrity") return { member, state: "unknown", error };
    const answer = await askMember(group, member, key, asking);
    const isThere = isWhole(answer, options.writeId, share.size());
    onAnswer?.(isThere ? "applied" : answer.state === "silent" ? "unknown" : "absent");
    if (isThere) return { member, state: "applied", info: answer.info };
    return { member, state: error.applied === "yes" ? "partial" : "unknown", error };
  } finally {
    share.leave();
  }
}
