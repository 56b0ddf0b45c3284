import { callerOf } from "../../contract/caller.js";
import { randomUUID } from "node:crypto";
import { StorageError, isBodyFailure, isStorageError, type Attempt } from "../../contract/errors.js";
import type { Body } from "../../contract/provider.js";
import { attemptOf, exhausted, reasonsOf } from "../group.js";
import { assertConditions, isSilent, putCreateOnly } from "./fallback-put.js";
import { assertTakes } from "../members.js";
import { teeBody, type Share } from "../../body/tee.js";
import { storedWhole } from "../stored-whole.js";
import { sendShare, withMemory, type ShareOutcome } from "../send-share.js";
import { survey, type Answer } from "../survey.js";
import type { ObjectCopy, ObjectInfo } from "../../contract/object.js";
import type { PutOptions } from "../../contract/call-options.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import type { Chain } from "./chain.js";

interface MirrorPut {
  readonly chain: Chain;
  readonly key: string;
  readonly options: PutOptions & { readonly writeId: string };
  readonly answers: readonly Answer[];
  readonly outcomes: ShareOutcome[];
  readonly attempts: Attempt[];
}

/**
 * Writes to all members at the same time. Before that, asks each member whether it has the key. If too few members have stored the object,
 * it is deleted again from the members that answer, because no journal could complete the write.
 *
 * @throws StorageError `AlreadyExists` if a member has the key and overwriting is refused; `Unavailable` if too few members answer;
 *   `PartialWrite` if too few members stored the object and the object cannot be deleted from one of them.
 */
export async function putOnMirror(
  chain: Chain,
  need: number,
  key: string,
  body: Body,
  given: PutOptions,
): Promise<ObjectInfo> {
  const { signal } = given;
  return await withMemory(chain, "at once", { body, signal }, () =>
    putToMembers(chain, need, key, body, given),
  );
}

async function putToMembers(
  chain: Chain,
  need: number,
  key: string,
  body: Body,
  given: PutOptions,
): Promise<ObjectInfo> {
  const options = { ...given, writeId: given.writeId ?? randomUUID() };
  const answers = await survey(chain, key, callerOf(options), "put");
  const put: MirrorPut = { chain, key, options, answers, outcomes: [], attempts: [] };
  const own = ownWrite(put);
  if (own.length >= need) return infoOf(put, own);
  if (own.length === 0) assertConditions(put);
  const takers = answers.filter((answer) => !isSilent(answer)).map(({ member }) => member);
  for (const answer of answers) {
    if (isSilent(answer)) put.attempts.push(attemptOf(answer.member, answer.error, answer.milliseconds));
  }
  if (takers.length < need) throw exhausted("put", key, put.attempts, chain);
  const { shares } = teeBody(body, takers.length, { windowBytes: chain.memory.shareBytes });
  put.outcomes.push(...(await Promise.all(takers.map((member, index) => send(put, member, shares[index])))));
  const landed = put.outcomes.flatMap((outcome) => (outcome.state === "applied" ? [outcome.info] : []));
  if (landed.length >= need) return infoOf(put, landed);
  throw await takeBack(put);
}

/** Returns the objects that an earlier try of the same write has stored. */
function ownWrite({ answers, options }: MirrorPut): readonly ObjectInfo[] {
  return answers.flatMap((answer) =>
    answer.state === "present" && answer.info.writeId === options.writeId ? [answer.info] : [],
  );
}

async function send(
  put: MirrorPut,
  member: ComposedProvider,
  share: Share | undefined,
): Promise<ShareOutcome> {
  const { chain, key, options } = put;
  if (share === undefined) throw new TypeError("The member has no share of the body");
  const { ifMatch: _ifMatch, ...plain } = options;
  return await sendShare({
    group: chain,
    member,
    key,
    share,
    options,
    put: async ({ beforeCommit }) => {
      assertTakes(member, key, share.body, options);
      const call = { ...plain, beforeCommit };
      const info = await putCreateOnly({ chain, key, options: call }, member, share.body);
      return await storedWhole(
        { group: chain, member, key, info, sentBytes: share.size(), isHeld: false },
        call,
      );
    },
    asking: { signal: undefined, onEvent: options.onEvent },
    onFailure: (error, milliseconds) => put.attempts.push(attemptOf(member, error, milliseconds)),
  });
}

/** Deletes the objects that this call has written, and returns the error for the put. */
async function takeBack(put: MirrorPut): Promise<unknown> {
  const { chain, key, options, outcomes, attempts } = put;
  const isNew = put.answers.every((answer) => answer.state === "absent" || isSilent(answer));
  let left = outcomes.some(({ state }) => state === "unknown" || state === "partial");
  for (const outcome of outcomes) {
    if (outcome.state !== "applied") continue;
    const isGone = isNew && (await removeOwn(put, outcome.member, outcome.info));
    if (!isGone) left = true;
  }
  if (options.signal?.aborted === true) return options.signal.reason;
  const error = exhausted("put", key, attempts, chain);
  const [only] = attempts.map((attempt) => attempt.error).filter(isBodyFailure);
  if (!left) return only ?? error;
  const reason = `some members may still hold the object (${reasonsOf(attempts)})`;
  return new StorageError("PartialWrite", reason, {
    operation: "put",
    provider: chain.name,
    key,
    attempts,
    cause: error,
  });
}

async function removeOwn(
  { key, options }: MirrorPut,
  member: ComposedProvider,
  info: ObjectInfo,
): Promise<boolean> {
  const { onEvent } = options;
  try {
    const found = await member.head(key, { onEvent });
    if (found.writeId !== options.writeId && found.etag !== info.etag) return true;
    const ifMatch = member.supports.conditionalDelete ? found.etag : undefined;
    await member.delete(key, { onEvent, ifMatch });
    return true;
  } catch (error) {
    return isStorageError(error, "NotFound");
  }
}

const COPY_STATES = {
  applied: "current",
  partial: "unknown",
  refused: "failed",
  unknown: "unknown",
} as const;

function infoOf(
  { chain, key, answers, outcomes, options }: MirrorPut,
  landed: readonly ObjectInfo[],
): ObjectInfo {
  const copies = chain.members.map((member): ObjectCopy => {
    const state = COPY_STATES[outcomes.find((outcome) => outcome.member === member)?.state ?? "refused"];
    return { provider: member.name, ref: member.ref(key), state };
  });
  const unconfirmed = answers
    .filter(({ member, state }) => state === "silent" || copies.some((copy) => isStale(copy, member)))
    .map(({ member }) => member.name);
  const [info] = landed;
  if (info === undefined) throw new TypeError("No member has the object of the write");
  if (unconfirmed.length === 0) return { ...info, copies };
  options.onEvent?.({ type: "unconfirmed", key, providers: unconfirmed });
  return { ...info, copies, unconfirmed };
}

function isStale({ provider, state }: ObjectCopy, { name }: ComposedProvider): boolean {
  return provider === name && state !== "current";
}
