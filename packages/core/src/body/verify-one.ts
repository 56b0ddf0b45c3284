import type { ComposedProvider } from "../contract/composed-provider.js";
import { isStorageError } from "../contract/errors.js";
import type { ListPage } from "../contract/provider.js";
import type { Verified, VerifyCall } from "../contract/upkeep.js";
import { concurrently } from "../kit/concurrently.js";
import { digestOfBody, sha256In } from "./digest.js";
import { guardResult } from "./guard.js";

const KEYS_AT_ONCE = 4;

/** Verifies the objects of a provider, with the help of its journals if it has any. */
export async function verifyOne(provider: ComposedProvider, call: VerifyCall): Promise<Verified> {
  return await (provider.upkeep?.verify?.(call) ?? verifyPlain(provider, call));
}

/** Verifies a provider that has no journal: each object can only be compared with its own digest. */
async function verifyPlain(provider: ComposedProvider, call: VerifyCall): Promise<Verified> {
  const { prefix, deep, signal } = call;
  let objects = 0;
  let cursor: string | undefined;
  do {
    const page: ListPage = await provider.list({ prefix, cursor, signal });
    objects += page.objects.length;
    const keys = deep ? page.objects.map(({ key }) => key) : [];
    await concurrently(keys, KEYS_AT_ONCE, (key) => verifyBytes(provider, key, call));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { objects, pending: 0 };
}

async function verifyBytes(
  provider: ComposedProvider,
  key: string,
  { signal, onEvent, onFinding }: VerifyCall,
): Promise<void> {
  signal?.throwIfAborted();
  try {
    const { body, info } = guardResult(await provider.get(key, { signal, onEvent }), provider);
    const sha256 = await digestOfBody(body, signal);
    const known = sha256In(info);
    if (known === sha256) return;
    const found = { key, provider: info.provider };
    if (known === undefined) {
      onFinding({ ...found, kind: "unverifiable", reason: "the SHA-256 of the object is not known" });
    } else
      onFinding({ ...found, kind: "different", reason: "the bytes differ from the bytes that were put" });
  } catch (error) {
    signal?.throwIfAborted();
    if (!isStorageError(error)) throw error;
    // The object was deleted in the meantime.
    if (error.code === "NotFound") return;
    const { provider: member = provider.name, code, reason } = error;
    const kind = code === "Integrity" ? "different" : "unverifiable";
    onFinding({ key, provider: member, kind, reason });
  }
}
