import { bodyOf, type BodyInput } from "../body/body.js";
import { leaveBody } from "../body/let-go.js";
import { typeOfBody } from "../body/type-of-body.js";
import type { PutOptions } from "../contract/call-options.js";
import type { ObjectInfo } from "../contract/object.js";
import { runCall, type Calls, type Inner } from "./calls.js";
import { checkKey, checkPut, checkSize } from "./check.js";
import { putOnce } from "./idempotency.js";
import { checkNames } from "./option-names.js";
import type { StoragePutOptions, TimedOptions } from "./storage-options.js";

/** The state of a storage's calls, and the time that a put waits for the next bytes of its body. */
export interface Putting extends Calls {
  readonly sourceIdleMs: number;
}

/** Puts a body, after all checks that are possible before any byte is sent. */
export async function putObject(
  storage: Putting,
  key: string,
  input: BodyInput,
  options: StoragePutOptions,
): Promise<ObjectInfo> {
  const { provider, sourceIdleMs } = storage;
  const { size, maxBytes, idempotencyKey } = options;
  const run = async (call: Inner<PutOptions>): Promise<ObjectInfo> => {
    const made = bodyOf(input, { size, maxBytes, key, provider: provider.name, idleMs: sourceIdleMs });
    const body = made instanceof Promise ? await made : made;
    checkSize(provider, key, body.size);
    const typed = typeOfBody(key, input, call);
    const given = typed instanceof Promise ? await typed : typed;
    if (idempotencyKey !== undefined) return await putOnce(provider, key, body, given, idempotencyKey);
    return await provider.put(key, body, given);
  };
  try {
    checkNames("put", options);
    checkKey(provider, key, "put");
    checkPut(provider, key, options, size);
    return await runCall(storage, "put", key, providerOptions(options), run, idempotencyKey !== undefined);
  } catch (error) {
    leaveBody(input);
    throw error;
  }
}

/** Returns the options without the options that only the facade uses. */
function providerOptions(options: StoragePutOptions): PutOptions & TimedOptions {
  const { size, maxBytes, idempotencyKey, ...rest } = options;
  const isPlain = size === undefined && maxBytes === undefined && idempotencyKey === undefined;
  return isPlain ? options : rest;
}
