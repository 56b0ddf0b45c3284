import { concurrently } from "../concurrently.js";
import { StorageError, isStorageError } from "../errors.js";
import { intercept } from "../intercept.js";
import { MARKER_KEY } from "../key.js";
import type { ObjectInfo, StorageProvider } from "../provider.js";
import { joinedUpkeep, type Upkeep, type UpkeepCall } from "../upkeep.js";

/** What becomes of objects in time. Rules for a bucket fit too: what they say besides is not looked at. */
export interface ExpiryRule {
  /** For keys that start with it; `""` for all. Of several that fit a key the shortest time counts. */
  readonly prefix: string;
  /** Objects are removed so long after they were stored, in days; parts of a day count. Absent: they stay. */
  readonly expireAfterDays?: number | undefined;
}

export interface ExpiringOptions {
  /**
   * Who removes them: `"repair"`, where it runs (the default), or `"store"`, which has rules of its own that say the
   * same. Then the wrapper only lets composers know.
   */
  readonly removedBy?: "repair" | "store" | undefined;
  /** How often repair looks for them, in seconds; default 3,600. */
  readonly everySeconds?: number | undefined;
  /**
   * That no key is ever written twice. It must be so where the provider has no conditional delete: an object that comes
   * in the moment when an old one is removed would go with it.
   */
  readonly overwrites?: "never" | undefined;
}

