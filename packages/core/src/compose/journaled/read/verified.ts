import { types } from "node:util";
import { checkedStream, sha256Of } from "../../../body/digest.js";
import type { ComposedGetOptions, ComposedProvider } from "../../../contract/composed-provider.js";
import { StorageError } from "../../../contract/errors.js";
import type { GetResult } from "../../../contract/provider.js";
import type { ReplicaSet } from "../replica-set.js";
import { digestIn, versionOf } from "../row/identity.js";

/** The largest object, in bytes, that is checked before the caller gets any of its bytes. */
const SMALL_BYTES = 1024 * 1024;

/**
 * Opens an object on a member, and compares its bytes with their digest if the digest is known. A small object is checked before the
 * caller receives any bytes, so that another member can be read instead. A large object is checked at the end of its stream.
 *
 * @throws StorageError `Integrity` if the bytes differ. Repair then replaces the copy.
 */
export async function getVerified(
  set: ReplicaSet,
  member: ComposedProvider,
  key: string,
  options: ComposedGetOptions,
): Promise<GetResult> {
  const result = await member.get(key, options);
  const { body, info } = result;
  const expected = options.range === undefined ? await digestOf(set, key, result) : undefined;
  if (expected === undefined) return result;
  const onWrong = (): StorageError => {
    options.onEvent?.({ type: "wrongBytes", key, provider: member.name });
    set.quarantine(key, member, info.etag, options.onEvent);
    const reason = "the bytes differ from the bytes that were put";
    return new StorageError("Integrity", reason, { operation: "get", provider: member.name, key });
  };
  if (!types.isUint8Array(body) && info.size > SMALL_BYTES) {
    return { ...result, body: checkedStream(body, expected, onWrong) };
  }
  const bytes = types.isUint8Array(body) ? body : await collect(body);
  if ((await sha256Of(bytes)) !== expected) throw onWrong();
  return { ...result, body: bytes };
}

/**
 * Returns the digest of an object. If the body was a stream, the digest may be only in the journal until the key is
 * settled.
 */
async function digestOf(set: ReplicaSet, key: string, { info }: GetResult): Promise<string | undefined> {
  const known = digestIn(info);
  if (known !== undefined) return known;
  const { row } = await set.journal.read(key);
  return row?.current?.version === versionOf(info) ? row?.current?.sha256 : undefined;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
