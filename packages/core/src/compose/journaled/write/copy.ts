import type { Caller } from "../../../contract/caller.js";
import { toBody } from "../../../body/body.js";
import { sourceFailure } from "../../../body/copy-through.js";
import { StorageError, isStorageError, withErrorFacts } from "../../../contract/errors.js";
import { guardResult } from "../../../body/guard.js";
import type { Body, GetResult } from "../../../contract/provider.js";
import { look } from "../hold/ask-member.js";
import type { InsideSource } from "./copy-inside.js";
import { identityOf, versionOf, type Copy } from "../row/identity.js";
import { putWithJournal } from "./put.js";
import { headReader } from "../read/look.js";
import { readWithJournal } from "../read/read.js";
import type { ReplicaSet } from "../replica-set.js";
import type { CopyOptions } from "../../../contract/call-options.js";
import { headersOf, type ObjectInfo } from "../../../contract/object.js";
import { etagProblem } from "../../../kit/etag-problem.js";

/** The maximum number of tries of a copy. A copy starts again if its source was replaced in the meantime. */
const TRIES = 3;

/**
 * Copies an object. The copy is a separate put with its own version, and goes to every member that should hold the new
 * key. Members that hold the source make the copy internally, and the other members receive the bytes.
 *
 * @throws StorageError `NotFound` if there is no source; `PreconditionFailed` if the ETag of the source is not `sourceIfMatch`; `Conflict`
 *   if the source keeps changing; and the errors of a put.
 */
export async function copyWithJournal(
  set: ReplicaSet,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  for (let count = 1; count <= TRIES; count++) {
    try {
      return await copyOnce(set, from, to, options);
    } catch (error) {
      if (!(error instanceof SourceChanged)) throw error;
    }
  }
  throw new StorageError(
    "Conflict",
    `${JSON.stringify(from)} is replaced again and again while it is copied`,
    {
      operation: "copy",
      provider: set.name,
      key: to,
      retryable: true,
    },
  );
}

/** The error for a source that was replaced or deleted after its facts were read. Nothing was written. */
class SourceChanged extends Error {}

async function copyOnce(
  set: ReplicaSet,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<ObjectInfo> {
  const { ifNoneMatch, sourceIfMatch, writeId, signal, onEvent, beforeCommit } = options;
  const caller = { signal, onEvent };
  const found = await findSource(set, from, caller);
  const source = await insideSource(set, from, found, caller);
  assertSource(found, source, sourceIfMatch);
  // When an object is copied to its own key, a copy inside the first member would replace the source. The other members still need the
  // source's bytes, so no member copies internally.
  const inside = from === to ? { ...source, etags: new Map<string, string>() } : source;
  const headers = { ...headersOf(found.info), metadata: found.info.metadata };
  const call = { ...headers, ifNoneMatch, writeId, signal, onEvent, beforeCommit };
  try {
    return await putWithJournal(set, to, await bodyOf(found, from, caller), call, inside);
  } catch (error) {
    const cause = sourceFailure(error);
    if (cause === error || !isStorageError(cause) || !isStorageError(error)) throw error;
    const isChanged = cause.code === "PreconditionFailed" || cause.code === "NotFound";
    if (isChanged && error.applied === "no") throw new SourceChanged();
    // The bytes could not be sent to all members. Before that failure, one member may have copied the object internally.
    throw withErrorFacts(cause, { key: to, applied: error.applied });
  }
}

async function findSource(set: ReplicaSet, from: string, { signal, onEvent }: Caller): Promise<Copy> {
  const call = { signal, onEvent };
  const { member, result } = await readWithJournal(set, from, call, headReader("copy", from, call));
  return { member, info: result };
}

/** Returns the source. Includes the ETag on each member that holds exactly this object. */
async function insideSource(
  set: ReplicaSet,
  key: string,
  found: Copy,
  options: Caller,
): Promise<InsideSource> {
  const version = versionOf(found.info);
  const others = set.placement.alike && version !== undefined ? set.members : [];
  const answers = await Promise.all(
    others.filter((member) => member !== found.member).map((member) => look(set, member, key, options)),
  );
  const same = answers.flatMap((answer) =>
    answer.state === "present" && versionOf(answer.info) === version ? [answer] : [],
  );
  const etags = [found, ...same].flatMap(({ member, info: { etag } }) =>
    etag === undefined ? [] : [[member.name, etag] as const],
  );
  return { key, etags: new Map(etags), sha256: identityOf(found.info)?.sha256, facts: found.info };
}

function assertSource(
  { member, info }: Copy,
  { key, etags }: InsideSource,
  expected: string | undefined,
): void {
  if (expected === undefined || [...etags.values()].includes(expected)) return;
  throw new StorageError("PreconditionFailed", etagProblem(info.etag, expected), {
    operation: "copy",
    provider: member.name,
    key,
  });
}

/** Returns the bytes of the source, for members that do not hold it. */
async function bodyOf({ member, info }: Copy, key: string, { signal, onEvent }: Caller): Promise<Body> {
  const read = async (): Promise<GetResult["body"]> => {
    const call = { signal, onEvent, ifMatch: info.etag };
    return guardResult(await member.get(key, call), member).body;
  };
  return await toBody(read, { size: info.size, key, provider: member.name });
}
