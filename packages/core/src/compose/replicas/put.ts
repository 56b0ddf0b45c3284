import { createHash, randomUUID } from "node:crypto";
import { StorageError, isStorageError, toStorageError, type Attempt } from "../../errors.js";
import type { Body, ObjectCopy, ObjectInfo, PutOptions, StorageProvider } from "../../provider.js";
import { replayable } from "../../replayable.js";
import { exhausted, movesOn, reportFallback } from "../chain.js";
import { assertTakes } from "../members.js";
import { look } from "./ask-member.js";
import { conclude } from "./conclude.js";
import { assertConditions } from "./conditions.js";
import { holding, type HeldKey } from "./held-key.js";
import { packIdentity, withoutIdentity } from "./identity.js";
import type { ReplicaSet } from "./replica-set.js";
import { committed, dropped, isSuspect, learned, opened, refused, suspected, undecided, type Intent } from "./row.js";

/** What became of one member's share of a write. */
type Outcome =
  | { readonly member: StorageProvider; readonly state: "applied"; readonly info: ObjectInfo }
  /** `partial`: the member has decided for it, and cannot show it now. */
  | {
      readonly member: StorageProvider;
      readonly state: "partial" | "refused" | "unknown";
      readonly error: StorageError;
    };

/** One put, from its intent to its decision. */
interface Write {
  readonly set: ReplicaSet;
  readonly held: HeldKey;
  readonly intent: Intent;
  /** As the members get them. */
  readonly options: PutOptions & { readonly writeId: string };
  readonly outcomes: Outcome[];
  readonly attempts: Attempt[];
}

/**
 * Writes the intent down, sends the body to the members, decides, and only then answers.
 *
 * @throws StorageError `PartialWrite` when fewer members than needed have it: the rest gets it by repair;
 * with `applied: "unknown"` when nobody knows; with `applied: "no"` when nothing has changed.
 */
export async function putReplicated(
  set: ReplicaSet,
  key: string,
  body: Body,
  given: PutOptions,
): Promise<ObjectInfo> {
  const { ifMatch: _ifMatch, ifNoneMatch: _ifNoneMatch, ...plain } = given;
  const begun = { writeId: given.writeId ?? randomUUID(), sha256: digestOf(body) };
  return await holding(set, "put", key, given, async (held) => {
    const own = await assertConditions(set, held, given);
    if (own !== undefined) return own;
    const takers = assertEnough(set, held);
    await held.save(
      opened(held.row, begun),
      takers.map(({ name }) => name),
    );
    const intent = { ...begun, version: held.row.open?.version ?? "" };
    const options = { ...plain, writeId: packIdentity(intent) };
    const write: Write = { set, held, intent, options, outcomes: [], attempts: [] };
    if (set.placement.writing === "at once") await sendToAll(write, takers, body);
    else await sendInTurn(write, takers, body);
    return await decide(write);
  });
}

function digestOf({ bytes }: Body): string | undefined {
  return bytes === undefined ? undefined : createHash("sha256").update(bytes).digest("hex");
}

/** The members that a write may go to: not those where an earlier one may still take effect. */
function assertEnough(set: ReplicaSet, { key, row }: HeldKey): readonly StorageProvider[] {
  const { placement, name } = set;
  const now = set.journal.now();
  const takers = placement.writeOrder(key).filter((member) => !isSuspect(row, member.name, now));
  if (takers.length >= placement.need) return takers;
  const reason = "an earlier write of this key has not come to its end on enough members; try again later";
  throw new StorageError("Unavailable", reason, {
    operation: "put",
    provider: name,
    key,
    retryAfterMs: Math.max(...Object.values(row.suspects)) - now,
  });
}

async function sendToAll(write: Write, takers: readonly StorageProvider[], body: Body): Promise<void> {
  const kept = body.replayable ? undefined : replayable(body, write.set.spool);
  try {
    write.outcomes.push(...(await Promise.all(takers.map((member) => send(write, member, kept ?? body)))));
  } finally {
    await kept?.release();
  }
}

async function sendInTurn(write: Write, takers: readonly StorageProvider[], body: Body): Promise<void> {
  const { set, held, outcomes } = write;
  const kept = takers.length > 1 ? replayable(body, set.spool, { key: held.key, provider: set.name }) : undefined;
  const others = askOthers(write, takers);
  try {
    for (const member of takers) {
      const outcome = await send(write, member, kept ?? body);
      outcomes.push(outcome);
      if (outcome.state === "applied" || !goesOn(write, outcome.error)) break;
      if (kept?.replayable === false) break;
      reportFallback(set, "put", held.key, member, outcome.error, write.options);
    }
  } finally {
    await kept?.release();
    await others;
  }
}

