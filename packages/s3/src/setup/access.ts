import { StorageError, type StorageProvider } from "@stowage/core/provider";
import { arnOf, assertLiteral } from "./arn.js";
import {
  changing,
  digestName,
  refuse,
  replaceOwn,
  settingUp,
  type SettingUp,
  type SetupChange,
  type SetupOptions,
} from "./change.js";

interface Policy {
  /** One statement, or several. */
  readonly Statement?: object | readonly object[];
}

/**
 * Lets everyone read the objects under a prefix, by adding a statement to the bucket's policy. Keeps the other
 * statements of the policy, including statements for other prefixes. On AWS, the bucket must allow public policies
 * first.
 *
 * @param provider - A provider that `s3()` returned. The prefix is below the provider's own prefix.
 * @param prefix - A prefix that ends with `/`; `""` is the whole bucket and needs `force`.
 * @throws StorageError `InvalidArgument`; `PermissionDenied` if public access is blocked.
 */
export async function setPublicRead(
  provider: StorageProvider,
  prefix: string,
  options: SetupOptions = {},
): Promise<SetupChange> {
  const own = settingUp(provider, "setPublicRead", options);
  const whole = own.keyPrefix + prefix;
  if (whole === "" && options.force !== true) {
    throw refuse(own, "everybody could read the whole bucket: give a prefix, or set force: true");
  }
  if (whole !== "" && !whole.endsWith("/")) throw refuse(own, 'the prefix does not end with "/"');
  assertLiteral(own.store, whole);
  const statement = {
    // The id of a statement has letters and digits only. Each prefix has a statement of its own.
    Sid: `StowagePublicRead${digestName(whole)}`,
    Effect: "Allow",
    Principal: "*",
    Action: "s3:GetObject",
    Resource: `${arnOf(own.store)}/${whole}*`,
  };
  const what = "BucketPolicy";
  const list = { what, list: "Statement", nameField: "Sid", isOwn: isStatement(statement.Sid) } as const;
  return await changing(own, what, options, (before?: { readonly Policy?: string }) => {
    const policy = policyIn(own, before?.Policy);
    const all = [policy.Statement ?? []].flat();
    return { Policy: JSON.stringify({ ...policy, Statement: replaceOwn(list, all, [statement]) }) };
  });
}

function isStatement(id: string): (name: string) => boolean {
  return (name) => name === id;
}

/**
 * Reads the policy of a bucket.
 *
 * @throws StorageError `Misconfigured` if the policy is not a JSON object, because its statements would then be lost.
 */
function policyIn({ store }: SettingUp, text: string = '{"Version":"2012-10-17","Statement":[]}'): Policy {
  try {
    const policy = JSON.parse(text) as unknown;
    if (typeof policy === "object" && policy !== null && !Array.isArray(policy)) return policy;
  } catch {
    // A text that cannot be parsed is not a policy either.
  }
  const reason = "the existing policy of the bucket cannot be read: replace it with the server's own tools";
  throw new StorageError("Misconfigured", reason, { operation: "setUp", provider: store.name });
}

/**
 * Makes the bucket private, whatever its policy and the access lists of its objects say.
 *
 * @param provider - A provider that `s3()` returned.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
export async function blockPublicAccess(
  provider: StorageProvider,
  options: SetupOptions = {},
): Promise<SetupChange> {
  return await changing(
    settingUp(provider, "blockPublicAccess", options),
    "PublicAccessBlock",
    options,
    () => ({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    }),
  );
}
