import { type Caller, callerOf } from "../../../contract/caller.js";
import { StorageError, isStorageError, type Operation } from "../../../contract/errors.js";
import type { MultipartUploads, SignUploadOptions, SignedUpload } from "../../../contract/links.js";
import type { ComposedHeadOptions, ComposedProvider } from "../../../contract/composed-provider.js";
import { look } from "../hold/ask-member.js";
import { conclude } from "../hold/conclude.js";
import { currentObject } from "./conditions.js";
import { holding, type HeldKey } from "../hold/held-key.js";
import { isCurrent, versionOf, withoutIdentity } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { expecting, expectingOnly, staying, uploaded } from "../row/row.js";
import { resolveUnknown } from "../hold/resolve-unknown.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { KeyRow } from "../../../contract/key-row.js";

/** The time that a client has to finish an upload, counted from the start of the upload, in milliseconds. */
const UPLOAD_MS = 24 * 60 * 60 * 1000;

const EXPIRES_SECONDS = 15 * 60;

/** Signs a request for a client upload to the member that a put would use, and records that the upload must be adopted. */
export async function signUploadWithJournal(
  set: ReplicaSet,
  key: string,
  options: SignUploadOptions,
): Promise<SignedUpload> {
  const member = set.placement.writeOrder(key).find(({ signUpload }) => signUpload !== undefined);
  if (member?.signUpload === undefined) throw none(set, "signUpload", key);
  const { expiresInSeconds = EXPIRES_SECONDS } = options;
  await expect(set, "signUpload", key, member, expiresInSeconds * 1000 + UPLOAD_MS, callerOf(options));
  return await member.signUpload(key, options);
}

async function expect(
  set: ReplicaSet,
  operation: Operation,
  key: string,
  { name }: ComposedProvider,
  forMs: number,
  options: Caller,
): Promise<void> {
  await holding(set, operation, key, options, async (held) => {
    const row = expecting(held.row, name, set.journal.now() + forMs);
    await conclude(set, held, row);
  });
}

function none({ name }: ReplicaSet, operation: Operation, key: string): StorageError {
  const reason = "the members for this key do not support uploads by clients";
  return new StorageError("Unsupported", reason, { operation, provider: name, key });
}

/**
 * Adopts an object that a client has uploaded directly to a member. The object becomes the current object of its key,
 * gets a version, and is copied to every member that should hold it.
 *
 * @throws StorageError `NotFound` if nothing was uploaded; `Unavailable` if a member that may have the upload does not answer.
 */
export async function finalizeWithJournal(
  set: ReplicaSet,
  key: string,
  options: ComposedHeadOptions,
): Promise<ObjectInfo> {
  const caller = callerOf(options);
  return await holding(set, "finalize", key, caller, async (held) => {
    held.row = await resolveUnknown(set, held, caller);
    const found = await foreignObject(set, held, caller);
    if (found === undefined) {
      const present = await currentObject(set, held, caller);
      await conclude(set, held, expectingOnly(held.row));
      if (present !== undefined) return withoutIdentity(present.info);
      throw new StorageError("NotFound", "nothing was uploaded", {
        operation: "finalize",
        provider: set.name,
        key,
      });
    }
    held.row = expectingOnly(held.row);
    await adopt(set, held, found, caller);
    await conclude(set, held, held.row);
    return found.info;
  });
}

interface ForeignObject {
  readonly member: ComposedProvider;
  readonly info: ObjectInfo;
}

async function adopt(
  set: ReplicaSet,
  held: HeldKey,
  { member, info }: ForeignObject,
  { onEvent }: Pick<Caller, "onEvent">,
): Promise<void> {
  const others = set.members.map(({ name }) => name).filter((name) => name !== member.name);
  const row = uploaded(held.row, member.name, info.etag ?? "", others);
  await held.save(staying(row, set.journal.now() + set.graceMs), []);
  onEvent?.({ type: "adopted", key: held.key, provider: info.provider });
}

