import type { PutOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { Share } from "../../../body/tee.js";
import { StorageError, isStorageError } from "../../../contract/errors.js";
import type { KeyRow } from "../../../contract/key-row.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { Body } from "../../../contract/provider.js";
import { attemptOf } from "../../group.js";
import { assertTakes } from "../../members.js";
import { sendShare, type ShareOutcome } from "../../send-share.js";
import { storedWhole } from "../../stored-whole.js";
import type { HeldKey } from "../hold/held-key.js";
import type { ReplicaSet } from "../replica-set.js";
import { learned } from "../row/row.js";
import { copyInside } from "./copy-inside.js";
import type { Write } from "./decide.js";

/** Sends one member its share of a put, or makes the member copy an object that it already holds. */
export async function send(
  { set, held, options, attempts, source }: Write,
  member: ComposedProvider,
  { onProgress = options.onProgress, ...share }: Share & Pick<PutOptions, "onProgress">,
): Promise<ShareOutcome> {
  const { key } = held;
  const { onEvent } = options;
  let isInside = source?.etags.has(member.name) === true;
  const outcome = await sendShare({
    group: set,
    member,
    key,
    share: { ...share, mayBeWhole: () => isInside || share.mayBeWhole() },
    options,
    put: async (call) => {
      assertTakes(member, key, share.body, call);
      const copy = source && (await copyInside(member, source, key, call));
      if (copy !== undefined) return copy;
      isInside = false;
      const info = await putFenced(set, held, member, share.body, { ...call, onProgress });
      const sentBytes = share.size();
      return await storedWhole({ group: set, member, key, info, sentBytes, isHeld: true }, call);
    },
    asking: { signal: undefined, onEvent, isFinal: true },
    onFailure: (error, milliseconds) => attempts.push(attemptOf(member, error, milliseconds)),
    onAnswer: (answer) =>
      onEvent?.({ type: "verified", operation: "put", provider: member.name, key, outcome: answer }),
  });
  if (outcome.state === "unknown") {
    onEvent?.({ type: "suspect", key, provider: member.name, milliseconds: set.settleMs });
  }
  return outcome;
}

/**
 * Puts an object on a member. If the row says that the member holds nothing, and the member supports the condition, the put is
 * create-only. If this process is suspended just before the request, its late put then cannot replace a newer object.
 *
 * @throws StorageError `Unavailable` if an object was written past the composer and the body cannot be sent again.
 */
async function putFenced(
  set: ReplicaSet,
  held: HeldKey,
  member: ComposedProvider,
  body: Body,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { key } = held;
  if (!isKnownEmpty(held.row, member)) return await member.put(key, body, options);
  try {
    return await member.put(key, body, { ...options, ifNoneMatch: "*" });
  } catch (error) {
    if (!isStorageError(error, "AlreadyExists")) throw error;
    held.assertHeld();
    held.row = learned(held.row, member.name, "unknown", set.journal.now());
    if (body.bytes !== undefined || body.path !== undefined) return await member.put(key, body, options);
    const reason = "the member holds an object that was not written through this composer; try again";
    const facts = { operation: "put", provider: member.name, key, applied: "no", retryable: true } as const;
    throw new StorageError("Unavailable", reason, facts);
  }
}

/**
 * Tells whether a put can be create-only: the row says that the member holds nothing, and the member supports such
 * puts.
 */
function isKnownEmpty({ holds, external }: KeyRow, { name, supports }: ComposedProvider): boolean {
  return (
    holds[name] === "absent" &&
    external === undefined &&
    supports.ifNoneMatch &&
    supports.ifNoneMatchOnMultipart
  );
}
