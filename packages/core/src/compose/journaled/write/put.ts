import { callerOf } from "../../../contract/caller.js";
import { randomUUID } from "node:crypto";
import { eitherSignal } from "../../../kit/abort.js";
import { sha256Of } from "../../../body/digest.js";
import { StorageError, isStorageError, withErrorFacts } from "../../../contract/errors.js";
import type { Body } from "../../../contract/provider.js";
import { namesOf } from "../../group.js";
import { takeMemory } from "../../send-share.js";
import { conclude } from "../hold/conclude.js";
import { assertConditions } from "./conditions.js";
import type { InsideSource } from "./copy-inside.js";
import { decide, decidedRow, infoOf, type Write } from "./decide.js";
import { holding, intentMsMax, type HeldKey } from "../hold/held-key.js";
import { ownerOfWrite } from "../../../kit/idempotent-id.js";
import { packIdentity } from "../row/identity.js";
import { assertWhole, isTrusted } from "../read/inventory.js";
import type { ReplicaSet } from "../replica-set.js";
import { send } from "./send.js";
import { sendInTurn } from "./send-in-turn.js";
import { slowest } from "../../../body/slowest-progress.js";
import { teeBody, type Share } from "../../../body/tee.js";
import { dropped, isSuspect, opened } from "../row/row.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { PutOptions } from "../../../contract/call-options.js";
import type { Intent } from "../../../contract/key-row.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";

/**
 * Saves the intent in the journal, sends the body to the members, decides the write, and only then returns.
 *
 * @throws StorageError `PartialWrite` if fewer members than needed have the object; repair then copies the object to the others. An
 *   error with `applied: "unknown"` if the put may have taken effect. An error with `applied: "no"` if nothing has changed.
 */
export async function putWithJournal(
  set: ReplicaSet,
  key: string,
  body: Body,
  given: PutOptions,
  source?: InsideSource,
): Promise<ObjectInfo> {
  const { ifMatch: _ifMatch, ifNoneMatch: _ifNoneMatch, ...plain } = given;
  const begun = {
    writeId: given.writeId ?? randomUUID(),
    sha256: source?.sha256 ?? (body.bytes && (await sha256Of(body.bytes))),
    size: body.size,
  };
  // Before the first object is written, the members are asked whether they already hold objects.
  if (!set.state.isTrusted) await isTrusted(set);
  await assertWhole(set, "put", key);
  const release = await takeMemory(set, set.placement.writing, body, given.signal);
  return await answerEarly(set, (answer) =>
    holding(set, "put", key, callerOf(given), async (held) => {
      const before = rememberedWrite(set, held, given.writeId);
      if (before !== undefined) return before;
      const own = await assertConditions(set, held, given);
      if (own !== undefined) return own;
      const takers = assertEnough(set, held);
      await writeDown(set, held, begun, takers);
      const intent = { ...begun, version: held.row.open?.version ?? "" };
      // The write is aborted when another process has taken the key over.
      const { signal, unlink } = eitherSignal(given.signal, held.signal);
      const beforeCommit = (): void => {
        held.assertHeld();
        given.beforeCommit?.();
      };
      const options = { ...plain, signal, writeId: packIdentity(intent), beforeCommit };
      const { sha256 } = begun;
      const found = { outcomes: [], attempts: [], absent: new Set<string>() };
      const write: Write = { set, held, intent, options, ...found, source, sha256 };
      try {
        if (set.placement.writing === "at once") await sendToAll(write, takers, body, answer);
        else await sendInTurn(write, takers, body, answer);
      } finally {
        unlink();
      }
      return await decide(write).catch((error: unknown) => {
        const isSent = write.outcomes.some(({ state }) => state !== "refused");
        if (!isStorageError(error)) throw error;
        if (!isSent && error.code === "Conflict") throw withErrorFacts(error, { applied: "no" });
        // The journal may fail after members have stored the object.
        throw isSent && error.applied === "no" ? withErrorFacts(error, { applied: "unknown" }) : error;
      });
    }).finally(release),
  );
}

/**
 * Returns the facts that an earlier call of an idempotent write returned, even if the object has changed since.
 *
 * @throws StorageError `Conflict` if the idempotency key was used with different bytes.
 */
