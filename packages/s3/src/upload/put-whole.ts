import { isStorageError, withErrorFacts, withTries } from "@stowage/core/provider";
import type { WriteAnswer } from "../server/client.js";
import { marked } from "../server/facts.js";
import { ask, writing, type Store } from "../store.js";
import { assertEncrypted, removing, tryEncryption } from "./encrypted.js";
import { findOwn } from "./own-object.js";
import { createProgress } from "./progress.js";
import type { Sent, Write } from "./write.js";

/**
 * Stores a body with one request.
 *
 * @param options.isOnlyCopy - True if the bytes come from a one-shot body. Then the request is retried here.
 */
export async function putWhole(
  store: Store,
  write: Write,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  { isOnlyCopy = false }: { readonly isOnlyCopy?: boolean } = {},
): Promise<Sent> {
  const { key } = write;
  await tryEncryption(store, write, signal);
  const progress = createProgress(write.options, bytes.byteLength);
  const send = async ({ fields }: Write): Promise<WriteAnswer> => {
    const request = { key, body: bytes, fields, ...write.conditions };
    const { beforeCommit } = write.options;
    const call = { signal, beforeCommit, onSent: (sent: number) => progress.sent(1, sent) };
    return await ask(store, writing(write, signal), () => store.client.putObject(request, call));
  };
  const answer = isOnlyCopy
    ? await sendAgain(store, write, { signal, onPause: progress.alive }, send)
    : await send(write);
  await assertEncrypted(store, write, answer, removing(store, key, answer));
  progress.arrived(1, bytes.byteLength);
  return { answer, size: bytes.byteLength };
}

interface Trying {
  readonly signal: AbortSignal | undefined;
  readonly onPause: () => void;
}

/**
 * Sends a put, and retries it if it fails. If the first attempt of a conditional put took effect, the condition no longer holds
 * for the second attempt. In that case the put recognises the object of its own first attempt.
 */
async function sendAgain(
  store: Store,
  write: Write,
  { signal, onPause }: Trying,
  send: (write: Write) => Promise<WriteAnswer>,
): Promise<WriteAnswer> {
  const { ifMatch, ifNoneMatch } = write.conditions;
  const isConditional = ifMatch !== undefined || ifNoneMatch !== undefined;
  const own = isConditional ? { ...write, fields: marked(write.fields) } : write;
  let isUnknown = false;
  const attempt = async (): Promise<WriteAnswer> => {
    try {
      return await send(own);
    } catch (error) {
      if (!isStorageError(error)) throw error;
      const isBroken = error.code === "AlreadyExists" || error.code === "PreconditionFailed";
      const found = isUnknown && isBroken ? await findOwn(store, own, signal) : undefined;
      if (found !== undefined) return found;
      isUnknown ||= error.applied === "unknown";
      throw error;
    }
  };
  try {
    return await withTries(signal, attempt, { tries: write.options.tries, onPause });
  } catch (error) {
    const isHidden = isUnknown && isStorageError(error) && error.applied === "no";
    throw isHidden ? withErrorFacts(error, { applied: "unknown" }) : error;
  }
}
