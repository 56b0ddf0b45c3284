import { callerOf } from "../../contract/caller.js";
import { clock } from "../../kit/clock.js";
import { randomUUID } from "node:crypto";
import { StorageError, isStorageError, withErrorFacts } from "../../contract/errors.js";
import { describeProvider } from "../../wrap/intercept.js";
import { isComposer } from "../../wrap/policies.js";
import type { Body } from "../../contract/provider.js";
import { replayable } from "../../body/replayable.js";
import { ask, attemptOf, exhausted, mayHold, memberError, movesOn, reportFallback } from "../group.js";
import { assertTakes } from "../members.js";
import { survey, type Answer, type Silent } from "../survey.js";
import type { ObjectInfo } from "../../contract/object.js";
import { withMemory } from "../send-share.js";
import { storedWhole } from "../stored-whole.js";
import type { PutOptions } from "../../contract/call-options.js";
import type { ComposedProvider } from "../../contract/composed-provider.js";
import { assertAlone } from "./assert-alone.js";
import type { Chain } from "./chain.js";
import { clearCopy, holds, type ChainPut } from "./chain-put.js";
import { etagProblem } from "../../kit/etag-problem.js";

/**
 * Writes to the first member that works. Before that, asks every member whether it has the key.
 *
 * @throws StorageError `AlreadyExists` if a member has the key and overwriting is refused. The error of a member, if the next member is not
 *   tried after this error (the last column of the table of codes says which errors these are). If no member is left, an error with one
 *   attempt for each member.
 */
export async function putInChain(
  chain: Chain,
  key: string,
  body: Body,
  given: PutOptions,
): Promise<ObjectInfo> {
  const { signal } = given;
  return await withMemory(chain, "in turn", { body, signal }, () => putToFirst(chain, key, body, given));
}

async function putToFirst(chain: Chain, key: string, body: Body, given: PutOptions): Promise<ObjectInfo> {
  const options = { ...given, writeId: given.writeId ?? randomUUID() };
  const answers = await survey(chain, key, callerOf(options), "put");
  const put: ChainPut = { chain, key, options, answers, attempts: [], unconfirmed: new Set() };
  const own = answers.find((answer) => answer.state === "present" && answer.info.writeId === options.writeId);
  if (own?.state === "present") return own.info;
  assertConditions(put);
  const turns = options.ifMatch === undefined ? inTurn(chain, answers) : [firstHolder(put)];
  const takers = turns.filter((answer) => !isPassedOver(chain, answer));
  const kept = takers.length > 1 ? replayable(body, chain.spool, { key, provider: chain.name }) : undefined;
  try {
    const info = await tryInTurn(put, turns, kept ?? body);
    if (options.ifNoneMatch === "*") await assertAlone(put, info);
    return await finish(put, info);
  } finally {
    await kept?.release();
  }
}

function inTurn({ onlyFirst }: Chain, answers: readonly Answer[]): readonly Answer[] {
  return onlyFirst === true ? answers.slice(0, 1) : answers;
}

/** Evaluates the conditions of a put, using the answers of all members that answered. */
export function assertConditions(put: Pick<ChainPut, "chain" | "key" | "options" | "answers">): void {
  const { chain, key, options, answers } = put;
  if (options.ifMatch !== undefined) return assertMatch(put, options.ifMatch);
  const holder = answers.find((answer) => answer.state === "present");
  if (holder === undefined) return;
  const context = { operation: "put", provider: holder.info.provider, key } as const;
  if (options.ifNoneMatch === "*")
    throw new StorageError("AlreadyExists", "the key already has an object", context);
  if (chain.overwrites === "refuse") throw new StorageError("AlreadyExists", CURES, context);
}

function assertMatch(
  { chain, key, answers }: Pick<ChainPut, "chain" | "key" | "answers">,
  ifMatch: string,
): void {
  // Only the first member that may hold the object counts: a member that has the object, or that does not answer.
  const first = answers.find((answer) => answer.state !== "absent");
  if (first?.state === "silent") throw mayHold(first.error, "put", key);
  const context = { operation: "put", provider: first?.info.provider ?? chain.name, key } as const;
  const etag = first?.info.etag;
  if (etag === ifMatch) return;
  throw new StorageError("PreconditionFailed", etagProblem(etag, ifMatch), context);
}

const CURES =
  "the key already has an object, and replacing it without a journal can leave an older copy " +
  'on a member: add a journal, or accept older copies with overwrites: "may-be-stale"';

function firstHolder({ answers }: ChainPut): Answer {
  const holder = answers.find((answer) => answer.state === "present");
  if (holder === undefined) throw new TypeError("The condition ifMatch held, but no member has the object");
  return holder;
}

/**
 * Tells whether a member is skipped because it did not answer. A composer is never skipped, because one of its members may store the body.
 */
function isPassedOver(chain: Chain, answer: Answer): answer is Silent {
  return isSilent(answer) && movesOn(chain, answer.error) && !isComposer(describeProvider(answer.member));
}

/**
 * Tells whether a member gave no answer at all. A member that refuses the question may still accept a write, so the put tries that member.
 */
