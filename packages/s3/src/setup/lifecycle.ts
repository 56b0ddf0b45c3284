import {
  anyText,
  knownNames,
  nonEmptyText,
  type OptionNames,
  type StorageProvider,
} from "@stowage/core/provider";
import type { StorageClass } from "../server/object-options.js";
import {
  changing,
  isOwnName,
  ownName,
  refuse,
  replaceOwn,
  settingUp,
  type SettingUp,
  type SetupChange,
  type SetupOptions,
} from "./change.js";

/**
 * A rule for the lifetime of objects. Days are whole numbers. The days of `expireAfterDays` and `transitions` count
 * from the time at which an object was stored.
 */
export interface LifecycleRule {
  /** The name of the rule, unique among the rules. */
  readonly name: string;
  /** The text with which the keys of the rule start; `""` for all keys. */
  readonly prefix: string;
  /**
   * The time after which objects are removed, in days since they were stored.
   *
   * @default none: they stay
   */
  readonly expireAfterDays?: number | undefined;
  /**
   * The moves of objects to cheaper storage classes.
   *
   * @default none
   */
  readonly transitions?:
    | readonly { readonly afterDays: number; readonly storageClass: StorageClass }[]
    | undefined;
  /**
   * The time after which an unfinished upload in parts is removed, in days since the upload was begun.
   *
   * @default none
   */
  readonly abortUploadsAfterDays?: number | undefined;
  /**
   * The time after which old versions are removed, in days since they were replaced.
   *
   * @default none
   */
  readonly expireOldVersionsAfterDays?: number | undefined;
}

const RULE: OptionNames<LifecycleRule> = {
  name: true,
  prefix: true,
  expireAfterDays: true,
  transitions: true,
  abortUploadsAfterDays: true,
  expireOldVersionsAfterDays: true,
};

const TRANSITION = { afterDays: true, storageClass: true } as const;

interface LifecycleConfiguration {
  readonly Rules?: readonly object[];
}

/**
 * Replaces the rules that this function has set before. Rules that were set by other means stay.
 *
 * @param provider - A provider that `s3()` returned. Prefixes are below the provider's own prefix.
 * @throws StorageError `InvalidArgument` for a rule that does nothing. Without `force`, also for a rule that would
 * remove every object in the bucket.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
 * @example
 * ```ts
 * await setLifecycle(provider, [
 *   { name: "previews", prefix: "previews/", expireAfterDays: 30 },
 *   { name: "masters", prefix: "masters/", transitions: [{ afterDays: 90, storageClass: "GLACIER" }] },
 *   { name: "uploads", prefix: "", abortUploadsAfterDays: 1 },
 * ]);
 * ```
 */
export async function setLifecycle(
  provider: StorageProvider,
  rules: readonly LifecycleRule[],
  options: SetupOptions = {},
): Promise<SetupChange> {
  const own = settingUp(provider, "setLifecycle", options);
  for (const rule of rules) {
    knownNames("setLifecycle: a rule", rule, RULE);
    nonEmptyText("setLifecycle", "name", rule.name, "the name of a rule");
    anyText("setLifecycle", "prefix", rule.prefix, 'the beginning of keys, or "" for all keys');
    for (const step of rule.transitions ?? []) knownNames("setLifecycle: a transition", step, TRANSITION);
  }
  const names = new Set(rules.map(({ name }) => name));
  if (names.size < rules.length) throw refuse(own, "two rules have the same name");
  if (rules.length === 0) throw refuse(own, "rules is empty: to remove rules, use the server's own tools");
  const made = rules.map((rule) => toRule(own, rule, options.force === true));
  const what = "BucketLifecycleConfiguration";
  const list = { what, list: "Rules", nameField: "ID", isOwn: isOwnName(own) } as const;
  return await changing(own, what, options, (before?: LifecycleConfiguration) => ({
    ...before,
    Rules: replaceOwn(list, before?.Rules, made),
  }));
}

function toRule(own: SettingUp, rule: LifecycleRule, force: boolean): object {
  const { name, expireAfterDays, abortUploadsAfterDays, expireOldVersionsAfterDays, transitions = [] } = rule;
  const prefix = own.keyPrefix + rule.prefix;
  const days = [
    expireAfterDays,
    abortUploadsAfterDays,
    expireOldVersionsAfterDays,
    ...transitions.map(({ afterDays }) => afterDays),
  ].filter((count) => count !== undefined);
  if (days.length === 0) throw refuse(own, `the rule ${JSON.stringify(name)} does nothing`);
  if (days.some((count) => !Number.isSafeInteger(count) || count < 1)) {
    throw refuse(own, `the days of the rule ${JSON.stringify(name)} must be whole numbers, at least 1`);
  }
  if (expireAfterDays !== undefined && prefix === "" && !force) {
    const what = `every object of the bucket ${expireAfterDays} days after it was stored`;
    throw refuse(
      own,
      `the rule ${JSON.stringify(name)} would remove ${what}: give a prefix, or set force: true`,
    );
  }
  return {
    ID: ownName(own, name),
    Status: "Enabled",
    Filter: { Prefix: prefix },
    ...(expireAfterDays !== undefined && { Expiration: { Days: expireAfterDays } }),
    ...(transitions.length > 0 && {
      Transitions: transitions.map(({ afterDays, storageClass }) => ({
        Days: afterDays,
        StorageClass: storageClass,
      })),
    }),
    ...(abortUploadsAfterDays !== undefined && {
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: abortUploadsAfterDays },
    }),
    ...(expireOldVersionsAfterDays !== undefined && {
      NoncurrentVersionExpiration: { NoncurrentDays: expireOldVersionsAfterDays },
    }),
  };
}