function goesOn({ set, options }: Write, error: StorageError): boolean {
  return options.signal?.aborted !== true && movesOn(set, error);
}

/** While the first member is being written to, the others are asked whether they hold an older copy. */
async function askOthers({ set, held, options }: Write, [first]: readonly StorageProvider[]): Promise<void> {
  const others = set.members.filter((member) => member !== first);
  const answers = await Promise.all(others.map((member) => look(set, member, held.key, options)));
  const now = set.journal.now();
  for (const { member, state } of answers) {
    // What is sent there afterwards is learned later.
    if (state === "absent") held.row = learned(held.row, member.name, "absent", now);
  }
}

async function send(write: Write, member: StorageProvider, body: Body): Promise<Outcome> {
  const { set, held, options, attempts } = write;
  const startedAt = performance.now();
  try {
    assertTakes(member, held.key, body, options);
    const info = await member.put(held.key, body, options);
    return { member, state: "applied", info };
  } catch (thrown) {
    const error = toStorageError(thrown, { operation: "put", provider: member.name, key: held.key });
    attempts.push({ provider: error.provider, error, milliseconds: performance.now() - startedAt });
    if (error.applied === "no" && isStorageError(thrown)) return { member, state: "refused", error };
    const answer = await look(set, member, held.key, options);
    const isThere = answer.state === "present" && answer.info.writeId === options.writeId;
    const outcome = isThere ? "applied" : answer.state === "silent" ? "unknown" : "absent";
    options.onEvent?.({ type: "verified", operation: "put", provider: member.name, key: held.key, outcome });
    if (isThere) return { member, state: "applied", info: answer.info };
    return { member, state: error.applied === "yes" ? "partial" : "unknown", error };
  }
}

async function decide(write: Write): Promise<ObjectInfo> {
  const { set, held, intent, outcomes } = write;
  const now = set.journal.now();
  let { row } = held;
  for (const outcome of outcomes) {
    const { member, state } = outcome;
    if (outcome.state === "refused" && cannotHold(outcome.error)) row = refused(row, member.name);
    if (state === "applied" || state === "partial") row = learned(row, member.name, intent.version, now);
    if (state === "unknown") row = suspected(row, member.name, now + set.settleMs);
  }
  const landed = outcomes.flatMap((outcome) => (outcome.state === "applied" ? [outcome] : []));
  const isUnknown = outcomes.some(({ state }) => state === "unknown");
  if (outcomes.some(({ state }) => state === "applied" || state === "partial")) {
    const { version, sha256 } = intent;
    row = { ...committed(row, { version, sha256 }), clearAt: now + set.graceMs };
  } else row = isUnknown ? undecided(row) : dropped(row);
  await conclude(set, held, row);
  const [first] = landed;
  if (first === undefined || landed.length < set.placement.need) throw failure(write, row.current?.version === intent.version);
  return { ...withoutIdentity(first.info), ...copiesOf(write) };
}

/** Whether a member will never take this object. */
export function cannotHold({ code }: StorageError): boolean {
  return code === "Unsupported" || code === "TooLarge";
}

function copiesOf({ set, held, outcomes }: Write): Pick<ObjectInfo, "copies"> {
  if (set.placement.writing === "in turn") return {};
  const copies = set.members.map((member): ObjectCopy => {
    const outcome = outcomes.find((each) => each.member === member);
    const state = outcome?.state === "applied" ? "current" : outcome?.state === "unknown" ? "unknown" : "pending";
    return { provider: member.name, ref: member.ref(held.key), state };
  });
  return { copies };
}

function failure(write: Write, isDecided: boolean): unknown {
  const { set, held, options, outcomes, attempts } = write;
  if (options.signal?.aborted === true) return options.signal.reason;
  const [only] = attempts;
  if (!isDecided && attempts.length === 1 && only !== undefined && !movesOn(set, only.error)) return only.error;
  const error = exhausted("put", held.key, attempts, set);
  if (!isDecided) return error;
  const landed = outcomes.filter(({ state }) => state === "applied").length;
  const reason = `${landed} of ${set.placement.need} members have it, the others get it by repair (${error.reason})`;
  return new StorageError("PartialWrite", reason, {
    operation: "put",
    provider: set.name,
    key: held.key,
    attempts,
    cause: error,
  });
}
