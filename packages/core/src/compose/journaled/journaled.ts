import { within } from "../../kit/abort.js";
import { StorageError, isStorageError } from "../../contract/errors.js";
import { describeProvider, type EveryMember } from "../../wrap/intercept.js";
import type { SignedUrlOptions } from "../../contract/links.js";
import type { Description, GetResult } from "../../contract/provider.js";
import { assertKey } from "../../contract/key.js";
import { ownProviders, type OwnProviders } from "../../kit/own-providers.js";
import type { CallOptions } from "../../contract/call-options.js";
import { PROMISES } from "../promises.js";
import { closeAll, joinedExpiry, locateIn } from "../members.js";
import { createReplicaSet, type SetParts } from "./create-set.js";
import { hasEtag } from "./write/conditions.js";
import { copyReplicated } from "./write/copy.js";
import { deleteReplicated } from "./write/delete.js";
import { guardedUpkeep } from "./upkeep/guarded-upkeep.js";
import { withoutIdentity } from "./row/identity.js";
import { distrust } from "./read/inventory.js";
import { listReplicated } from "./read/list.js";
import { forgetMarker } from "./upkeep/marker.js";
import { putReplicated } from "./write/put.js";
import { headReader } from "./read/read-once.js";
import { readReplicated } from "./read/read.js";
import { adoptKeyOf } from "./upkeep/adopt.js";
import { upkeepOf } from "./upkeep/repair-round.js";
import type { ReplicaSet } from "./replica-set.js";
import { finalizeReplicated, multipartReplicated, signUploadReplicated } from "./write/uploads.js";
import type { ObjectInfo } from "../../contract/object.js";
import type { Supports } from "../../contract/supports.js";
import { joinedUpkeep } from "../../kit/joined-upkeep.js";
import type {
  ComposedGetOptions,
  ComposedHeadOptions,
  ComposedProvider,
} from "../../contract/composed-provider.js";

/** A composer with a journal, before it is put together. */
export interface ReplicatedParts extends SetParts {
  readonly supports: Supports;
  /** What it does not promise, besides what no composer promises. */
  readonly limits: readonly string[];
}

/** The sets behind the composers that this module has made. */
const own: OwnProviders<ReplicaSet> = ownProviders<ReplicaSet>("a composer with a journal");

/** The set behind a composer with a journal. */
export const replicaSetOf: OwnProviders<ReplicaSet>["require"] = own.require;

/** A provider of several members, with every verb kept by the journal. */
export function replicated(parts: ReplicatedParts): ComposedProvider {
  const set = createReplicaSet(parts);
  return own.remember(verbs(set, parts), set);
}

function verbs(set: ReplicaSet, parts: ReplicatedParts): ComposedProvider {
  const { members } = set;
  const canSign = members.some(({ signedUrl }) => signedUrl !== undefined);
  return {
    name: set.name,
    supports: { ...parts.supports, ...KEPT_BY_THE_JOURNAL },
    put: (key, body, call) => putReplicated(set, key, body, call),
    get: (key, call) => getReplicated(set, key, call),
    head: (key, call) => headReplicated(set, key, call),
    delete: (key, call) => deleteReplicated(set, key, call),
    list: (call) =>
      listReplicated(set, call, (key, { signal, onEvent }) => findReplicated(set, key, { signal, onEvent })),
    ref: (key) => members[0].ref(key),
    locate: (text) => locateIn(members, text),
    copy: (from, to, call) => copyReplicated(set, from, to, call),
    publicUrl: undefined,
    signedUrl: canSign ? (key, call) => signReplicated(set, key, call) : undefined,
    signUpload: members.some(({ signUpload }) => signUpload !== undefined)
      ? (key, call) => signUploadReplicated(set, key, call)
      : undefined,
    multipart: multipartReplicated(set),
    finalize: (key, call) => finalizeReplicated(set, key, call),
    importFrom: undefined,
    deleteMany: undefined,
    expiresAfterMs: joinedExpiry(members, set.placement.alike),
    upkeep: joinedUpkeep([upkeepOf(set), ...members.map((member) => guardedUpkeep(set, member))]),
    describe: () => describe(parts),
    close: () => closeSet(set),
  } satisfies EveryMember<ComposedProvider>;
}

/** How long writes that have been answered may take to reach the members that are slower, in milliseconds. */
const CLOSE_MS = 5000;

async function closeSet({ members, answered, writes }: ReplicaSet): Promise<void> {
  await within(Promise.allSettled(answered), CLOSE_MS);
  try {
    await closeAll(members);
  } finally {
    // What is broken off is written down.
    await Promise.allSettled(writes);
  }
}

