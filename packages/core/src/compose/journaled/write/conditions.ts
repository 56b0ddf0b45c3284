import type { Caller } from "../../../contract/caller.js";
import { StorageError } from "../../../contract/errors.js";
import type { HeldKey } from "../hold/held-key.js";
import { withoutIdentity } from "../row/identity.js";
import { readOnce } from "../read/read-once.js";
import { headReader } from "../read/look.js";
import type { ReplicaSet } from "../replica-set.js";
import type { PutOptions } from "../../../contract/call-options.js";
import { resolveUnknown } from "../hold/resolve-unknown.js";
import type { ObjectInfo } from "../../../contract/object.js";
import { hasEtag, type CurrentObject } from "../read/has-etag.js";
import { etagProblem } from "../../../kit/etag-problem.js";

/**
 * Evaluates the conditions of a put while the key is held. The members receive writes without conditions.
 *
 * @returns The object that an earlier try of the same write has stored; `undefined` if there is no such object.
 */
export async function assertConditions(
  set: ReplicaSet,
  held: HeldKey,
  { ifNoneMatch, ifMatch, writeId, onEvent, signal }: PutOptions,
): Promise<ObjectInfo | undefined> {
  if (ifNoneMatch === undefined && ifMatch === undefined) return undefined;
  const found = await currentObject(set, held, { onEvent, signal });
  const shown = found && withoutIdentity(found.info);
  if (shown !== undefined && writeId !== undefined && shown.writeId === writeId) return shown;
  const context = { operation: "put", provider: found?.member.name ?? set.name, key: held.key } as const;
  if (ifNoneMatch !== undefined && found !== undefined) {
    throw new StorageError("AlreadyExists", "the key already has an object", context);
  }
  if (
    ifMatch === undefined ||
    (found !== undefined && (await hasEtag(set, held.key, held.row, found, ifMatch, { onEvent, signal })))
  ) {
    assertDecided(set, held, writeId);
    return undefined;
  }
  throw new StorageError("PreconditionFailed", etagProblem(found?.info.etag, ifMatch), context);
}

/**
 * Checks that every uncertain write is an earlier try of the same write. If a different uncertain write took effect first, the condition of
 * this put does not hold.
 */
function assertDecided(set: ReplicaSet, { row, key }: HeldKey, writeId: string | undefined): void {
  if (row.uncertain.every((intent) => intent.writeId === writeId)) return;
  const until = Math.max(0, ...Object.values(row.suspects));
  throw new StorageError("Unavailable", UNDECIDED, {
    operation: "put",
    provider: set.name,
    key,
    retryAfterMs: Math.max(0, until - set.journal.now()),
  });
}

const UNDECIDED = "an earlier write of this key is not decided yet; try again later";

/**
 * Returns the current object of a key; `undefined` if the key has no object.
 *
 * @throws StorageError `Unavailable` if a member that may hold the object does not answer.
 */
export async function currentObject(
  set: ReplicaSet,
  held: HeldKey,
  options: Caller,
): Promise<CurrentObject | undefined> {
  const { key } = held;
  const row = await resolveUnknown(set, held, options);
  // The outcome is saved before a caller learns the outcome.
  if (row !== held.row) await held.save(row, []);
  // Nobody else changes the row while this call holds the key, so trust that comes later counts too.
  const reading = await readOnce(set, held.row, true, key, options, headReader("head", key, options));
  // The object may belong to a write that another process has begun in the meantime.
  await held.assertUnchanged();
  if (reading.state === "found") return { member: reading.member, info: reading.result };
  if (reading.state === "silent") throw reading.error;
  if (reading.state === "absent") return undefined;
  throw new StorageError("Unavailable", UNDECIDED, { operation: "put", provider: set.name, key });
}
