import {
  anyText,
  knownNames,
  nonEmptyText,
  type OptionNames,
  type StorageProvider,
} from "@stowage/core/provider";
import { assertBucket } from "../server/endpoint.js";
import { assertEncryption, type Encryption } from "../server/object-options.js";
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
 * Sets the encryption that the bucket uses if a request does not mention encryption.
 *
 * @param provider - A provider that `s3()` returned.
 */
export async function setDefaultEncryption(
  provider: StorageProvider,
  encryption: Exclude<Encryption, { readonly type: "customer" }>,
  options: SetupOptions = {},
): Promise<SetupChange> {
  const own = settingUp(provider, "setDefaultEncryption", options);
  assertEncryption("setDefaultEncryption", encryption);
  const kms = encryption.type === "aws:kms" ? encryption : undefined;
  const ApplyServerSideEncryptionByDefault = {
    SSEAlgorithm: encryption.type,
    ...(kms?.keyId !== undefined && { KMSMasterKeyID: kms.keyId }),
  };
  return await changing(own, "BucketEncryption", options, (before?: { readonly Rules?: readonly Rule[] }) => {
    const { BucketKeyEnabled, ApplyServerSideEncryptionByDefault: set, ...rest } = before?.Rules?.[0] ?? {};
    // Servers without bucket keys leave `BucketKeyEnabled` out of their answers. So `false` is sent only to a server
    // that has sent a value.
    const bucketKey = kms?.bucketKey ?? (BucketKeyEnabled === undefined ? undefined : false);
    const isSet = set?.SSEAlgorithm === encryption.type && isSameKey(set.KMSMasterKeyID, kms?.keyId);
    const rule = {
      ...rest,
      ApplyServerSideEncryptionByDefault: isSet ? set : ApplyServerSideEncryptionByDefault,
    };
    return { Rules: [bucketKey === undefined ? rule : { ...rule, BucketKeyEnabled: bucketKey }] };
  });
}

interface Rule {
  readonly BucketKeyEnabled?: boolean;
  readonly ApplyServerSideEncryptionByDefault?: {
    readonly SSEAlgorithm?: string;
    readonly KMSMasterKeyID?: string;
  };
}

/**
 * Tells whether two texts name the same key. If a request contains an id or an alias, a server may answer with the whole ARN.
 */
function isSameKey(found: string | undefined, given: string | undefined): boolean {
  if (found === given || given === undefined) return found === given;
  return (
    !given.startsWith("arn:") &&
    found?.startsWith("arn:") === true &&
    /:(?:key\/)?([^:]+)$/.exec(found)?.[1] === given
  );
}

/**
 * Makes the server write a log of every request into another bucket.
 *
 * @param provider - A provider that `s3()` returned.
 * @throws StorageError `InvalidArgument` if the other bucket is the bucket itself, because writing the log would cause more log
 * entries.
 */
export async function setAccessLog(
  provider: StorageProvider,
  log: { readonly bucket: string; readonly prefix: string },
  options: SetupOptions = {},
): Promise<SetupChange> {
  const own = settingUp(provider, "setAccessLog", options);
  knownNames("setAccessLog", log, { bucket: true, prefix: true });
  const bucket = nonEmptyText("setAccessLog", "bucket", log.bucket, "the name of a bucket");
  assertBucket("setAccessLog", bucket);
  const prefix = anyText("setAccessLog", "prefix", log.prefix, 'a text, or "" for no prefix');
  if (bucket === own.store.bucket)
    throw refuse(
      own,
      "the log must go to a different bucket: in the same bucket, each log entry would cause a new entry",
    );
  return await changing(own, "BucketLogging", options, (before?: { readonly LoggingEnabled?: object }) => ({
    LoggingEnabled: { ...before?.LoggingEnabled, TargetBucket: bucket, TargetPrefix: prefix },
  }));
}

/** A target to which the bucket sends its events. */
export interface EventTarget {
  /** The name of the target, unique among the targets. */
  readonly name: string;
  /** The ARN of an SQS queue, an SNS topic or a Lambda function. */
  readonly arn: string;
  /** The events to send, such as `"s3:ObjectCreated:*"`. */
  readonly events: readonly string[];
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
}

const TARGET: OptionNames<EventTarget> = { name: true, arn: true, events: true, prefix: true, suffix: true };

type Configurations = "QueueConfigurations" | "TopicConfigurations" | "LambdaFunctionConfigurations";
type Notifications = Readonly<Partial<Record<Configurations, readonly object[]>>> & object;

const SERVICES: Readonly<Record<string, readonly [list: Configurations, arn: string]>> = {
  sqs: ["QueueConfigurations", "QueueArn"],
  sns: ["TopicConfigurations", "TopicArn"],
  lambda: ["LambdaFunctionConfigurations", "LambdaFunctionArn"],
};

/**
 * Replaces the targets that this function has set before. Targets that were set by other means stay.
 *
 * @param provider - A provider that `s3()` returned. Prefixes are below the provider's own prefix.
 * @throws StorageError `InvalidArgument` for a target to which no event can be sent.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
 */
export async function setEventTargets(
  provider: StorageProvider,
  targets: readonly EventTarget[],
  options: SetupOptions = {},
): Promise<SetupChange> {
  const own = settingUp(provider, "setEventTargets", options);
  const made = targets.map((target) => {
    knownNames("setEventTargets: a target", target, TARGET);
    nonEmptyText("setEventTargets", "arn", target.arn, "the ARN of a queue, a topic or a function");
    const service = SERVICES[target.arn.split(":")[2] ?? ""];
    if (service === undefined)
      throw refuse(own, `${JSON.stringify(target.arn)} is not an ARN of SQS, SNS or Lambda`);
    if (target.events.length === 0)
      throw refuse(own, `the target ${JSON.stringify(target.name)} has no events`);
    return { list: service[0], configuration: toConfiguration(own, target, service[1]) };
  });
  const what = "BucketNotificationConfiguration";
  return await changing(own, what, options, (found?: Notifications) => {
    const before = found ?? {};
    const after: Record<string, unknown> = { ...before };
    for (const [list] of Object.values(SERVICES)) {
      const ours = made.filter((one) => one.list === list).map(({ configuration }) => configuration);
      const all = replaceOwn({ what, list, nameField: "Id", isOwn: isOwnName(own) }, before[list], ours);
      if (all.length > 0) after[list] = all;
      else delete after[list];
    }
    return after;
  });
}

function toConfiguration(
  own: SettingUp,
  { name, arn, events, prefix, suffix }: EventTarget,
  arnName: string,
): object {
  const rules = [
    { Name: "prefix", Value: own.keyPrefix + (prefix ?? "") },
    { Name: "suffix", Value: suffix ?? "" },
  ].filter(({ Value }) => Value !== "");
  return {
    Id: ownName(own, name),
    [arnName]: arn,
    Events: [...events],
    ...(rules.length > 0 && { Filter: { Key: { FilterRules: rules } } }),
  };
}
