import { types } from "node:util";
import { guardResult } from "../body/guard.js";
import { isStorageError } from "../contract/errors.js";
import type { ObjectInfo } from "../contract/object.js";
import { runCall, tellRead, trackBody, type Calls } from "./calls.js";
import { checkGet, checkKey } from "./check.js";
import { checkNames, type VerbOptions } from "./option-names.js";
import { letRest } from "./let-rest.js";
import { assertModified, withoutConditions } from "./read-conditions.js";
import { toStoredObject, type StoredObject } from "./stored-object.js";

/** Opens an object. @param ref - The ref under which the object was last seen. */
export async function getObject(
  storage: Calls,
  key: string,
  given: VerbOptions["get"],
  ref?: string,
): Promise<StoredObject & AsyncDisposable> {
  const { provider, onEvent } = storage;
  checkNames("get", given);
  checkKey(provider, key, "get");
  const [conditions, options] = withoutConditions("get", given);
  checkGet(provider, key, options);
  const result = await runCall(storage, "get", key, seenAt(options, ref), async (call) => {
    const guarded = guardResult(await provider.get(key, call), provider);
    const { body, info } = guarded;
    if (!types.isUint8Array(body)) trackBody(storage, { body, info }, options.signal);
    letRest(storage, key, guarded);
    try {
      if (conditions !== undefined) assertModified("get", info, conditions);
    } catch (error) {
      if (!types.isUint8Array(body)) body.destroy();
      throw error;
    }
    return guarded;
  });
  if (onEvent !== undefined && types.isUint8Array(result.body)) {
    tellRead(onEvent, result.info, result.body.byteLength, 0);
  }
  return toStoredObject(result);
}

/** Returns the options together with the ref under which the object was last seen. */
export function seenAt<Options extends object>(
  options: Options,
  ref: string | undefined,
): Options & { ref?: string } {
  return ref === undefined ? options : { ...options, ref };
}

/** Returns the facts of an object. */
export async function headObject(
  storage: Calls,
  key: string,
  given: VerbOptions["head"],
  ref?: string,
): Promise<ObjectInfo> {
  const { provider } = storage;
  checkNames("head", given);
  checkKey(provider, key, "head");
  const [conditions, options] = withoutConditions("head", given);
  return await runCall(storage, "head", key, seenAt(options, ref), async (call) => {
    const info = await provider.head(key, call);
    if (conditions !== undefined) assertModified("head", info, conditions);
    return info;
  });
}

/** Returns the facts of an object; `undefined` if the object is missing. */
export async function findObject(
  storage: Calls,
  verb: "find" | "exists",
  key: string,
  options: VerbOptions["find"],
  ref?: string,
): Promise<ObjectInfo | undefined> {
  checkNames(verb, options);
  try {
    return await headObject(storage, key, options, ref);
  } catch (error) {
    if (isStorageError(error, "NotFound")) return undefined;
    throw error;
  }
}
