import { digestOfBody } from "../../../body/digest.js";
import { guardResult } from "../../../body/guard.js";
import { isStorageError } from "../../../contract/errors.js";
import type { VerifyCall, VerifyFinding } from "../../../contract/upkeep.js";
import { hasSize } from "../../stored-whole.js";
import type { Answer } from "../../survey.js";
import type { ReplicaSet } from "../replica-set.js";
import { digestIn, type Copy } from "../row/identity.js";

/** A fault that `verify` has found, with the facts that repair needs for fixing the fault. */
export interface Fault extends Omit<VerifyFinding, "key"> {
  /** The ETag of a copy with wrong bytes. */
  readonly wrongEtag?: string | undefined;
  /** True if `health()` already counts the object and an operator must decide what happens to it. */
  readonly isCounted?: boolean | undefined;
}

/** One key, with the answers of its members. */
export interface Checked {
  readonly set: ReplicaSet;
  readonly key: string;
  readonly answers: readonly Answer[];
  readonly call: VerifyCall;
}

/**
 * Returns the faults in the bytes of copies of one version. The bytes are read only if the caller asks for this or the
 * sizes differ.
 */
export async function bytesFaults(
  { set, key, call }: Checked,
  copies: readonly Copy[],
): Promise<readonly Fault[]> {
  const exact = copies.filter(({ member }) => member.supports.byteExact);
  const isAlike = exact.every(({ member, info }) => hasSize(member, info, exact[0]?.info.size));
  if (isAlike && !call.deep) return [];
  const faults: Fault[] = [];
  const read: { readonly copy: Copy; readonly sha256: string }[] = [];
  for (const copy of copies) {
    const found = await digestAt(set, key, copy, call);
    if ("kind" in found) faults.push(found);
    else read.push({ copy, ...found });
  }
  const expected = copies.map(({ info }) => digestIn(info)).find((digest) => digest !== undefined);
  const isAgreed = read.length > 1 && read.every(({ sha256 }) => sha256 === read[0]?.sha256);
  if (expected === undefined && isAgreed) return faults.map(withoutEtag);
  const wrong = read.flatMap((each) => digestFault(each, expected) ?? []);
  const hasRight = expected !== undefined && wrong.length < read.length;
  const all = [...faults, ...wrong];
  // A wrong copy stays readable until there is a right copy to replace it.
  return hasRight ? all : all.map(withoutEtag);
}

function withoutEtag({ wrongEtag: _etag, ...fault }: Fault): Fault {
  return fault;
}

function digestFault(
  { copy: { member, info }, sha256 }: { readonly copy: Copy; readonly sha256: string },
  expected: string | undefined,
): Fault | undefined {
  const provider = member.name;
  if (expected === undefined) {
    return { kind: "unverifiable", provider, reason: "the digest of the object is not known" };
  }
  if (sha256 === expected) return undefined;
  const reason = "the bytes differ from the bytes that were put";
  return { kind: "different", provider, reason, wrongEtag: info.etag };
}

async function digestAt(
  set: ReplicaSet,
  key: string,
  { member, info }: Copy,
  { signal, onEvent }: VerifyCall,
): Promise<{ readonly sha256: string } | Fault> {
  const provider = member.name;
  if (!member.supports.byteExact) {
    return { kind: "unverifiable", provider, reason: "the member does not store bytes unchanged" };
  }
  try {
    const call = { signal, onEvent, ifMatch: info.etag };
    const { body } = guardResult(await member.get(key, call), member);
    return { sha256: await digestOfBody(body, signal) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isStorageError(error)) throw error;
    const { code, reason } = error;
    return code === "Integrity"
      ? { kind: "different", provider, reason, wrongEtag: info.etag }
      : { kind: "unverifiable", provider, reason };
  }
}