export function isSilent(answer: Answer): answer is Silent {
  return answer.state === "silent" && answer.error.code !== "PermissionDenied";
}

async function tryInTurn(put: ChainPut, turns: readonly Answer[], body: Body): Promise<ObjectInfo> {
  let tried = false;
  for (const answer of turns) {
    const { member } = answer;
    if (isPassedOver(put.chain, answer)) giveUp(put, member, answer.error, answer.milliseconds);
    else if (tried && !body.replayable) giveUp(put, member, tooLong(put, member), 0);
    else {
      const info = await tryMember(put, member, body);
      if (info !== undefined) return info;
      tried = true;
    }
  }
  throw exhausted("put", put.key, put.attempts, put.chain);
}

async function tryMember(
  put: ChainPut,
  member: ComposedProvider,
  body: Body,
): Promise<ObjectInfo | undefined> {
  const { chain, key, attempts, options } = put;
  const startedAt = clock.now();
  try {
    assertTakes(member, key, body, options);
    const info = await putCreateOnly(put, member, body);
    return await storedWhole(
      { group: chain, member, key, info, sentBytes: body.size, isHeld: false },
      options,
    );
  } catch (thrown) {
    const error = memberError(thrown, member, "put", key, options);
    const isUnsure = error.applied !== "no" && error.code !== "Integrity";
    const landed = isUnsure ? await askAboutWrite(put, member) : undefined;
    if (landed !== undefined) return landed;
    const milliseconds = clock.now() - startedAt;
    if (movesOn(chain, error)) return giveUp(put, member, error, milliseconds);
    attempts.push(attemptOf(member, error, milliseconds));
    if (attempts.length === 1) throw error;
    // An earlier member may have stored the object.
    const isUnknown = attempts.some((attempt) => attempt.error.applied === "unknown");
    throw withErrorFacts(error, isUnknown ? { attempts, applied: "unknown" } : { attempts });
  }
}

function giveUp(
  put: ChainPut,
  member: ComposedProvider,
  error: StorageError,
  milliseconds: number,
): undefined {
  put.attempts.push(attemptOf(member, error, milliseconds));
  reportFallback(put.chain, "put", put.key, member, error, put.options);
}

function tooLong({ key }: ChainPut, { name }: ComposedProvider): StorageError {
  const reason = "the body was too long to be kept, and cannot be sent a second time";
  return new StorageError("TooLarge", reason, { operation: "put", provider: name, key });
}

/**
 * Writes to a member. If the chain refuses to overwrite, the write is create-only, because another writer may have
 * written since the members were asked. If a member does not support this condition for a body in parts, the body is
 * written without the condition.
 */
export async function putCreateOnly(
  { chain, key, options }: Pick<ChainPut, "chain" | "key" | "options">,
  member: ComposedProvider,
  body: Body,
): Promise<ObjectInfo> {
  const { ifNoneMatch, ifNoneMatchOnMultipart } = member.supports;
  const isSure = ifNoneMatchOnMultipart || options.ifNoneMatch === "*";
  if (chain.overwrites !== "refuse" || !ifNoneMatch || (!isSure && !body.replayable)) {
    return await member.put(key, body, options);
  }
  try {
    return await member.put(key, body, { ...options, ifNoneMatch: "*" });
  } catch (error) {
    if (isSure || !isStorageError(error, "Unsupported")) throw error;
    return await member.put(key, body, options);
  }
}

/** Asks a member whether it has this write, because a write with an unknown outcome may have succeeded. */
async function askAboutWrite(
  { chain, key, options, unconfirmed }: ChainPut,
  member: ComposedProvider,
): Promise<ObjectInfo | undefined> {
  const { signal, onEvent, writeId } = options;
  const report = (outcome: "applied" | "absent" | "unknown"): void =>
    onEvent?.({ type: "verified", operation: "put", provider: member.name, key, outcome });
  try {
    const info = await ask(chain, member, key, { signal, onEvent }, (call) => member.head(key, call));
    if (info.writeId === writeId) {
      report("applied");
      return info;
    }
    report(member.supports.metadata ? "absent" : "unknown");
  } catch (thrown) {
    const error = memberError(thrown, member, "head", key, options);
    report(error.code === "NotFound" ? "absent" : "unknown");
  }
  // The member does not have the write yet, but the write may still arrive.
  unconfirmed.add(member.name);
  return undefined;
}

/** Deletes older copies if that is safe, and names the members that may still hold an older copy. */
async function finish(put: ChainPut, info: ObjectInfo): Promise<ObjectInfo> {
  const { chain, key, options, answers, unconfirmed } = put;
  for (const answer of answers) {
    if (answer.state === "silent") unconfirmed.add(answer.member.name);
    if (answer.state !== "present" || holds(answer.member, info)) continue;
    if (!(await clearCopy(put, answer.member, answer.info))) unconfirmed.add(answer.member.name);
  }
  const left = chain.members.filter((member) => unconfirmed.has(member.name) && !holds(member, info));
  if (left.length === 0) return info;
  const names = left.map(({ name }) => name);
  options.onEvent?.({ type: "unconfirmed", key, providers: names });
  return { ...info, unconfirmed: [...(info.unconfirmed ?? []), ...names] };
}
