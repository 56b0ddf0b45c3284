import { StorageError } from "../contract/errors.js";
import { intercept } from "./intercept.js";
import { isReserved } from "../contract/key.js";
import type { StorageProvider } from "../contract/provider.js";
import { type Upkeep } from "../contract/upkeep.js";
import { sweeper } from "./sweeper.js";
import { timeout } from "./timeout.js";
import type { ObjectInfo } from "../contract/object.js";
import { earlier, joinedUpkeep } from "../kit/joined-upkeep.js";
import type { ComposedProvider } from "../contract/composed-provider.js";
import { anArray, anyText, knownNames, oneOf, anyNumber } from "../kit/options.js";

/** A rule that says when objects expire. Rules for a bucket are accepted too; their other properties are ignored. */
export interface ExpiryRule {
  /**
   * The prefix of the keys to which the rule applies; `""` for all keys. If several rules fit a key, the shortest time counts.
   */
  readonly prefix: string;
  /**
   * The age at which objects are removed, in days since they were stored. Fractions of a day are allowed.
   *
   * @default none: objects stay
   */
  readonly expireAfterDays?: number | undefined;
}

/** The options of {@link expiring}. */
export interface ExpiringOptions {
  /**
   * With `"repair"`, the processes that run repair remove expired objects. With `"store"`, the store has the same rules and
   * removes expired objects itself, and the wrapper only tells composers about the rules.
   *
   * @default `"repair"`
   */
  readonly removedBy?: "repair" | "store" | undefined;
  /**
   * The interval at which repair searches for expired objects, in seconds.
   *
   * @default 3,600
   */
  readonly everySeconds?: number | undefined;
  /**
   * `"never"` promises that no key is ever written twice. A provider without conditional deletes needs this promise. Otherwise a
   * new object that is written between the check and the delete would be deleted too.
   *
   * @default none
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
/**
 * Adds lifecycle rules to a provider without such rules. `storage.startRepair()` removes objects in the background when
 * they have reached the age limit. Objects can be read until they are removed. The age counts from the time when the
 * object was stored on this provider, so a copy starts at age zero.
 *
 * If an object has expired on a member, a composer with a journal does not copy the object to that member again. The
 * composer lets objects expire on a member only after the other members have all their copies.
 *
 * @throws TypeError for invalid rules.
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
  const composed: ComposedProvider = inner;
  const isOurs = options.removedBy !== "store";
  const afterMs = (key: string): number | undefined =>
    isOurs && isReserved(key) ? undefined : age(limits, key);
  const layer = { type: "expiring", promises: limits.rules.map(promise) };
  const wrapped: ComposedProvider = {
    ...intercept(inner, layer),
    expiresAfterMs: (key) => earlier(composed.expiresAfterMs?.(key), afterMs(key)),
    upkeep: joinedUpkeep([isOurs ? sweeperOf(limits) : undefined, composed.upkeep]),
  };
  return wrapped;
}

function checked(inner: StorageProvider, rules: readonly ExpiryRule[], options: ExpiringOptions): Limits {
  knownNames("expiring", options, { removedBy: true, everySeconds: true, overwrites: true });
  const { everySeconds = EVERY_SECONDS, overwrites } = options;
  if (typeof Object(inner).supports !== "object") {
    throw new TypeError("expiring: the first argument must be a provider, such as local({ root })");
  }
  const removedBy = oneOf("expiring", "removedBy", options.removedBy ?? "repair", ["repair", "store"]);
  if (overwrites !== undefined) oneOf("expiring", "overwrites", overwrites, ["never"]);
  anyNumber("expiring", "everySeconds", everySeconds, { above: 0 });
  anArray("expiring", "rules", rules, "rules");
  if (removedBy === "repair" && overwrites !== "never" && !inner.supports.conditionalDelete) {
    const reason =
      'the provider has no conditional deletes, so an object that has just replaced an old one could be removed: set overwrites: "never" if no object is ever replaced, or removedBy: "store"';
    throw new StorageError("InvalidArgument", reason, { operation: "open", provider: inner.name });
  }
  return { inner, rules: rules.flatMap(toLimit), everyMs: everySeconds * 1000 };
}

/** The property names of a rule. Rules for a bucket are accepted too; their other properties are ignored here. */
const RULE = {
  name: true,
  prefix: true,
  expireAfterDays: true,
  transitions: true,
  abortUploadsAfterDays: true,
  expireOldVersionsAfterDays: true,
} as const;

function toLimit(rule: ExpiryRule): Limits["rules"] {
  const { prefix: given, expireAfterDays } = Object(rule) as Partial<ExpiryRule>;
  const prefix = anyText("expiring", "prefix of a rule", given, 'a text ("" for all keys)');
  knownNames("expiring: a rule", rule, RULE);
  if (expireAfterDays === undefined) return [];
  return [
    { prefix, afterMs: anyNumber("expiring", "expireAfterDays", expireAfterDays, { above: 0 }) * DAY_MS },
  ];
}

function promise({ prefix, afterMs }: Limits["rules"][number]): string {
  const keys = prefix === "" ? "objects" : `objects under ${JSON.stringify(prefix)}`;
  const days = afterMs / DAY_MS;
  return `${keys} are removed ${days} ${days === 1 ? "day" : "days"} after they were stored`;
}

function age({ rules }: Limits, key: string): number | undefined {
  return rules.reduce<number | undefined>(
    (least, { prefix, afterMs }) => (key.startsWith(prefix) ? earlier(least, afterMs) : least),
    undefined,
  );
}

function sweeperOf(limits: Limits): Upkeep {
  return sweeper({
    // With a time limit, a request without an answer does not block the sweep.
    provider: timeout(limits.inner),
    prefixes: [...new Set(limits.rules.map(({ prefix }) => prefix))],
    everyMs: limits.everyMs,
    isOld: (info) => isOld(limits, info),
  });
}

function isOld(limits: Limits, { key, lastModified }: ObjectInfo): boolean {
  const afterMs = isReserved(key) ? undefined : age(limits, key);
  return (
    afterMs !== undefined && lastModified !== undefined && Date.now() - lastModified.getTime() >= afterMs
  );
}
