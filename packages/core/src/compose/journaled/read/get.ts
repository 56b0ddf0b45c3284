import { types } from "node:util";
import type {
  ComposedGetOptions,
  ComposedHeadOptions,
  ComposedSignedUrlOptions,
} from "../../../contract/composed-provider.js";
import { isStorageError } from "../../../contract/errors.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { GetResult } from "../../../contract/provider.js";
import { hasLinks, linkFrom, type LinkVerb } from "../../holder-link.js";
import type { ReplicaSet } from "../replica-set.js";
import { getVerified } from "./verified.js";
import { withoutIdentity } from "../row/identity.js";
import { hasEtag } from "./has-etag.js";
import { headReader } from "./look.js";
import { readWithJournal } from "./read.js";

/** Returns the facts of the last decided version. */
export async function headWithJournal(
  set: ReplicaSet,
  key: string,
  options: ComposedHeadOptions,
): Promise<ObjectInfo> {
  const { result, mayBeStale } = await readWithJournal(set, key, options, headReader("head", key, options));
  return shown(result, mayBeStale);
}

/** Returns the facts of an object, or `undefined` if the key has no object. */
export async function findWithJournal(
  set: ReplicaSet,
  key: string,
  options: ComposedHeadOptions,
): Promise<ObjectInfo | undefined> {
  return await headWithJournal(set, key, options).catch((error: unknown) => {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  });
}

/** Opens an object. Each member has its own ETag for the object, and `ifMatch` may be the ETag of any member. */
export async function getWithJournal(
  set: ReplicaSet,
  key: string,
  options: ComposedGetOptions,
): Promise<GetResult> {
  const { ifMatch, signal, onEvent, ref } = options;
  try {
    return await getOnce(set, key, options);
  } catch (error) {
    if (ifMatch === undefined || !isStorageError(error, "PreconditionFailed")) throw error;
    const call = { signal, onEvent, ref };
    const { member, result: info } = await readWithJournal(set, key, call, headReader("get", key, call));
    const { row } = await set.journal.read(key);
    const isSame = await hasEtag(set, key, row, { member, info }, ifMatch, call);
    if (!isSame || info.etag === ifMatch) throw error;
    return await getOnce(set, key, { ...options, ifMatch: info.etag });
  }
}

async function getOnce(set: ReplicaSet, key: string, options: ComposedGetOptions): Promise<GetResult> {
  const { result, mayBeStale } = await readWithJournal(set, key, options, {
    operation: "get",
    read: (member, signal) => {
      const call = signal === options.signal ? options : { ...options, signal };
      return set.verifyReads ? getVerified(set, member, key, call) : member.get(key, call);
    },
    infoOf: ({ info }) => info,
    discard: ({ body }) => {
      if (!types.isUint8Array(body)) body.destroy();
    },
  });
  const info = shown(result.info, mayBeStale);
  return info === result.info ? result : { ...result, info };
}

/** Returns the facts in the form that callers receive. */
function shown(info: ObjectInfo, mayBeStale: boolean | undefined): ObjectInfo {
  const facts = withoutIdentity(info);
  return mayBeStale === true ? { ...facts, mayBeStale } : facts;
}

/** Makes a link to a member that holds the object. Members that support this kind of link are asked first. */
export async function linkWithJournal(
  set: ReplicaSet,
  verb: LinkVerb,
  key: string,
  options: ComposedSignedUrlOptions,
): Promise<string> {
  const reader = { ...headReader(verb, key, options), prefers: hasLinks(verb) };
  const { member } = await readWithJournal(set, key, options, reader);
  return await linkFrom(member, verb, key, options);
}
