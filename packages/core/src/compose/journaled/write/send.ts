import type { PutOptions } from "../../../contract/call-options.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { Share } from "../../../body/tee.js";
import { attemptOf } from "../../group.js";
import { assertTakes } from "../../members.js";
import { sendShare, type ShareOutcome } from "../../send-share.js";
import { storedWhole } from "../../stored-whole.js";
import { copyInside } from "./copy-inside.js";
import type { Write } from "./decide.js";

/** Sends one member its share of a put, or has the member copy what it holds already. */
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
      const info = await member.put(key, share.body, { ...call, onProgress });
      const sentBytes = share.size();
      return await storedWhole({ group: set, member, key, info, sentBytes, isHeld: true }, call);
    },
    asking: { onEvent, isFinal: true },
    onFailure: (error, milliseconds) => attempts.push(attemptOf(member, error, milliseconds)),
    onAnswer: (answer) =>
      onEvent?.({ type: "verified", operation: "put", provider: member.name, key, outcome: answer }),
  });
  if (outcome.state === "unknown") {
    onEvent?.({ type: "suspect", key, provider: member.name, milliseconds: set.settleMs });
  }
  return outcome;
}