/** Returns an object that was not written through the composer. Members for which an upload was signed are asked first. */
async function foreignObject(
  set: ReplicaSet,
  { row, key }: HeldKey,
  options: Caller,
): Promise<ForeignObject | undefined> {
  const signed = new Set((row.external ?? []).map(({ member }) => member));
  const order = set.placement.readOrder(key);
  const members = [
    ...order.filter(({ name }) => signed.has(name)),
    ...order.filter(({ name }) => !signed.has(name)),
  ];
  let silent: StorageError | undefined;
  for (const member of members) {
    const answer = await look(set, member, key, options);
    if (answer.state === "silent") silent ??= answer.error;
    if (answer.state === "present" && isForeign(row, member, answer.info)) {
      return { member, info: answer.info };
    }
  }
  if (silent?.provider !== undefined && signed.has(silent.provider)) throw silent;
  return undefined;
}

function isForeign({ current }: KeyRow, member: ComposedProvider, info: ObjectInfo): boolean {
  if (versionOf(info) !== undefined) return false;
  return current?.kind !== "put" || !isCurrent(current, member, info);
}

/** Handles client uploads whose time is up: adopts an object that has arrived, and forgets the other uploads. */
export async function sweepExternal(set: ReplicaSet, held: HeldKey, options: Caller): Promise<void> {
  const { external = [] } = held.row;
  const now = set.journal.now();
  const left = external.filter(({ until }) => until > now);
  if (left.length === external.length) return;
  const found = await foreignObject(set, held, options).catch((error: unknown) => {
    if (isStorageError(error)) return "silent" as const;
    throw error;
  });
  if (found === "silent") return;
  held.row = expectingOnly(held.row, left);
  if (found !== undefined) await adopt(set, held, found, options);
}

const SEPARATOR = ":";

/**
 * Makes the multipart uploads of a composer. An upload in parts goes to one member. The id of the upload contains the name of this
 * member. A completed upload is adopted immediately.
 */
export function multipartWithJournal(set: ReplicaSet): MultipartUploads | undefined {
  if (set.members.every(({ multipart }) => multipart === undefined)) return undefined;
  const at = (
    uploadId: string,
    key: string,
  ): { readonly uploads: MultipartUploads; readonly uploadId: string; readonly member: ComposedProvider } => {
    const end = uploadId.indexOf(SEPARATOR);
    const member = set.members.find(({ name }) => name === uploadId.slice(0, end));
    if (member?.multipart !== undefined) {
      return { uploads: member.multipart, uploadId: uploadId.slice(end + 1), member };
    }
    throw new StorageError("NotFound", "there is no such upload", {
      operation: "multipart",
      provider: set.name,
      key,
    });
  };
  return {
    create: async (key, options) => {
      const member = set.placement.writeOrder(key).find(({ multipart }) => multipart !== undefined);
      if (member?.multipart === undefined) throw none(set, "multipart", key);
      await expect(set, "multipart", key, member, UPLOAD_MS, callerOf(options));
      const { uploadId, ...rest } = await member.multipart.create(key, options);
      return { ...rest, uploadId: `${member.name}${SEPARATOR}${uploadId}` };
    },
    signPart: (key, upload, options) => {
      const { uploads, uploadId } = at(upload.uploadId, key);
      return uploads.signPart(key, { ...upload, uploadId }, options);
    },
    listParts: (key, upload, options) => {
      const { uploads, uploadId } = at(upload.uploadId, key);
      return uploads.listParts(key, { ...upload, uploadId }, options);
    },
    complete: async (key, upload, options) => {
      const { uploads, uploadId } = at(upload.uploadId, key);
      await uploads.complete(key, { ...upload, uploadId }, options);
      return await finalizeWithJournal(set, key, options);
    },
    abort: (key, upload, options) => {
      const { uploads, uploadId } = at(upload.uploadId, key);
      return uploads.abort(key, { ...upload, uploadId }, options);
    },
  };
}
