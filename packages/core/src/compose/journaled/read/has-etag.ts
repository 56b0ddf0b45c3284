import type { Caller } from "../../../contract/caller.js";
import type { ComposedProvider } from "../../../contract/composed-provider.js";
import { askMember } from "../../survey.js";
import type { KeyRow } from "../../../contract/key-row.js";
import type { ObjectInfo } from "../../../contract/object.js";
import type { ReplicaSet } from "../replica-set.js";
import { isCurrent, versionOf } from "../row/identity.js";

/** The current object of a key, and the member that returned it. */
export interface CurrentObject {
  readonly member: ComposedProvider;
  readonly info: ObjectInfo;
}

/** Tells whether a caller may have received `etag` for the object. Each member has its own ETag for the object. */
export async function hasEtag(
  set: ReplicaSet,
  key: string,
  row: KeyRow | undefined,
  found: CurrentObject,
  etag: string,
  { signal, onEvent }: Caller,
): Promise<boolean> {
  if (found.info.etag === etag) return true;
  if (!set.placement.alike) return false;
  const others = set.members.filter((member) => member !== found.member);
  for (const member of others) {
    const answer = await askMember(set, member, key, { signal, onEvent });
    if (answer.state !== "present") continue;
    if (answer.info.etag === etag && isSame(row, found, member, answer.info)) return true;
  }
  return false;
}

/** Tells whether a member holds the same object that was found on another member. */
function isSame(
  row: KeyRow | undefined,
  found: CurrentObject,
  member: ComposedProvider,
  info: ObjectInfo,
): boolean {
  if (row?.current !== undefined) return isCurrent(row.current, member, info);
  return versionOf(info) === versionOf(found.info);
}
