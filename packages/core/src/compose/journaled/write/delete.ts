import { StorageError } from "../../../contract/errors.js";
import type { CallOptions, DeleteOptions, ObjectInfo, StorageProvider } from "../../../contract/provider.js";
import { clearMember, suspectedNow } from "../hold/ask-member.js";
import { conclude } from "../hold/conclude.js";
import { currentObject, hasEtag } from "./conditions.js";
import { holding, type HeldKey } from "../hold/held-key.js";
import { versionOf } from "../row/identity.js";
import type { ReplicaSet } from "../replica-set.js";
import { deleted, isSuspect, learned, type KeyRow } from "../row/row.js";

/**
 * Deletes the key everywhere. It is decided, and never undone, once it stands in the journal; members that do not
 * answer are cleared by repair.
 */
export async function deleteReplicated(set: ReplicaSet, key: string, options: DeleteOptions): Promise<void> {
  await holding(set, "delete", key, options, async (held) => {
    if (!(await mayDelete(set, held, options))) return;
    const members = unsuspected(set, held.row);
    await held.save(
      deleted(held.row),
      members.map(({ name }) => name),
    );
    // It is decided: what fails from here on is for repair.
    await conclude(set, held, await cleared(set, held, members, options)).catch(() => {});
  });
}

/** Members on which nothing is under way. */
function unsuspected(set: ReplicaSet, row: KeyRow): readonly StorageProvider[] {
  const now = set.journal.now();
  return set.members.filter(({ name }) => !isSuspect(row, name, now));
}

async function mayDelete(
  set: ReplicaSet,
  held: HeldKey,
  { ifMatch, onEvent, signal }: DeleteOptions,
): Promise<boolean> {
  if (ifMatch === undefined) return true;
  const found = await currentObject(set, held, { onEvent, signal });
  if (found === undefined) return false;
  if (await hasEtag(set, held.key, held.row, found, ifMatch)) return true;
  throw new StorageError("PreconditionFailed", `the object's ETag is ${found.info.etag}, not ${ifMatch}`, {
    operation: "delete",
    provider: found.member.name,
    key: held.key,
  });
}

/** Clears members of what is not newer than the decided truth, and says in the row what came of it. */
export async function cleared(
  set: ReplicaSet,
  held: HeldKey,
  members: readonly StorageProvider[],
  options: CallOptions,
): Promise<KeyRow> {
  const version = held.row.current?.version ?? "";
  const mayGo = (info: ObjectInfo): boolean => (versionOf(info) ?? "") <= version;
  const results = await Promise.all(
    members.map(async (member) => [member, await clearMember(set, member, held, options, mayGo)] as const),
  );
  const now = set.journal.now();
  return results.reduce((row, [{ name }, result]) => {
    if (result === "absent") return learned(row, name, "absent", now);
    return result === "unknown" ? suspectedNow(set, row, held.key, name, options) : row;
  }, held.row);
}