function rememberedWrite(
  { journal, name }: ReplicaSet,
  { row, key }: HeldKey,
  writeId: string | undefined,
): ObjectInfo | undefined {
  const owner = ownerOfWrite(writeId);
  if (owner === undefined) return undefined;
  const now = journal.now();
  const found = row.remembered?.find((each) => each.until > now && ownerOfWrite(each.writeId) === owner);
  if (found === undefined) return undefined;
  if (found.writeId !== writeId) {
    const reason = "the idempotency key was already used with different bytes";
    throw new StorageError("Conflict", reason, { operation: "put", provider: name, key, applied: "no" });
  }
  const { lastModified } = found.info;
  // JSON has converted the date to a string.
  return { ...found.info, lastModified: lastModified && new Date(lastModified) };
}

/**
 * Saves the intent of a put in the journal.
 *
 * @throws StorageError `Unavailable` if the journal took so long that readers would not know of the write. In that case nothing was
 *   sent.
 */
async function writeDown(
  set: ReplicaSet,
  held: HeldKey,
  intent: Omit<Intent, "version">,
  takers: readonly ComposedProvider[],
): Promise<void> {
  const since = set.journal.now();
  await held.save(opened(held.row, intent), namesOf(takers));
  if (set.journal.now() - since <= intentMsMax(set)) return;
  await conclude(set, held, dropped(held.row));
  const reason = "writing to the journal takes too long";
  throw new StorageError("Unavailable", reason, { operation: "put", provider: set.name, key: held.key });
}

/**
 * Runs a task that may give the caller its result before the task has finished. The task then continues in the
 * background, at most until the composer is closed.
 */
async function answerEarly<T>(
  set: ReplicaSet,
  work: (answer: (result: T) => void) => Promise<T>,
): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const done = work((result) => {
      set.answered.add(kept);
      resolve(result);
    });
    const kept: Promise<unknown> = done.then(resolve, reject).finally(() => {
      set.writes.delete(kept);
      set.answered.delete(kept);
    });
    set.writes.add(kept);
  });
}

/**
 * Returns the members that a write may go to. Members on which an earlier write may still take effect are left out.
 *
 * @throws StorageError `Unavailable` if there are too few such members.
 */
function assertEnough(set: ReplicaSet, { key, row }: HeldKey): readonly ComposedProvider[] {
  const { placement, name } = set;
  const now = set.journal.now();
  const takers = placement.writeOrder(key).filter((member) => !isSuspect(row, member.name, now));
  if (takers.length >= placement.need) return takers;
  const reason = "an earlier write of this key is still open on too many members; try again later";
  throw new StorageError("Unavailable", reason, {
    operation: "put",
    provider: name,
    key,
    retryAfterMs: Math.max(...Object.values(row.suspects)) - now,
  });
}

/**
 * Reads the source only once, and sends the bytes to all members. As soon as enough members have the object, the caller
 * gets the answer, and the other members continue.
 */
async function sendToAll(
  write: Write,
  takers: readonly ComposedProvider[],
  body: Body,
  answer: (info: ObjectInfo) => void,
): Promise<void> {
  const { set, held, outcomes } = write;
  const { need } = set.placement;
  const tooSlow = (): Error => lagging(write);
  const tee = teeBody(body, takers.length, {
    need,
    tooSlow: need < takers.length ? tooSlow : undefined,
    windowBytes: set.memory.shareBytes,
  });
  const pending = new Set(takers);
  const progress = slowest(takers, write.options.onProgress);
  const isEnough = (): boolean => outcomes.filter(({ state }) => state === "applied").length >= need;
  let enough: () => void = () => {};
  const reached = new Promise<void>((resolve) => (enough = resolve));
  const all = Promise.all(
    takers.map(async (member, index) => {
      const share = tee.shares[index] as Share;
      outcomes.push(await send(write, member, { ...share, onProgress: progress(member) }));
      progress.leave(member);
      write.sha256 ??= tee.sha256();
      pending.delete(member);
      if (isEnough()) enough();
    }),
  );
  await Promise.race([reached, all]);
  if (pending.size === 0 || !isEnough()) return void (await all);
  await held.save(decidedRow(write).row, namesOf([...pending]));
  answer(infoOf(write));
  await all;
}

function lagging({ set, held }: Write): StorageError {
  const reason = "the member takes the body too slowly, so repair copies the object later";
  return new StorageError("Unavailable", reason, { operation: "put", provider: set.name, key: held.key });
}