/** Conditions are evaluated once, while the key is held: no member has to keep them. */
const KEPT_BY_THE_JOURNAL: Partial<Supports> = {
  ifNoneMatch: true,
  ifMatch: true,
  ifNoneMatchOnMultipart: true,
  conditionalDelete: true,
};

const { P10: _crash, P11: _power, ...others } = PROMISES;

/** Of a journal that is gone with the process. */
const WHILE_IT_LIVES: readonly string[] = Object.values(others);

function describe({ type, name, journal, members, limits }: ReplicatedParts): Description {
  return {
    kind: "composer",
    type,
    name,
    tier: journal.tier,
    promises: journal.durable ? Object.values(PROMISES) : WHILE_IT_LIVES,
    limits: [...limits, ...(journal.durable ? [] : ["the journal does not survive the process"])],
    members: members.map(describeProvider),
  };
}

async function headReplicated(
  set: ReplicaSet,
  key: string,
  options: ComposedHeadOptions,
): Promise<ObjectInfo> {
  const { result, mayBeStale } = await readReplicated(set, key, options, headReader("head", key, options));
  return shown(result, mayBeStale);
}

/** As a head, with `undefined` for a key that has no object. */
async function findReplicated(
  set: ReplicaSet,
  key: string,
  options: ComposedHeadOptions,
): Promise<ObjectInfo | undefined> {
  return await headReplicated(set, key, options).catch((error: unknown) => {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  });
}

/** Each member has an ETag of its own for the same object: whichever the caller was shown will do. */
async function getReplicated(set: ReplicaSet, key: string, options: ComposedGetOptions): Promise<GetResult> {
  const { ifMatch, signal, onEvent, ref } = options;
  try {
    return await getOnce(set, key, options);
  } catch (error) {
    if (ifMatch === undefined || !isStorageError(error, "PreconditionFailed")) throw error;
    const call = { signal, onEvent, ref };
    const { member, result: info } = await readReplicated(set, key, call, headReader("get", key, call));
    const { row } = await set.journal.read(key);
    const isSame = await hasEtag(set, key, row, { member, info }, ifMatch);
    if (!isSame || info.etag === ifMatch) throw error;
    return await getOnce(set, key, { ...options, ifMatch: info.etag });
  }
}

async function getOnce(set: ReplicaSet, key: string, options: ComposedGetOptions): Promise<GetResult> {
  const { result, mayBeStale } = await readReplicated(set, key, options, {
    operation: "get",
    read: (member, signal) => member.get(key, signal === options.signal ? options : { ...options, signal }),
    infoOf: ({ info }) => info,
    discard: ({ body }) => {
      if (!(body instanceof Uint8Array)) body.destroy();
    },
  });
  const info = shown(result.info, mayBeStale);
  return info === result.info ? result : { ...result, info };
}

/** The facts as callers get them. */
function shown(info: ObjectInfo, mayBeStale: boolean | undefined): ObjectInfo {
  const facts = withoutIdentity(info);
  return mayBeStale === true ? { ...facts, mayBeStale } : facts;
}

/** A link to a member that holds the object. */
async function signReplicated(set: ReplicaSet, key: string, options: SignedUrlOptions): Promise<string> {
  const { member } = await readReplicated(set, key, options, headReader("signedUrl", key, options));
  if (member.signedUrl !== undefined) return await member.signedUrl(key, options);
  const reason = `${JSON.stringify(member.name)} holds it and has no signed URLs`;
  throw new StorageError("Unsupported", reason, { operation: "signedUrl", provider: member.name, key });
}

/**
 * Has a composer look where the object of a key is; repair brings it to where it should be.
 *
 * @throws StorageError `InvalidKey`; `Unavailable` when a member does not answer.
 */
export async function adoptKey(
  provider: ComposedProvider,
  key: string,
  options: CallOptions = {},
): Promise<void> {
  const set = own.require(provider, "adoptKey");
  assertKey(key, "repair", set.name);
  await adoptKeyOf(set, key, options);
}

/**
 * Takes what is in the place of a member for that member, after its disk or bucket was exchanged for an empty one.
 * Until then it is left out, because its marker is missing. Repair looks at every key again, and brings it what it should
 * hold.
 *
 * @param name - The name of the member.
 * @throws TypeError when the composer has no such member; StorageError `Unavailable` when the journal cannot be written.
 */
export async function acceptMember(provider: ComposedProvider, name: string): Promise<void> {
  const set = own.require(provider, "acceptMember");
  if (!set.members.some((member) => member.name === name)) {
    throw new TypeError(`acceptMember: ${JSON.stringify(name)} is no member of ${set.name}`);
  }
  await distrust(set);
  await forgetMarker(set.journal, name);
}