interface Limits {
  readonly inner: StorageProvider;
  readonly rules: readonly { readonly prefix: string; readonly afterMs: number }[];
  readonly everyMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const EVERY_SECONDS = 3600;
const REMOVALS_AT_ONCE = 8;

/** When it is tried again after a failure, in milliseconds. */
const FAILURE_MS = 60_000;

/**
 * Lifecycle rules for a provider that has none. Objects that have come to their age are removed in the background, by
 * `storage.startRepair()`; until then they are there. Their age counts from when they were stored in this place: a copy
 * begins anew.
 *
 * A composer with a journal does not bring back what has expired on a member, and lets nothing expire that others have
 * yet to get.
 *
 * @throws TypeError for rules that are none.
 * @throws StorageError `InvalidArgument` for a provider without a conditional delete, unless `overwrites` is `"never"`.
 * @example
 * ```ts
 * const cache = expiring(memory({ name: "disk" }), [{ prefix: "previews/", expireAfterDays: 30 }]);
 * const storage = createStorage(cache);
 * storage.startRepair();
 * ```
 */
export function expiring(
  inner: StorageProvider,
  rules: readonly ExpiryRule[],
  options: ExpiringOptions = {},
): StorageProvider {
  const limits = checked(inner, rules, options);
  const isOurs = options.removedBy !== "store";
  const afterMs = (key: string): number | undefined =>
    isOurs && key === MARKER_KEY ? undefined : age(limits, key);
  const layer = { type: "expiring", promises: limits.rules.map(promise) };
  return {
    ...intercept(inner, layer),
    expiresAfterMs: (key) => shorter(inner.expiresAfterMs?.(key), afterMs(key)),
    upkeep: joinedUpkeep([isOurs ? sweeping(limits) : undefined, inner.upkeep]),
  };
}

function checked(
  inner: StorageProvider,
  rules: readonly ExpiryRule[],
  { removedBy = "repair", everySeconds = EVERY_SECONDS, overwrites }: ExpiringOptions,
): Limits {
  if (removedBy !== "repair" && removedBy !== "store") {
    throw new TypeError(`expiring: removedBy is "repair" or "store", not ${String(removedBy)}`);
  }
  if (overwrites !== undefined && overwrites !== "never") {
    throw new TypeError(`expiring: overwrites is "never" or absent, not ${String(overwrites)}`);
  }
  if (!(everySeconds > 0) || everySeconds === Number.POSITIVE_INFINITY) {
    throw new TypeError(`expiring: everySeconds is a number above zero, not ${String(everySeconds)}`);
  }
  if (!Array.isArray(rules)) throw new TypeError("expiring takes an array of rules");
  if (removedBy === "repair" && overwrites !== "never" && !inner.supports.conditionalDelete) {
    const reason =
      'the provider has no conditional delete, so an object might be removed that has just replaced an old one; say overwrites: "never" if that cannot be, or let the store remove them';
    throw new StorageError("InvalidArgument", reason, { operation: "open", provider: inner.name });
  }
  return { inner, rules: rules.flatMap(toLimit), everyMs: everySeconds * 1000 };
}

function toLimit({ prefix, expireAfterDays }: ExpiryRule): Limits["rules"] {
  if (typeof prefix !== "string") throw new TypeError('expiring: a rule has a prefix, "" for all keys');
  if (expireAfterDays === undefined) return [];
  if (typeof expireAfterDays === "number" && expireAfterDays > 0) {
    return [{ prefix, afterMs: expireAfterDays * DAY_MS }];
  }
  throw new TypeError(`expiring: expireAfterDays is a number above zero, not ${String(expireAfterDays)}`);
}

function promise({ prefix, afterMs }: Limits["rules"][number]): string {
  const keys = prefix === "" ? "objects" : `objects under ${JSON.stringify(prefix)}`;
  const days = afterMs / DAY_MS;
  return `${keys} are removed ${days} ${days === 1 ? "day" : "days"} after they were stored`;
}

function age({ rules }: Limits, key: string): number | undefined {
  return rules.reduce<number | undefined>(
    (least, { prefix, afterMs }) => (key.startsWith(prefix) ? shorter(least, afterMs) : least),
    undefined,
  );
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** Removes what has come to its age, a page of the listing in each round. */
function sweeping(limits: Limits): Upkeep {
  const { rules, everyMs } = limits;
  let nextAt = 0;
  let index = 0;
  let cursor: string | undefined;
  const goOn = async (call: UpkeepCall): Promise<number | undefined> => {
    const rule = rules[index];
    if (rule !== undefined) {
      cursor = await sweptPage(limits, rule.prefix, cursor, call);
      if (cursor === undefined) index++;
      if (index < rules.length) return 0;
    }
    index = 0;
    nextAt = Date.now() + everyMs;
    return undefined;
  };
  return {
    repair: async (call) => {
      if (Date.now() < nextAt) return undefined;
      try {
        return await goOn(call);
      } catch (error) {
        call.signal?.throwIfAborted();
        if (!isStorageError(error)) throw error;
        nextAt = Date.now() + Math.min(everyMs, FAILURE_MS);
        call.onEvent?.({ type: "repairFailed", provider: limits.inner.name, error });
        return undefined;
      }
    },
    onWork: () => () => {},
  };
}

/** @returns Where to go on. */
async function sweptPage(
  limits: Limits,
  prefix: string,
  cursor: string | undefined,
  call: UpkeepCall,
): Promise<string | undefined> {
  const { signal, onEvent } = call;
  const page = await limits.inner.list({ prefix, cursor, signal, onEvent });
  const old = page.objects.filter((info) => isOld(limits, info));
  let failure: StorageError | undefined;
  // One that cannot be removed does not keep the others.
  await concurrently(old, REMOVALS_AT_ONCE, async ({ key }) => {
    try {
      await removed(limits, key, call);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isStorageError(error)) throw error;
      failure ??= error;
    }
  });
  if (failure !== undefined) throw failure;
  return page.cursor;
}

function isOld(limits: Limits, { key, lastModified }: ObjectInfo): boolean {
  const afterMs = key === MARKER_KEY ? undefined : age(limits, key);
  return (
    afterMs !== undefined && lastModified !== undefined && Date.now() - lastModified.getTime() >= afterMs
  );
}

async function removed(
  limits: Limits,
  key: string,
  { whileClean, signal, onEvent }: UpkeepCall,
): Promise<void> {
  const { inner } = limits;
  const work = async (): Promise<void> => {
    try {
      // It may have been replaced since it was listed, by an object that has the same ETag.
      const info = await inner.head(key, { signal, onEvent });
      if (!isOld(limits, info)) return;
      const ifMatch = inner.supports.conditionalDelete ? info.etag : undefined;
      await inner.delete(key, { ifMatch, signal, onEvent });
    } catch (error) {
      if (isStorageError(error, "NotFound") || isStorageError(error, "PreconditionFailed")) return;
      throw error;
    }
    onEvent?.({ type: "expired", key, provider: inner.name });
  };
  await (whileClean === undefined ? work() : whileClean(key, work));
}
