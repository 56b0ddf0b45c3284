import { replayable } from "../../../body/replayable.js";
import { teeBody, type Share } from "../../../body/tee.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import type { StorageError } from "../../../contract/errors.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { Body } from "../../../contract/provider.js";
import { createController } from "../../../kit/clock.js";
import { movesOn, reportFallback } from "../../group.js";
import { askMember } from "../../survey.js";
import { decidedRow, infoOf, type Write } from "./decide.js";
import { send } from "./send.js";

/**
 * Sends the body to one member after the other, until one member has stored it. Meanwhile the other members are asked whether they hold
 * an older copy. The caller does not wait for their answers.
 */
export async function sendInTurn(
  write: Write,
  takers: readonly ComposedProvider[],
  body: Body,
  answer: (info: ObjectInfo) => void,
): Promise<void> {
  const { held, outcomes } = write;
  const questions = createController();
  const others = askOthers(write, takers, questions.signal);
  try {
    await sendUntilTaken(write, takers, body);
    if (outcomes.at(-1)?.state !== "applied" || others.isDone()) return;
    await held.save(decidedRow(write).row, []);
    answer(infoOf(write));
    await others.done;
  } finally {
    questions.abort(new Error("The put is over"));
  }
}

async function sendUntilTaken(write: Write, takers: readonly ComposedProvider[], body: Body): Promise<void> {
  const { set, held, outcomes } = write;
  const kept =
    takers.length > 1 ? replayable(body, set.spool, { key: held.key, provider: set.name }) : undefined;
  try {
    for (const member of takers) {
      const { share, sha256 } = shareFor(kept ?? body);
      const outcome = await send(write, member, share);
      outcomes.push(outcome);
      write.sha256 ??= sha256();
      if (outcome.state === "applied" || !goesOn(write, outcome.error)) break;
      if (kept?.replayable === false) break;
      reportFallback(set, "put", held.key, member, outcome.error, write.options);
    }
  } finally {
    await kept?.release();
  }
}

/**
 * Returns the share of one member, and a function that returns the digest. A file stays a file, for providers that can read a file
 * directly.
 */
function shareFor(body: Body): { readonly share: Share; readonly sha256: () => string | undefined } {
  if (body.path !== undefined) {
    const share: Share = { body, mayBeWhole: () => true, size: () => body.size, leave: () => {} };
    return { share, sha256: () => undefined };
  }
  const { shares, sha256 } = teeBody(body, 1);
  return { share: shares[0] as Share, sha256 };
}

function goesOn({ set, options }: Write, error: StorageError): boolean {
  return options.signal?.aborted !== true && movesOn(set, error);
}

/** The state of the questions to the other members. */
interface Questions {
  readonly done: Promise<void>;
  readonly isDone: () => boolean;
}

/** Asks the other members whether they hold an older copy. The first member is written to at the same time. */
function askOthers(
  { set, held, options: { onEvent }, absent }: Write,
  [first]: readonly ComposedProvider[],
  signal: AbortSignal,
): Questions {
  let left = set.members.length - 1;
  const ask = async (member: ComposedProvider): Promise<void> => {
    const answer = await askMember(set, member, held.key, { onEvent, signal, isFinal: true }).catch(
      () => undefined,
    );
    left--;
    if (answer?.state === "absent") absent.add(member.name);
  };
  const done = Promise.all(set.members.filter((member) => member !== first).map(ask));
  return { done: done.then(() => {}), isDone: () => left === 0 };
}
