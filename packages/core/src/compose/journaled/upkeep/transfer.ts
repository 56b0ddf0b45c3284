import { types } from "node:util";
import type { Caller } from "../../../contract/caller.js";
import { sourceFailure, bodyOf } from "../../../body/copy-through.js";
import { checkedStream, sha256Of } from "../../../body/digest.js";
import { guardResult } from "../../../body/guard.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { StorageError, toStorageError } from "../../../contract/errors.js";
import type { Committed } from "../../../contract/key-row.js";
import { headersOf, type ObjectInfo } from "../../../contract/object.js";
import type { Body } from "../../../contract/provider.js";
import { storedWhole } from "../../stored-whole.js";
import type { HeldKey } from "../hold/held-key.js";
import type { ReplicaSet } from "../replica-set.js";
import { digestIn, identityOf, isCurrent, packIdentity } from "../row/identity.js";

/** The outcome of copying an object from one member to another. */
export type Transfer =
  | { readonly state: "done" }
  | { readonly state: "failed"; readonly error: StorageError }
  /** The source has wrong bytes: they do not match the digest of the version. This source must not be used. */
  | { readonly state: "wrong"; readonly error: StorageError; readonly etag: string };

/** Copies the current version of a key to a member, and compares the bytes with their digest if the digest is known. */
export async function transfer(
  set: ReplicaSet,
  held: HeldKey,
  current: Committed,
  from: ComposedProvider,
  to: ComposedProvider,
  { onEvent }: Pick<Caller, "onEvent">,
): Promise<Transfer> {
  const { key, signal } = held;
  const call = { signal, onEvent, beforeCommit: held.assertHeld };
  let source: ObjectInfo | undefined;
  const found = { isWrong: false };
  try {
    const result = guardResult(await from.get(key, { signal, onEvent }), from);
    const info = (source = result.info);
    if (!isCurrent(current, from, info)) {
      if (!types.isUint8Array(result.body)) result.body.destroy();
      throw mismatch(from, key, "the version of the copy is not the version in the journal");
    }
    const expected = current.sha256 ?? digestIn(info);
    const onWrong = (): StorageError => {
      found.isWrong = true;
      return mismatch(from, key, "the bytes differ from the bytes that were put");
    };
    const body = await verified(bodyOf(result, from.name), expected, onWrong);
    const { writeId = current.version } = identityOf(info) ?? {};
    const stored = await to.put(key, body, {
      ...call,
      ...headersOf(info),
      metadata: info.metadata,
      writeId: packIdentity({ version: current.version, sha256: current.sha256, writeId }),
    });
    await storedWhole(
      { group: set, member: to, key, info: stored, sentBytes: info.size, isHeld: true },
      call,
    );
    return { state: "done" };
  } catch (thrown) {
    const error = toStorageError(sourceFailure(thrown), { operation: "repair", provider: to.name, key });
    const etag = source?.etag;
    return found.isWrong && etag !== undefined ? { state: "wrong", error, etag } : { state: "failed", error };
  }
}

function mismatch({ name }: ComposedProvider, key: string, reason: string): StorageError {
  return new StorageError("Integrity", reason, { operation: "repair", provider: name, key });
}

/**
 * Returns the body with a check of its digest. A stream with the wrong digest fails at its end, so that a provider commits nothing.
 */
async function verified(
  body: Body,
  expected: string | undefined,
  onWrong: () => StorageError,
): Promise<Body> {
  if (expected === undefined) return body;
  if (body.bytes !== undefined) {
    if ((await sha256Of(body.bytes)) !== expected) throw onWrong();
    return body;
  }
  const open: Body["open"] = (range) =>
    range === undefined ? checkedStream(body.open(), expected, onWrong) : body.open(range);
  return { ...body, open };
}
